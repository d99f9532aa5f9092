package cli

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// doctorCmd looks for what is wrong.
type doctorCmd struct {
	settingFlags
	hubFlags
	viewFlags

	Local  bool `help:"Look at this machine alone: data directory, disk, clock, files, ports, settings."`
	Remote bool `help:"Look at the hub alone, over its API."`

	NoTests bool `help:"Do not test the integrations."`
}

// Help is the long help.
func (*doctorCmd) Help() string {
	return `Every finding that is not ok says what to do. Exit code 1 means that something is wrong; warnings alone do not.

On this machine it looks at what "tocsin serve" would use: the settings, the data directory (rights, format, free space,
how long an fsync takes), the limit of open files, the port. Of the hub it looks at reachability, health, the key and its
scopes, the clock, and has every integration prove its credentials, which alerts nobody. Without a data directory here
and without a key it leaves that part out and says so.

Examples:

    # On the hub's machine, as the user that runs it
    sudo -u tocsin tocsin doctor --config /etc/tocsin/tocsin.yaml

    # From anywhere
    tocsin doctor --remote --profile production

    # For a monitor
    tocsin doctor -o json | jq '.[] | select(.state == "wrong")'`
}

// The states of a finding.
const (
	stateOK    = "ok"
	stateWarn  = "warning"
	stateWrong = "wrong"
	stateSkip  = "skipped"
)

// finding is what was seen at one place.
type finding struct {
	Check string `json:"check"`
	State string `json:"state"` // ok, warning, wrong, skipped
	What  string `json:"what"`
	Do    string `json:"do,omitempty"`
}

func good(check, format string, args ...any) finding {
	return finding{check, stateOK, fmt.Sprintf(format, args...), ""}
}

func warn(check, what, do string) finding { return finding{check, stateWarn, what, do} }

func wrong(check, what, do string) finding { return finding{check, stateWrong, what, do} }

func skipped(check, what, do string) finding { return finding{check, stateSkip, what, do} }

// doctorTime bounds the whole examination.
const doctorTime = 5 * time.Minute

// Run examines, and prints what it found.
func (c *doctorCmd) Run(ctx context.Context, p *Process) error {
	if c.Local && c.Remote {
		return usagef("--local and --remote together leave nothing: give one of them, or none for both")
	}
	ctx, cancel := context.WithTimeout(ctx, doctorTime)
	defer cancel()
	m := p.meter()
	var found []finding
	if !c.Remote {
		m.set("looking at this machine")
		found = append(found, c.local(ctx, p)...)
	}
	if !c.Local {
		m.set("asking the hub")
		found = append(found, c.remote(ctx, p)...)
	}
	m.clear()
	if err := c.showValue(p, found, func() error { return printFindings(p, found) }); err != nil {
		return err
	}
	n := 0
	for _, f := range found {
		if f.State == stateWrong {
			n++
		}
	}
	switch n {
	case 0:
		return nil
	case 1:
		return errors.New("one thing is wrong")
	}
	return fmt.Errorf("%d things are wrong", n)
}

// findingColours are what states are painted with.
var findingColours = map[string]string{stateOK: green, stateWarn: yellow, stateWrong: red, stateSkip: dim}

func printFindings(p *Process, found []finding) error {
	width := 0
	for _, f := range found {
		width = max(width, len([]rune(shown(f.Check))))
	}
	on := p.colours()
	for _, f := range found {
		p.say("%s  %s  %s\n", column(f.State, len(stateWarn), findingColours[f.State], on), column(f.Check, width, "", false), line(f.What))
		if f.Do != "" {
			p.say("%*s→ %s\n", len(stateWarn)+2+width+2, "", line(f.Do))
		}
	}
	return nil
}
