package commands

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"reflect"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/term"
)

// terminal makes a terminal: what the program has, and what the person has.
func terminal(t *testing.T) (program, keyboard *os.File) {
	t.Helper()
	keyboard, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	must(t, err)
	t.Cleanup(func() { keyboard.Close() })
	control := func(request uintptr, value *int32) {
		if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, keyboard.Fd(), request, uintptr(unsafe.Pointer(value))); errno != 0 {
			t.Fatal(errno)
		}
	}
	var locked, number int32
	control(syscall.TIOCSPTLCK, &locked)
	control(syscall.TIOCGPTN, &number)
	program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	must(t, err)
	t.Cleanup(func() { program.Close() })
	return program, keyboard
}

// screen is what a program prints, and tells when it asks.
type screen struct {
	mu    sync.Mutex
	text  bytes.Buffer // guarded by mu
	asked chan struct{}
}

func (s *screen) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.text.Len() == 0 {
		close(s.asked)
	}
	return s.text.Write(b)
}

// hidden waits until a terminal does not show what is typed.
func hidden(t *testing.T, terminal *os.File, before *term.State) {
	t.Helper()
	for begun := time.Now(); ; {
		now, err := term.GetState(int(terminal.Fd()))
		must(t, err)
		if !reflect.DeepEqual(now, before) {
			return
		}
		if time.Since(begun) > 20*time.Second {
			t.Fatal("the terminal shows what is typed")
		}
	}
}

func TestTheKeyOfAnApplicationIsAskedForAndNotShown(t *testing.T) {
	for name, c := range map[string]struct {
		answers func(keyboard *os.File, leave func())
		want    string // the key kept
	}{
		"a key typed in": {func(keyboard *os.File, _ func()) { keyboard.WriteString("Qm3Secret\n") }, "Qm3Secret"},
		"Ctrl-C":         {func(_ *os.File, leave func()) { leave() }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			here := newPlace(t)
			stdin, keyboard := terminal(t)
			before, err := term.GetState(int(stdin.Fd()))
			must(t, err)
			ctx, leave := context.WithCancel(t.Context())
			defer leave()
			var out bytes.Buffer
			seen := &screen{asked: make(chan struct{})}
			done := make(chan error, 1)
			program := Program{Getenv: func(name string) string { return here[name] }, Stdin: stdin, Stdout: &out, Stderr: seen, Static: os.DirFS("../static")}
			go func() { done <- program.Run(ctx, []string{"portal", "add", "local.1"}) }()
			<-seen.asked
			hidden(t, stdin, before)
			c.answers(keyboard, leave)
			err = <-done
			if after, stateErr := term.GetState(int(stdin.Fd())); stateErr != nil || !reflect.DeepEqual(after, before) {
				t.Errorf("the terminal is left as %+v, %v", after, stateErr)
			}
			if seen.mu.Lock(); strings.Contains(seen.text.String()+out.String(), "Qm3Secret") {
				t.Error("the key was shown")
			}
			seen.mu.Unlock()
			if c.want == "" {
				if err == nil || !strings.Contains(err.Error(), "no application key") {
					t.Errorf("got %v", err)
				}
				return
			}
			must(t, err)
			if r, err := here.store(t).Registration(t.Context(), "local.1"); err != nil || r.ClientSecret.Reveal() != c.want {
				t.Errorf("the key is not kept: %v", err)
			}
		})
	}
}
