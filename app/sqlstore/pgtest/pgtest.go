//go:build unix

// Package pgtest starts a throw-away PostgreSQL cluster for tests.
//
// A test binary starts at most one cluster, when its first test asks for a
// database, and every such call gives a fresh database:
//
//	func TestMain(m *testing.M) { os.Exit(pgtest.Main(m).Run()) }
//
//	func TestSomething(t *testing.T) { store := open(t, pgtest.URL(t)) … }
//
// The cluster listens on a Unix socket only, keeps nothing on purpose, and is
// gone when the test binary is, even when that was killed.
package pgtest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// ErrMissing tells that PostgreSQL is not installed, and how to install it.
var ErrMissing = errors.New("PostgreSQL is not installed: run `sh e2e/setup.sh`, or install your system's package postgresql (apt-get install postgresql)")

// Runner runs something and returns an exit code; *testing.M is one.
type Runner interface{ Run() int }

// Main returns a Runner that runs m and then stops the cluster, if one was started.
func Main(m Runner) Runner { return runner{m} }

type runner struct{ m Runner }

func (r runner) Run() int {
	code := r.m.Run()
	mu.Lock()
	defer mu.Unlock()
	if running != nil {
		if err := running.stop(); err != nil {
			fmt.Fprintln(os.Stderr, "pgtest:", err)
			return max(code, 1)
		}
		running = nil
	}
	return code
}

var (
	mu        sync.Mutex
	running   *cluster // guarded by mu
	databases atomic.Int64
)

// URL creates an empty database for a test and returns its address; the
// database is dropped when the test ends. The test fails where PostgreSQL is
// not installed.
func URL(tb testing.TB) string {
	tb.Helper()
	c, err := started()
	if err != nil {
		tb.Fatal(err)
	}
	name := fmt.Sprintf("test%d", databases.Add(1))
	if err := c.execute(tb.Context(), "CREATE DATABASE "+name); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := c.execute(context.Background(), "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			tb.Error(err)
		}
	})
	return c.url(name)
}

func started() (*cluster, error) {
	mu.Lock()
	defer mu.Unlock()
	if running == nil {
		c, err := start()
		if err != nil {
			return nil, err
		}
		running = c
	}
	return running, nil
}

// cluster is a running PostgreSQL server. A shell guards it: the shell stops
// the server and removes its files as soon as its own input ends, which
// happens at the latest when this process does.
type cluster struct {
	dir   string
	guard *exec.Cmd
	input io.Closer
}

const guardScript = `
"$1/initdb" -D "$2/data" -A trust -U postgres -E UTF8 --locale=C --no-sync >"$2/log" 2>&1 || { cat "$2/log" >&2; exit 1; }
"$1/postgres" -D "$2/data" -k "$2" -c listen_addresses= -c fsync=off -c synchronous_commit=off \
	-c full_page_writes=off -c max_connections=200 >"$2/log" 2>&1 &
server=$!
echo started
read -r line
kill -INT $server
wait $server
rm -rf "$2"
`

func start() (*cluster, error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	// Not below a test's own folder: the path of a socket must be short.
	dir, err := os.MkdirTemp("/tmp", "pgtest-")
	if err != nil {
		return nil, err
	}
	c := &cluster{dir: dir, guard: exec.Command("/bin/sh", "-c", guardScript, "sh", bin, dir)}
	// A group of its own, so that Ctrl-C does not end the guard before its work.
	c.guard.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := c.startGuard(); err != nil {
		return nil, errors.Join(fmt.Errorf("starting PostgreSQL: %w", err), os.RemoveAll(dir))
	}
	return c, c.await()
}

func (c *cluster) startGuard() error {
	if os.Getuid() == 0 { // the server refuses to run as root
		uid, gid, err := account("postgres")
		if err != nil {
			return err
		}
		if err := os.Chown(c.dir, int(uid), int(gid)); err != nil {
			return err
		}
		c.guard.SysProcAttr.Credential = &syscall.Credential{Uid: uid, Gid: gid}
		c.guard.Dir = c.dir
	}
	input, err := c.guard.StdinPipe()
	if err != nil {
		return err
	}
	output, err := c.guard.StdoutPipe()
	if err != nil {
		return err
	}
	var complaints strings.Builder
	c.guard.Stderr = &complaints
	if err := c.guard.Start(); err != nil {
		return err
	}
	c.input = input
	if line, err := bufio.NewReader(output).ReadString('\n'); err != nil {
		return errors.Join(fmt.Errorf("got %q: %w", line, err), c.guard.Wait(), errors.New(complaints.String()))
	}
	return nil
}

// await returns when the server answers.
func (c *cluster) await() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := c.execute(ctx, "SELECT 1")
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			log, _ := os.ReadFile(filepath.Join(c.dir, "log"))
			return errors.Join(fmt.Errorf("PostgreSQL does not answer: %w\n%s", err, log), c.stop())
		}
	}
}

func (c *cluster) stop() error {
	if err := errors.Join(c.input.Close(), c.guard.Wait()); err != nil {
		return fmt.Errorf("stopping PostgreSQL: %w", err)
	}
	if _, err := os.Stat(c.dir); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("the files of PostgreSQL are still in %s: %w", c.dir, err)
	}
	return nil
}

func (c *cluster) url(database string) string {
	query := url.Values{"host": {c.dir}, "user": {"postgres"}, "sslmode": {"disable"}}
	return "postgres:///" + database + "?" + query.Encode()
}

func (c *cluster) execute(ctx context.Context, statement string) error {
	conn, err := pgx.Connect(ctx, c.url("postgres"))
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, statement)
	return errors.Join(err, conn.Close(context.WithoutCancel(ctx)))
}

// binaries is the folder of the newest PostgreSQL server of this machine.
// Debian keeps it out of PATH.
func binaries() (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil {
		return "", err
	}
	if len(found) > 0 {
		slices.SortFunc(found, func(a, b string) int { return release(a) - release(b) })
		return filepath.Dir(found[len(found)-1]), nil
	}
	path, err := exec.LookPath("initdb")
	if err != nil {
		return "", ErrMissing
	}
	if path, err = filepath.EvalSymlinks(path); err != nil {
		return "", err
	}
	return filepath.Dir(path), nil
}

// release is the number in /usr/lib/postgresql/15/bin/initdb.
func release(path string) int {
	n, _ := strconv.Atoi(strings.Split(path, "/")[4])
	return n
}

func account(name string) (uid, gid uint32, err error) {
	u, err := user.Lookup(name)
	if err != nil {
		return 0, 0, fmt.Errorf("%w: there is no user %s to run it as", ErrMissing, name)
	}
	id, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return 0, 0, err
	}
	group, err := strconv.ParseUint(u.Gid, 10, 32)
	return uint32(id), uint32(group), err
}
