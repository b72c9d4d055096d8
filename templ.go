package main

import (
	"embed"
	"io/fs"
)

// How templates and assets enter the binary: the templates as Go code, which
// is committed beside them, the assets as they are.

//go:generate go run github.com/a-h/templ/cmd/templ@v0.3.977 generate -path views

//go:embed static/*.css static/*.js static/*.svg
var embedded embed.FS

// staticFiles are the files of the folder static.
func staticFiles() fs.FS {
	files, err := fs.Sub(embedded, "static")
	if err != nil {
		panic(err) // only for a malformed path
	}
	return files
}
