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
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/tocsin-hub/tocsin/internal/client"
)

// Exit codes of the process.
const (
	ExitOK      = 0
	ExitFailure = 1 // what was asked for did not succeed
	ExitUsage   = 2 // the command line or the configuration is wrong; nothing was done
	// ExitNotFound: what was named does not exist.
	ExitNotFound = 3
	// ExitDifferent: diff found differences.
	ExitDifferent = 4
)

// commands is the whole command line, in the groups and the order in which people see it.
type commands struct {
	Serve serveCmd `cmd:"" group:"run" help:"Run the hub."`
	Demo  demoCmd  `cmd:"" group:"run" help:"Run the hub with a demo workspace, and show what it does."`
	Send  sendCmd  `cmd:"" group:"run" help:"Send events to a hub."`

	Tail         tailCmd         `cmd:"" group:"look" help:"Watch events, deliveries and failures as they happen."`
	Events       eventsCmd       `cmd:"" group:"look" help:"Look up the catalogue of event types."`
	Alerts       alertsCmd       `cmd:"" group:"look" help:"Look at the queue of alerts, and work on it."`
	Incidents    incidentsCmd    `cmd:"" group:"look" help:"Work on incidents: list, make, change, note, link alerts."`
	Silences     silencesCmd     `cmd:"" group:"look" help:"Say what nobody wants to be told of for a time."`
	Blocks       blocksCmd       `cmd:"" group:"look" help:"Keep addresses out: plan, make, approve, undo blocks."`
	NeverBlock   neverBlockCmd   `cmd:"" group:"look" help:"Say what no block ever touches, and ask why."`
	Response     responseCmd     `cmd:"" group:"look" help:"Look at the rules for blocks and at responders; stop everything."`
	Integrations integrationsCmd `cmd:"" group:"look" help:"Look at integrations, try them, switch them on and off."`
	Deliveries   deliveriesCmd   `cmd:"" group:"look" help:"Look at deliveries and their attempts."`
	Mailbox      mailboxCmd      `cmd:"" group:"look" help:"Look at what could not be delivered; replay or discard it."`
	Jobs         jobsCmd         `cmd:"" group:"look" help:"Look at long work, and watch or cancel it."`
	Sources      sourcesCmd      `cmd:"" group:"look" help:"Look at the endpoints that take events in."`
	Mappings     mappingsCmd     `cmd:"" group:"look" help:"Look at mapping rules, and try them on recent events."`
	Audit        auditCmd        `cmd:"" group:"look" help:"List, export and verify the record of who did what."`
	Plans        plansCmd        `cmd:"" group:"look" help:"Show the built-in plans."`

	Apply    applyCmd    `cmd:"" group:"change" help:"Make integrations, mapping rules and sources what files say."`
	Diff     diffCmd     `cmd:"" group:"change" help:"Show what apply would change."`
	Export   exportCmd   `cmd:"" group:"change" help:"Write integrations, mapping rules and sources as a file for apply."`
	Keys     keysCmd     `cmd:"" group:"change" help:"Create, list and revoke API keys."`
	Accounts accountsCmd `cmd:"" group:"change" help:"Create, list and close accounts."`
	Users    usersCmd    `cmd:"" group:"change" help:"Invite, list and disable people."`

	Doctor     doctorCmd     `cmd:"" group:"care" help:"Look for what is wrong with a hub, and say what to do about it."`
	Backup     backupCmd     `cmd:"" group:"care" help:"Back up a hub, or check a backup."`
	Restore    restoreCmd    `cmd:"" group:"care" help:"Make a data directory of a backup."`
	Secrets    secretsCmd    `cmd:"" group:"care" help:"Look after the key that stored secrets are sealed with."`
	Config     configCmd     `cmd:"" group:"care" help:"Show or check the settings in force, or list all there are."`
	Profiles   profilesCmd   `cmd:"" group:"care" help:"Keep servers and their keys under names."`
	Completion completionCmd `cmd:"" group:"care" help:"Print what makes a shell complete tocsin's commands."`
	Version    versionCmd    `cmd:"" group:"care" help:"Print the version."`
}

// groups are the headings of the list of commands.
var groups = []kong.Group{
	{Key: "run", Title: "Run"},
	{Key: "look", Title: "Look"},
	{Key: "change", Title: "Change"},
	{Key: "care", Title: "Look after"},
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

// notFound is the answer to a name that nothing has.
type notFound struct{ error }

func (e notFound) Unwrap() error { return e.error }

func notFoundf(format string, args ...any) error { return notFound{fmt.Errorf(format, args...)} }

// errDifferent ends diff where there are differences. It needs no words.
var errDifferent = errors.New("there are differences")

// exitCode is the exit code that an error makes.
func exitCode(err error) int {
	var usage usageError
	var missing notFound
	var answer *client.Problem
	switch {
	case err == nil:
		return ExitOK
	case errors.Is(err, errDifferent):
		return ExitDifferent
	case errors.As(err, &usage):
		return ExitUsage
	case errors.As(err, &missing), errors.As(err, &answer) && answer.Status == http.StatusNotFound:
		return ExitNotFound
	}
	return ExitFailure
}

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
	parser := newParser(
		kong.Writers(p.Stdout, p.Stderr),
		kong.Exit(func(code int) { panic(exit(code)) }),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(p),
	)
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

// newParser declares the command line.
func newParser(more ...kong.Option) *kong.Kong {
	parser, err := kong.New(new(commands), append([]kong.Option{
		kong.Name("tocsin"),
		kong.Description(description),
		kong.ExplicitGroups(groups),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100, FlagsLast: true, NoExpandSubcommands: true}),
		kong.ValueFormatter(helpOf),
	}, more...)...)
	if err != nil {
		panic("cli: the command line is declared wrongly: " + err.Error())
	}
	for _, command := range parser.Model.Children {
		for _, child := range command.Children {
			child.Group = &kong.Group{Key: "commands", Title: "Commands:"} // the headings are those of the list of commands
		}
	}
	return parser
}

// helpOf is the help of a flag or an argument, with its default where the text does not name it.
func helpOf(v *kong.Value) string {
	if v.HasDefault && v.Default != "" && !v.IsBool() && !strings.Contains(v.Help, v.Default) {
		return v.Help + " Default: " + v.Default + "."
	}
	return v.Help
}

// report prints an error, one line for each thing that is wrong, and gives the exit code.
func (p *Process) report(err error) int {
	if err != nil && !errors.Is(err, errDifferent) {
		for part := range strings.SplitSeq(err.Error(), "\n") {
			p.note("tocsin: %s\n", line(part))
		}
	}
	return exitCode(err)
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

Start with "tocsin demo", then "tocsin serve". Every command explains itself: tocsin COMMAND --help.

Commands that speak to a hub find it by --server and --key, TOCSIN_SERVER and TOCSIN_KEY, or a profile ("tocsin
profiles add"). Data goes to standard output; progress, notes and errors to standard error.

Exit codes: 0 done; 1 what was asked for did not succeed; 2 the command line or a file is wrong, nothing was done;
3 what was named does not exist; 4 diff found differences.`
