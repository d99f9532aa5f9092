package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/client"
)

// blocksUndoCmd ends the last blocks.
type blocksUndoCmd struct {
	hubFlags
	viewFlags
	sureFlags

	Last   int    `placeholder:"N" help:"The newest so many that are open."`
	Since  string `placeholder:"TIME" help:"Or all that were asked for since: 15m, 24h, 2026-11-21T09:30:00Z."`
	Mine   bool   `help:"Only those that this key asked for."`
	Rule   string `placeholder:"ID" help:"Only those that this response rule asked for."`
	Reason string `short:"m" placeholder:"TEXT" help:"Why, for people."`
	DryRun bool   `help:"Only say which."`
}

// Help is the long help.
func (*blocksUndoCmd) Help() string {
	return `Only blocks that are open are ended. To keep new ones from being made meanwhile: tocsin response kill.

Examples:

    tocsin blocks undo --last 5 --dry-run
    tocsin blocks undo --since 15m --rule rsr_01kmb7a2v4e9zr6x3q8w5t0ysd --reason "The rule matched a proxy of ours." --yes`
}

// undone is what an undo ended.
type undone struct {
	Count int
	Items []struct{ ID, Target, State, Reason string }
}

// Run ends them.
func (c *blocksUndoCmd) Run(ctx context.Context, p *Process) error {
	if (c.Last > 0) == (c.Since != "") {
		return usagef("which? Give one of --last and --since")
	}
	in := map[string]any{"mine": c.Mine, "dry_run": true}
	for name, value := range map[string]string{"rule": c.Rule, "reason": c.Reason} {
		if value != "" {
			in[name] = value
		}
	}
	if c.Last > 0 {
		in["last"] = c.Last
	} else {
		t, err := timeOf("since", c.Since, time.Now())
		if err != nil {
			return err
		}
		in["since"] = t.UTC().Format(time.RFC3339Nano)
	}
	return c.with(p, func(hub *client.Client) error {
		done, raw, err := request[undone](ctx, hub, http.MethodPost, blocksPath+"/undo", in)
		if err != nil {
			return err
		}
		said := "would end"
		if !c.DryRun && done.Count > 0 {
			if !c.Yes {
				for _, b := range done.Items {
					p.note("  %s\n", joined(shown(b.ID), shown(b.Target), shown(b.Reason)))
				}
			}
			if err := c.confirm(p, "This ends "+count(done.Count, "block")+"."); err != nil {
				return err
			}
			in["dry_run"], said = false, "ended"
			if done, raw, err = request[undone](ctx, hub, http.MethodPost, blocksPath+"/undo", in); err != nil {
				return err
			}
		}
		return c.show(p, raw, func() error {
			p.say("%s %s\n", said, count(done.Count, "block"))
			t := p.table()
			for _, b := range done.Items {
				t.row(b.ID, b.Target, b.Reason)
			}
			return t.flush()
		})
	})
}

// blocksImportCmd imports blocks.
type blocksImportCmd struct {
	hubFlags
	viewFlags

	File   string `arg:"" help:"The file; - reads standard input."`
	Format string `enum:",json,csv,txt" default:"" placeholder:"FORM" help:"json, csv or txt; by the file's name if left out."`
	TTL    string `placeholder:"DURATION" help:"How long, for lines that do not say."`
	Reason string `short:"m" placeholder:"TEXT" help:"Why, for lines that do not say."`
	DryRun bool   `help:"Only say what would become of each."`
}

// Help is the long help.
func (*blocksImportCmd) Help() string {
	return `A plain list has one address or range a line, with a duration and a reason after it: "203.0.113.7,7d,Scanner"; what begins with
# or ; is a comment. CSV may have a head that names the columns target, ttl and reason; JSON is {"items": [{"target": …}]}. What
"tocsin blocks export" writes is taken. At most 10,000 at a time. Each is decided by itself: those that are allowed are made, those
that need approval wait for it, and the others are listed with why not; then the exit code is 1.

Examples:

    tocsin blocks import scanners.txt --ttl 7d --reason "Scanners"
    tocsin blocks export --format csv | tocsin blocks import - --format csv --profile other`
}

// importRow is what became of an item.
type importRow struct {
	Index    int
	Line     int
	Target   string
	Outcome  string
	Block    string
	Errors   []client.FieldError
	Findings []client.Finding
}

// waits says that it waits for approval, or would.
func (r *importRow) waits() bool {
	return r.Outcome == "pending" || r.Outcome == "planned" && len(r.Findings) > 0
}

func (r *importRow) why() string {
	var parts []string
	for _, e := range r.Errors {
		parts = append(parts, strings.TrimSpace(e.Field+" "+e.Message))
	}
	for _, f := range r.Findings {
		parts = append(parts, f.Text)
	}
	return strings.Join(parts, "; ")
}

// Run imports.
func (c *blocksImportCmd) Run(ctx context.Context, p *Process) error {
	kind := c.Format
	if kind == "" {
		kind = map[string]string{".json": "json", ".csv": "csv"}[strings.ToLower(filepath.Ext(c.File))]
	}
	contentType, ok := map[string]string{"json": "application/json", "csv": "text/csv"}[kind]
	if !ok {
		contentType = "text/plain"
	}
	raw, err := p.readAll(c.File)
	if err != nil {
		return usageError{err}
	}
	if len(bytes.TrimSpace(raw)) == 0 {
		return usagef("%s is empty: there is nothing to import", c.File)
	}
	query := url.Values{}
	setAll(query, "ttl", c.TTL, "reason", c.Reason)
	if c.DryRun {
		query.Set("dry_run", "true")
	}
	return c.with(p, func(hub *client.Client) error {
		var text json.RawMessage
		if err := hub.Send(ctx, http.MethodPost, blocksPath+"/import?"+query.Encode(), contentType, raw, &text); err != nil {
			return err
		}
		var answer importAnswer
		if err := json.Unmarshal(text, &answer); err != nil {
			return fmt.Errorf("the answer of %s is not what a hub sends: %w", hub.URL(), err)
		}
		if err := c.show(p, text, func() error { return answer.print(p) }); err != nil {
			return err
		}
		return answer.failed()
	})
}

// importAnswer says what became of the items.
type importAnswer struct {
	Counts map[string]int
	Items  []importRow
}

func (r *importAnswer) print(p *Process) error {
	var parts []string
	for _, name := range []string{"blocked", "pending", "merged", "planned", "refused", "invalid"} {
		if n := r.Counts[name]; n > 0 {
			parts = append(parts, strconv.Itoa(n)+" "+name)
		}
	}
	p.say("%s: %s\n", count(len(r.Items), "item"), strings.Join(parts, ", "))
	t := p.table().whole()
	for i := range r.Items {
		x := &r.Items[i]
		became := x.Outcome
		switch {
		case x.Outcome == "planned" && x.waits():
			became = "would wait"
		case x.Outcome != "refused" && x.Outcome != "invalid" && !x.waits():
			continue
		}
		place := x.Line
		if place == 0 {
			place = x.Index + 1
		}
		t.row(strconv.Itoa(place), shown(x.Target), became, x.why())
	}
	return t.flush()
}

func (r *importAnswer) failed() error {
	if n := r.Counts["refused"] + r.Counts["invalid"]; n > 0 {
		return importError(n)
	}
	return nil
}

// importError says how many items were not taken.
type importError int

func (e importError) Error() string { return count(int(e), "item") + " not taken" }

// blocksExportCmd exports blocks.
type blocksExportCmd struct {
	hubFlags
	blockFilter

	Format string `enum:"json,csv,txt" default:"csv" placeholder:"FORM" help:"json, csv or txt (the targets alone)."`
	To     string `placeholder:"FILE" help:"Write to a file instead of standard output."`
}

// Help is the long help.
func (*blocksExportCmd) Help() string {
	return `Without --state, the active ones. The plain list (txt) is what firewalls read as an external list. The column ttl is what is left
of a block, so that an import elsewhere ends at the same time.

Examples:

    tocsin blocks export --format txt
    tocsin blocks export --state open --format csv --to blocks.csv`
}

// Run exports.
func (c *blocksExportCmd) Run(ctx context.Context, p *Process) (err error) {
	return c.with(p, func(hub *client.Client) (err error) {
		query, err := c.query(ctx, hub)
		if err != nil {
			return err
		}
		query.Set("format", c.Format)
		var w io.Writer = p.Stdout
		if c.To != "" {
			f, err := os.OpenFile(c.To, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
			if err != nil {
				return err
			}
			defer func() {
				if e := f.Close(); err == nil {
					err = e
				}
			}()
			w = f
		}
		return hub.Stream(ctx, blocksPath+"/export?"+query.Encode(), "*/*", w)
	})
}
