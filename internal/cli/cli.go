// Package cli is the command line: one file per command. serve and demo run a hub; the others speak to one over its
// REST API.
//
// To add a command: a struct with Run in a file of its own, and one line in commands.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
)

// Exit codes of the process.
const (
	ExitOK      = 0
	ExitFailure = 1 // what was asked for did not succeed
	ExitUsage   = 2 // the command line or the configuration is wrong; nothing was done
)

// commands is the whole command line.
type commands struct {
	Serve    serveCmd    `cmd:"" help:"Run the hub."`
	Demo     demoCmd     `cmd:"" help:"Run the hub with a demo workspace, and show what it does."`
	Send     sendCmd     `cmd:"" help:"Send events to a hub."`
	Events   eventsCmd   `cmd:"" help:"Look up the catalogue of event types."`
	Keys     keysCmd     `cmd:"" help:"Create, list and revoke API keys."`
	Accounts accountsCmd `cmd:"" help:"Create, list and close accounts."`
	Users    usersCmd    `cmd:"" help:"Invite, list and disable people."`
	Backup   backupCmd   `cmd:"" help:"Back up a hub, or check a backup."`
	Restore  restoreCmd  `cmd:"" help:"Make a data directory of a backup."`
	Plans    plansCmd    `cmd:"" help:"Show the built-in plans."`
	Secrets  secretsCmd  `cmd:"" help:"Look after the key that stored secrets are sealed with."`
	Audit    auditCmd    `cmd:"" help:"List, export and verify the record of who did what."`
	Config   configCmd   `cmd:"" help:"Show the settings in force, or all there are."`
	Version  versionCmd  `cmd:"" help:"Print the version."`
}

// Process is what a command gets of the process it runs in.
type Process struct {
	Args    []string // without the program's name
	Environ []string // as os.Environ gives it
	Stdin   io.Reader
	Stdout  io.Writer
	Stderr  io.Writer
}

// Main runs the process's own command line and gives its exit code. The first interrupt or SIGTERM asks for an orderly
// end; a second one ends the process at once.
func Main() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	return Run(ctx, &Process{
		Args: os.Args[1:], Environ: os.Environ(), Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
	})
}

// getenv gives an environment variable; the last of several of one name wins, as in os/exec.
func (p *Process) getenv(name string) string {
	value := ""
	for _, pair := range p.Environ {
		if n, v, ok := strings.Cut(pair, "="); ok && n == name {
			value = v
		}
	}
	return value
}

// say prints to standard output. A reader that went away (a closed pipe) is no reason to fail.
func (p *Process) say(format string, args ...any) { fmt.Fprintf(p.Stdout, format, args...) }

// note prints to standard error: progress and warnings, which no script reads.
func (p *Process) note(format string, args ...any) { fmt.Fprintf(p.Stderr, format, args...) }

// usageError is a mistake in how the command was called.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// exit ends the parser after --help without ending the process, so that tests can go on.
type exit int

// Run parses the command line, runs the command and gives the exit code. ctx ends it early.
func Run(ctx context.Context, p *Process) (code int) {
	defer func() {
		switch e := recover().(type) {
		case nil:
		case exit:
			code = int(e)
		default:
			panic(e)
		}
	}()
	var cmds commands
	parser, err := kong.New(&cmds,
		kong.Name("tocsin"),
		kong.Description(description),
		kong.Writers(p.Stdout, p.Stderr),
		kong.Exit(func(code int) { panic(exit(code)) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100, FlagsLast: true}),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(p),
	)
	if err != nil {
		panic("cli: the command line is declared wrongly: " + err.Error())
	}
	args := p.Args
	if len(args) == 0 {
		args = []string{"--help"}
	}
	parsed, err := parser.Parse(args)
	if err == nil {
		err = parsed.Run()
	} else {
		err = usageError{fmt.Errorf("%w (try: tocsin%s --help)", err, commandOf(err))}
	}
	return p.report(err)
}

// report prints an error, one line for each thing that is wrong, and gives the exit code.
func (p *Process) report(err error) int {
	if err == nil {
		return ExitOK
	}
	p.note("tocsin: %s\n", strings.ReplaceAll(err.Error(), "\n", "\ntocsin: "))
	var usage usageError
	if errors.As(err, &usage) {
		return ExitUsage
	}
	return ExitFailure
}

// commandOf names the command that a parse error is about, with a space before each word.
func commandOf(err error) string {
	var words strings.Builder
	var e *kong.ParseError
	if errors.As(err, &e) {
		for _, step := range e.Context.Path {
			if step.Command != nil {
				words.WriteString(" " + step.Command.Name)
			}
		}
	}
	return words.String()
}

const description = `Tocsin receives security events once, makes them durable, and delivers them to many destinations.

Start with "tocsin demo", then "tocsin serve". Every command explains itself: tocsin COMMAND --help.`
