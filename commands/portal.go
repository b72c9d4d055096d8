package commands

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/term"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/app/sqlstore"
	"github.com/joinline/joinline/bitrix"
)

// portalCommand is for servers that serve several portals: every portal has a
// local application of its own, with keys of its own.
type portalCommand struct {
	Add    portalAddCommand    `cmd:"" help:"Register the application of a portal, or its new key."`
	List   portalListCommand   `cmd:"" help:"List the registered applications and where they are installed."`
	Remove portalRemoveCommand `cmd:"" help:"Remove an application and all that is kept of its portal."`
}

type portalAddCommand struct {
	ClientID string `arg:"" help:"The application id (client_id), it begins with \"local.\"."`
	Portal   string `placeholder:"HOST" help:"The only portal that may install it, such as acme.bitrix24.com; otherwise the one that holds the application id."`
}

// Help is the detail of `joinline help portal add`.
func (portalAddCommand) Help() string {
	return "It asks for the application key (client_secret), or reads it from its standard input. A running Joinline knows the application at once. " + storageHelp
}

func (c portalAddCommand) Run(ctx context.Context, p Program) error {
	if c.ClientID == p.Getenv("JOINLINE_CLIENT_ID") && c.ClientID != "" {
		return fmt.Errorf("%s is the application of JOINLINE_CLIENT_ID already: change its key in JOINLINE_CLIENT_SECRET", c.ClientID)
	}
	secret, err := readSecret(ctx, p)
	if err != nil {
		return err
	}
	r := app.Registration{ClientID: c.ClientID, ClientSecret: bitrix.Secret(secret), Portal: c.Portal, Added: time.Now()}
	if err := r.Check(); err != nil {
		return err
	}
	store, err := openEnvStore(ctx, p)
	if err != nil {
		return err
	}
	defer store.Close()
	if err := store.SaveRegistration(ctx, r); err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.Stdout, "Registered: %s. Now an administrator opens the application in the portal once.\n", c.ClientID)
	return err
}

// readSecret asks for the key without showing it, or reads the first line that
// another program writes. It is never an argument: those are shown to every
// user of the machine and kept in the shell's history.
func readSecret(ctx context.Context, p Program) (string, error) {
	if f, ok := p.Stdin.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return promptSecret(ctx, int(f.Fd()), p.Stderr)
	}
	line, err := bufio.NewReader(io.LimitReader(p.Stdin, 4096)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("reading the application key: %w", err)
	}
	return strings.TrimSpace(line), nil
}

// promptSecret asks at a terminal until somebody answers or ctx ends. It leaves
// the terminal as it was: one that shows nothing any more is of no use.
func promptSecret(ctx context.Context, terminal int, prompt io.Writer) (string, error) {
	before, err := term.GetState(terminal)
	if err != nil {
		return "", fmt.Errorf("reading the application key: %w", err)
	}
	type line struct {
		text []byte
		err  error
	}
	read := make(chan line, 1)
	fmt.Fprint(prompt, "Application key (client_secret): ")
	defer fmt.Fprintln(prompt)
	go func() {
		text, err := term.ReadPassword(terminal)
		read <- line{text, err}
	}()
	select {
	case <-ctx.Done(): // Ctrl-C; the reading ends with the program
		return "", errors.Join(errors.New("no application key was given"), term.Restore(terminal, before))
	case l := <-read:
		return strings.TrimSpace(string(l.text)), l.err
	}
}

type portalListCommand struct{}

// Help is the detail of `joinline help portal list`.
func (portalListCommand) Help() string { return storageHelp }

func (portalListCommand) Run(ctx context.Context, p Program) error {
	store, err := openEnvStore(ctx, p)
	if err != nil {
		return err
	}
	defer store.Close()
	registered, err := store.Registrations(ctx)
	if err != nil {
		return err
	}
	installed, err := store.Installations(ctx)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(p.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "APPLICATION ID\tKEYS\tPORTAL\tSTATE")
	if id := p.Getenv("JOINLINE_CLIENT_ID"); id != "" {
		listApplication(table, app.Registration{ClientID: id, Portal: p.Getenv("JOINLINE_PORTAL")}, "environment", installed)
	}
	for _, r := range registered {
		listApplication(table, r, "registered "+r.Added.Format(time.DateOnly), installed)
	}
	return table.Flush()
}

// listApplication writes a line for every portal on which it is installed, or
// one that says that it is not.
func listApplication(w io.Writer, r app.Registration, keys string, all []app.Installation) {
	installed := slices.DeleteFunc(slices.Clone(all), func(i app.Installation) bool { return i.ClientID != r.ClientID })
	for _, i := range installed {
		fmt.Fprintf(w, "%s\t%s\t%s\tinstalled %s\n", r.ClientID, keys, i.Portal, i.Installed.Format(time.DateOnly))
	}
	if len(installed) == 0 {
		fmt.Fprintf(w, "%s\t%s\t%s\tnot installed\n", r.ClientID, keys, r.Portal)
	}
}

type portalRemoveCommand struct {
	ClientID string `arg:"" help:"The application id, as the list shows it."`
}

// Help is the detail of `joinline help portal remove`.
func (portalRemoveCommand) Help() string {
	return "Its keys, its portal and the tokens of the people there are deleted; on the portal nothing changes, delete the application there too. " + storageHelp
}

func (c portalRemoveCommand) Run(ctx context.Context, p Program) error {
	store, err := openEnvStore(ctx, p)
	if err != nil {
		return err
	}
	defer store.Close()
	err = store.RemoveRegistration(ctx, c.ClientID)
	if errors.Is(err, app.ErrUnregistered) {
		return fmt.Errorf("no application %s is registered\n`joinline portal list` shows them", c.ClientID)
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.Stdout, "Removed: %s.\n", c.ClientID)
	return err
}

// openEnvStore opens what the environment names.
func openEnvStore(ctx context.Context, p Program) (*sqlstore.Store, error) {
	storage, err := app.ParseStorage(p.Getenv)
	if err != nil {
		return nil, err
	}
	return openStore(ctx, storage)
}
