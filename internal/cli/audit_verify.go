package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/audit"
	"github.com/tocsin-hub/tocsin/internal/store/sqlite"
)

// auditVerifyCmd verifies a record without a hub.
type auditVerifyCmd struct {
	File       string   `arg:"" optional:"" help:"An export, or a config.db from a backup; - is an export on standard input."`
	DataDir    string   `placeholder:"DIR" help:"The data directory of a hub, running or not."`
	Checkpoint []string `sep:"none" placeholder:"TEXT" help:"A checkpoint that was kept, or a file with some, one a line; may be repeated."`
}

// Help is the long help.
func (*auditVerifyCmd) Help() string {
	return `Needs no hub and writes nothing. Finds entries that were changed, removed, put in or moved, by the chain of hashes. That
the end was cut off, that an older copy was put back, or that all was written anew shows only against a checkpoint that
was kept elsewhere ("tocsin audit checkpoint").

Ends with code 0 when nothing is wrong, 1 when something is (each finding is printed, the first one first), 2 when there
was nothing to verify.

Examples:

    tocsin audit verify --data-dir /var/lib/tocsin --checkpoint checkpoints.txt
    tocsin audit verify audit.ndjson`
}

// maxCheckpointFile bounds a file of checkpoints (1 MiB).
const maxCheckpointFile = 1 << 20

// Run prints a report.
func (c *auditVerifyCmd) Run(ctx context.Context, p *Process) error {
	if (c.File == "") == (c.DataDir == "") {
		return usagef("give a file or --data-dir")
	}
	var points []audit.Checkpoint
	for _, text := range c.Checkpoint {
		list, err := readCheckpoints(text)
		if err != nil {
			return usageError{err}
		}
		points = append(points, list...)
	}
	what := c.File
	report, err := audit.Report{}, error(nil)
	if c.DataDir != "" {
		what = filepath.Join(c.DataDir, sqlite.ConfigFile)
		report, err = verifyDataDir(ctx, c.DataDir, points)
	} else {
		report, err = verifyFile(ctx, p, c.File, points)
	}
	if err != nil {
		return err
	}
	writeReport(p, what, &report)
	if !report.OK() {
		return fmt.Errorf("%s was tampered with or is damaged: %s", what, shownLong(report.Findings[0].What))
	}
	if len(points) == 0 {
		p.note("No checkpoint was given: whether the end was cut off, or all was written anew, cannot be told without one.\n")
	}
	return nil
}

// readCheckpoints reads a checkpoint, or a file of them; lines of other kinds are passed over.
func readCheckpoints(text string) (points []audit.Checkpoint, err error) {
	if point, err := audit.ParseCheckpoint(text); err == nil {
		return []audit.Checkpoint{point}, nil
	}
	if strings.Contains(text, " ") {
		_, err := audit.ParseCheckpoint(text)
		return nil, err
	}
	f, err := os.Open(text)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	lines := bufio.NewScanner(io.LimitReader(f, maxCheckpointFile))
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if !strings.HasPrefix(line, "tocsin-audit-checkpoint") {
			continue
		}
		point, err := audit.ParseCheckpoint(line)
		if err != nil {
			return nil, fmt.Errorf("%s: %q is %w", text, shown(line), err)
		}
		points = append(points, point)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("reading %s: %w", text, err)
	}
	if len(points) == 0 {
		return nil, fmt.Errorf("%s holds no checkpoint", text)
	}
	return points, nil
}

func verifyDataDir(ctx context.Context, dir string, points []audit.Checkpoint) (audit.Report, error) {
	return verifyDatabase(ctx, filepath.Join(dir, sqlite.ConfigFile), points)
}

func verifyDatabase(ctx context.Context, path string, points []audit.Checkpoint) (r audit.Report, err error) {
	f, err := sqlite.OpenAuditFile(ctx, path)
	if errors.Is(err, os.ErrNotExist) {
		return r, usageError{err}
	}
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	rec, err := audit.FromStore(ctx, f)
	if err != nil {
		return r, err
	}
	return audit.Verify(rec, points...)
}

// verifyFile tells a database from an export by its beginning.
func verifyFile(ctx context.Context, p *Process, name string, points []audit.Checkpoint) (r audit.Report, err error) {
	in := p.Stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return r, usageError{err}
		}
		defer f.Close()
		in = f
	}
	buffered := bufio.NewReader(in)
	if head, _ := buffered.Peek(16); name != "-" && sqlite.IsDatabase(head) {
		return verifyDatabase(ctx, name, points)
	}
	rec, err := audit.FromExport(buffered)
	var bad *audit.Malformed
	if errors.As(err, &bad) {
		return audit.Report{Findings: []audit.Finding{{What: bad.Why}}}, nil
	}
	if err != nil {
		return r, usagef("%s: %w", name, err)
	}
	return audit.Verify(rec, points...)
}

// writeReport prints what a verification found.
func writeReport(p *Process, what string, r *audit.Report) {
	verdict := "sound"
	if !r.OK() {
		verdict = "NOT SOUND"
	}
	p.say("%s: %s\n", what, verdict)
	for _, f := range r.Findings {
		p.say("  wrong        %s\n", shownLong(f.What))
	}
	if r.More > 0 {
		p.say("               and %d more\n", r.More)
	}
	switch {
	case r.Entries == 0:
		p.say("  entries      none\n")
	case r.From.IsZero():
		p.say("  entries      %d to %d\n", r.First, r.Last)
	default:
		p.say("  entries      %d to %d, %s to %s\n", r.First, r.Last, r.From.Format(time.RFC3339), r.To.Format(time.RFC3339))
	}
	if r.Withheld > 0 {
		p.say("  withheld     %d entries of other accounts, of which only the hashes are known\n", r.Withheld)
	}
	if r.Unfinished > 0 {
		p.say("  no outcome   %d acts: %s\n", r.Unfinished, numbers(r))
	}
	for _, c := range r.Checkpoints {
		verdict := "confirmed"
		if !c.Confirmed {
			verdict = c.Why
		}
		p.say("  checkpoint   of entry %d: %s\n", c.Checkpoint.Seq, verdict)
	}
	if r.OK() {
		p.say("  end          %s\n", r.Head)
	}
}

// shownLong is shown for a sentence that may hold a piece of a damaged entry.
func shownLong(text string) string {
	var lines []string
	for rest := []rune(text); len(rest) > 0 && len(lines) < 5; {
		n := min(len(rest), maxShown)
		lines = append(lines, shown(string(rest[:n])))
		rest = rest[n:]
	}
	return strings.Join(lines, "")
}

func numbers(r *audit.Report) string {
	list := make([]string, len(r.UnfinishedActs))
	for i, n := range r.UnfinishedActs {
		list[i] = fmt.Sprint(n)
	}
	text := strings.Join(list, ", ")
	if r.Unfinished > len(list) {
		text += ", …"
	}
	return text
}
