package cli

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// isTerminal says whether a stream of the process is a terminal.
func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	if !ok {
		return false
	}
	_, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
	return err == nil
}

// colours says whether to colour standard output: only on a terminal, and never where NO_COLOR is set (no-color.org).
func (p *Process) colours() bool {
	return p.getenv("NO_COLOR") == "" && p.getenv("TERM") != "dumb" && isTerminal(p.Stdout)
}

// Colours, as a terminal understands them.
const (
	plain  = "\x1b[0m"
	bold   = "\x1b[1m"
	dim    = "\x1b[2m"
	red    = "\x1b[31m"
	green  = "\x1b[32m"
	yellow = "\x1b[33m"
	purple = "\x1b[35m"
)

// paint colours a text where colours are wanted.
func paint(on bool, colour, text string) string {
	if !on || colour == "" {
		return text
	}
	return colour + text + plain
}

// sureFlags are those of commands that take something away.
type sureFlags struct {
	Yes bool `short:"y" help:"Do it without asking. Needed where there is no terminal to ask on."`
}

// confirm asks before something that cannot be taken back.
func (f *sureFlags) confirm(p *Process, question string) error {
	if f.Yes {
		return nil
	}
	if !isTerminal(p.Stdin) {
		return usagef("%s Nothing was done: say so with --yes", question)
	}
	p.note("%s [y/N] ", line(question))
	answer, err := bufio.NewReader(io.LimitReader(p.Stdin, 1<<10)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return nil
	}
	return errors.New("nothing was done")
}

// pause waits, unless ctx ends before.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// meter shows how far something is in one line that is written over, where standard error is a terminal; nowhere else.
type meter struct {
	p  *Process
	on bool
}

func (p *Process) meter() *meter { return &meter{p: p, on: isTerminal(p.Stderr)} }

func (m *meter) set(format string, args ...any) {
	if m.on {
		m.p.note("\r\x1b[K"+format, args...)
	}
}

// clear takes the line away.
func (m *meter) clear() {
	if m.on {
		m.p.note("\r\x1b[K")
	}
}
