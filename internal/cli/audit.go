package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/tocsin-hub/tocsin/internal/audit"
)

// auditCmd groups the commands about the audit record.
type auditCmd struct {
	List       auditListCmd       `cmd:"" help:"List who did what."`
	Export     auditExportCmd     `cmd:"" help:"Write the record to a file that can be verified."`
	Checkpoint auditCheckpointCmd `cmd:"" help:"Print a line that proves later that nothing up to now was changed."`
	Verify     auditVerifyCmd     `cmd:"" help:"Verify the record of a data directory, a backup or an export."`
}

const auditPath = "/api/v1/audit"

// spanFlags choose a time.
type spanFlags struct {
	Since string `placeholder:"TIME" help:"Not before this: 2026-11-21 or 2026-11-21T09:30:00Z."`
	Until string `placeholder:"TIME" help:"Before this."`
}

// add checks the times and puts them into a query.
func (f *spanFlags) add(q url.Values) error {
	for name, text := range map[string]string{"since": f.Since, "until": f.Until} {
		if text == "" {
			continue
		}
		t, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t, err = time.Parse(time.DateOnly, text)
		}
		if err != nil {
			return usagef("--%s %q is no time: it looks like 2026-11-21 (in UTC) or 2026-11-21T09:30:00Z", name, text)
		}
		q.Set(name, t.UTC().Format(time.RFC3339))
	}
	return nil
}

// auditListCmd lists acts.
type auditListCmd struct {
	hubFlags
	viewFlags
	spanFlags

	Action string `placeholder:"ACTION" help:"Only this, or all below a prefix: 'integration.*'."`
	Target string `placeholder:"ID" help:"Only what was done to this."`
	Actor  string `placeholder:"ID" help:"Only what this key or person did."`
	Limit  int    `default:"50" placeholder:"N" help:"How many, at most 200."`
}

// Help is the long help.
func (*auditListCmd) Help() string {
	return `The newest first. An outcome is ok, failed, refused, running, or unknown: the hub ended before it was known.

Examples:

    tocsin audit list --action 'integration.*' --since 2026-11-01

    # With the values before and after
    tocsin audit list --target int_01kmb7a2v4e9zr6x3q8w5t0ysd --json`
}

// Run prints a table.
func (c *auditListCmd) Run(ctx context.Context, p *Process) error {
	query := url.Values{"limit": {strconv.Itoa(min(max(c.Limit, 1), 200))}}
	for name, value := range map[string]string{"action": c.Action, "target": c.Target, "actor": c.Actor} {
		if value != "" {
			query.Set(name, value)
		}
	}
	if err := c.add(query); err != nil {
		return err
	}
	hub, err := c.connect(p)
	if err != nil {
		return err
	}
	defer hub.Close()
	var page struct {
		Items json.RawMessage `json:"items"`
	}
	if err := hub.Do(ctx, "GET", auditPath+"?"+query.Encode(), nil, &page); err != nil {
		return err
	}
	var acts []audit.Act
	if err := json.Unmarshal(page.Items, &acts); err != nil {
		return fmt.Errorf("the answer of %s is not what a hub sends: %w", hub.URL(), err)
	}
	return c.show(p, page.Items, func() error { return writeActs(p.Stdout, acts) })
}

func writeActs(w io.Writer, acts []audit.Act) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "AT\tWHO\tFROM\tACTION\tTARGET\tOUTCOME")
	for _, a := range acts {
		who := a.Actor.Name
		if who == "" {
			who = a.Actor.ID
		}
		if who == "" {
			who = a.Actor.Kind
		}
		outcome := a.Outcome
		if a.Error != "" {
			outcome += ": " + a.Error
		}
		at := a.At
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", day(&at, ""), shown(who), orDash(shown(a.Actor.Address)), shown(a.Action),
			orDash(shown(a.Target)), shown(outcome))
	}
	return table.Flush()
}

// maxShown bounds one text in a table, in characters.
const maxShown = 100

// shown makes a text that somebody else wrote fit for a terminal: one line, nothing that cannot be seen.
func shown(text string) string {
	var out strings.Builder
	n := 0
	for _, r := range text {
		if n++; n > maxShown {
			out.WriteRune('…')
			break
		}
		if !unicode.IsPrint(r) {
			r = ' '
		}
		out.WriteRune(r)
	}
	return out.String()
}

// auditExportCmd writes an export.
type auditExportCmd struct {
	hubFlags
	spanFlags

	To  string `placeholder:"FILE" help:"Where to; standard output if left out."`
	All bool   `help:"The entries of all accounts, for the operator of the hub."`
}

// Help is the long help.
func (*auditExportCmd) Help() string {
	return `NDJSON: a header, a line for each entry of the record, and a last line. Of other accounts' entries it holds only the
hashes, so that "tocsin audit verify FILE" can follow the chain. The export itself is in the record.

Examples:

    tocsin audit export --to audit.ndjson
    tocsin audit verify audit.ndjson`
}

// Run asks for the export.
func (c *auditExportCmd) Run(ctx context.Context, p *Process) (err error) {
	query := url.Values{}
	if err := c.add(query); err != nil {
		return err
	}
	if c.All {
		query.Set("all", "true")
	}
	hub, err := c.connect(p)
	if err != nil {
		return err
	}
	defer hub.Close()
	path := auditPath + "/export?" + query.Encode()
	if c.To == "" {
		return hub.Stream(ctx, path, audit.ExportType, p.Stdout)
	}
	return writeNew(c.To, func(w io.Writer) error { return hub.Stream(ctx, path, audit.ExportType, w) })
}

// writeNew writes a file that only its owner can read and that must not be there yet. After an error nothing stays.
func writeNew(name string, write func(io.Writer) error) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return usageError{err}
	}
	err = write(f)
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		_ = os.Remove(name) // the first error is the one that tells
	}
	return err
}

// auditCheckpointCmd prints a checkpoint.
type auditCheckpointCmd struct {
	hubFlags

	DataDir string `placeholder:"DIR" help:"Read the files of a hub's data directory, running or not, instead of asking over its API."`
}

// Help is the long help.
func (*auditCheckpointCmd) Help() string {
	return `Keep the line where nobody who can write the hub's files can write: in a ticket, on paper, in another system. Given to
"tocsin audit verify", it shows whether anything up to it was changed, cut off, or replaced by an older copy.

Example:

    tocsin audit checkpoint >> checkpoints.txt`
}

// Run prints one line.
func (c *auditCheckpointCmd) Run(ctx context.Context, p *Process) error {
	if c.DataDir != "" {
		report, err := verifyDataDir(ctx, c.DataDir, nil)
		if err != nil {
			return err
		}
		if !report.OK() {
			return fmt.Errorf("no checkpoint of a record that is not sound (%s): see tocsin audit verify", report.Findings[0].What)
		}
		p.say("%s\n", report.Head)
		return nil
	}
	hub, err := c.connect(p)
	if err != nil {
		return err
	}
	defer hub.Close()
	var answer struct {
		Text string `json:"text"`
	}
	if err := hub.Do(ctx, "GET", auditPath+"/checkpoint", nil, &answer); err != nil {
		return err
	}
	point, err := audit.ParseCheckpoint(answer.Text)
	if err != nil {
		return fmt.Errorf("the answer of %s is not what a hub sends: %w", hub.URL(), err)
	}
	p.say("%s\n", point)
	return nil
}
