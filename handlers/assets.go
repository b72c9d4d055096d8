package handlers

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"
)

// assets are the files of static, read and compressed once. They stand
// together under one path that names their content, so a browser may keep them
// for ever, and a module finds its neighbours by relative names.
type assets struct {
	version, path string
	files         map[string]asset
}

type asset struct {
	kind          string
	plain, packed []byte
}

var kinds = map[string]string{
	".css": "text/css; charset=utf-8",
	".js":  "text/javascript; charset=utf-8",
	".svg": "image/svg+xml",
}

func newAssets(dir fs.FS) assets {
	a := assets{files: map[string]asset{}}
	sum := sha256.New()
	names, err := fs.ReadDir(dir, ".")
	if err != nil {
		panic(fmt.Sprintf("reading the static files: %v", err))
	}
	for _, f := range names {
		kind, ok := kinds[path.Ext(f.Name())]
		if !ok {
			continue
		}
		plain, err := fs.ReadFile(dir, f.Name())
		if err != nil {
			panic(fmt.Sprintf("reading the static files: %v", err))
		}
		fmt.Fprintf(sum, "%s %d\n", f.Name(), len(plain))
		sum.Write(plain)
		a.files[f.Name()] = asset{kind: kind, plain: plain, packed: pack(plain)}
	}
	a.version = hex.EncodeToString(sum.Sum(nil))[:16]
	a.path = "/static/" + a.version + "/"
	return a
}

// imported finds the neighbours that a module imports.
var imported = regexp.MustCompile(`(?m)^import .* from '\./([a-z]+\.js)';$`)

// imports are the files that modules import and their imports, without the
// modules themselves: a page that names them all loads them at once.
func (a assets) imports(modules ...string) []string {
	all := slices.Clone(modules)
	for n := 0; n < len(all); n++ {
		for _, m := range imported.FindAllSubmatch(a.files[all[n]].plain, -1) {
			if name := string(m[1]); !slices.Contains(all, name) {
				all = append(all, name)
			}
		}
	}
	return all[len(modules):]
}

func pack(plain []byte) []byte {
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestCompression)
	_, _ = z.Write(plain)
	_ = z.Close()
	return b.Bytes()
}

// precompressed tells the compressing middleware what to leave alone.
func precompressed(c echo.Context) bool { return strings.HasPrefix(c.Request().URL.Path, "/static/") }

// asset sends one file. A page of another version, as during an update of
// several replicas, gets this version's file and may not keep it.
func (s *server) asset(c echo.Context) error {
	f, ok := s.assets.files[c.Param("file")]
	if !ok {
		return echo.ErrNotFound
	}
	h := c.Response().Header()
	if c.Param("version") == s.assets.version {
		h.Set(echo.HeaderCacheControl, "public, max-age=31536000, immutable")
	}
	h.Set(echo.HeaderVary, echo.HeaderAcceptEncoding)
	if strings.Contains(c.Request().Header.Get(echo.HeaderAcceptEncoding), "gzip") {
		h.Set(echo.HeaderContentEncoding, "gzip")
		return c.Blob(http.StatusOK, f.kind, f.packed)
	}
	return c.Blob(http.StatusOK, f.kind, f.plain)
}
