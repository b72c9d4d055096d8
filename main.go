// Command joinline runs Joinline, an application inside Bitrix24 that brings
// colleagues into the Open Channel chats of CRM items.
//
//	joinline serve      the server, configured by JOINLINE_… variables
//	joinline demo       the same beside a simulated portal, nothing to set up
//	joinline doctor     what is set, and whether everything works
//	joinline backup     what is kept, in one file; restore reads it
//	joinline portal     the keys of several portals on one server
//	joinline help       every command and its flags
//
// Package commands has them all.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/joinline/joinline/commands"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// After the first Ctrl-C the second one ends the program at once.
	context.AfterFunc(ctx, stop)
	program := commands.Program{Getenv: os.Getenv, Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Static: staticFiles()}
	if err := program.Run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "joinline: %v\n", err)
		os.Exit(commands.ExitStatus(err))
	}
}
