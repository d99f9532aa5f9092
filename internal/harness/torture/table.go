package torture

import (
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// columns are those of the table, for people and for Markdown alike.
var columns = []string{"fault", "rounds", "acknowledged", "lost", "duplicates", "verdict", "95 % bound per round", "per event"}

// cells are a row's.
func (r *Row) cells() []string {
	if r.Skipped != "" {
		return []string{r.Fault, "–", "–", "–", "–", "not run: " + r.Skipped, "–", "–"}
	}
	return []string{
		r.Fault, fmt.Sprint(r.Rounds), fmt.Sprint(r.Acked), fmt.Sprint(r.Lost), fmt.Sprint(r.Duplicates), r.verdict(),
		r.bound(uint64(r.Rounds)), r.bound(r.Acked),
	}
}

func (r *Row) verdict() string {
	if r.stopped {
		return "NOT FINISHED"
	}
	if len(r.Violations) == 0 {
		return "held"
	}
	return "BROKEN: " + strings.Join(slices.Sorted(maps.Keys(r.Violations)), ", ")
}

// bound is the upper end of the 95 % confidence interval of a rate of which n trials have shown nothing: 3/n.
func (r *Row) bound(n uint64) string {
	if n == 0 || len(r.Violations) > 0 || r.Lost > 0 {
		return "–"
	}
	return fmt.Sprintf("< %.2g", min(3/float64(n), 1))
}

// PrintTable writes the rows as a table, with what was found wrong and the figures below it.
func PrintTable(out io.Writer, rows []*Row) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, strings.Join(columns, "\t"))
	for _, r := range rows {
		fmt.Fprintln(w, strings.Join(r.cells(), "\t"))
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("printing the table: %w", err)
	}
	for _, r := range rows {
		fmt.Fprintf(out, "%s (%v): %s\n", r.Fault, r.Took.Round(time.Second), strings.Join(r.Notes, "; "))
		if len(r.Violations) > 0 {
			fmt.Fprint(out, r.Violations)
		}
	}
	return nil
}

// markdown is the table and the figures for docs/reliability.md.
func markdown(rows []*Row) string {
	var out strings.Builder
	line := func(cells []string) {
		for i, c := range cells {
			cells[i] = strings.ReplaceAll(c, "|", "\\|")
		}
		fmt.Fprintf(&out, "| %s |\n", strings.Join(cells, " | "))
	}
	line(slices.Clone(columns))
	line(slices.Repeat([]string{"---"}, len(columns)))
	for _, r := range rows {
		line(r.cells())
	}
	out.WriteString("\n| fault | what goes wrong | figures |\n| --- | --- | --- |\n")
	for _, r := range rows {
		line([]string{r.Fault, r.What, strings.Join(r.Notes, "; ")})
	}
	return out.String()
}

// The marks between which WriteReport writes.
const (
	reportBegin = "<!-- faults: written by make torture ARGS='-report FILE' -->\n"
	reportEnd   = "<!-- end of faults -->\n"
)

// WriteReport writes the table between the marks of a Markdown file. Rows that are not among the given ones stay as they
// are, so that the faults can be run one after the other.
func WriteReport(path string, rows []*Row) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("reading the report: %w", err)
	}
	head, rest, found := strings.Cut(string(text), reportBegin)
	old, tail, ends := strings.Cut(rest, reportEnd)
	if !found || !ends {
		return fmt.Errorf("%s has no place for the report: it wants %q and %q", path, strings.TrimSpace(reportBegin), strings.TrimSpace(reportEnd))
	}
	if err := os.WriteFile(path, []byte(head+reportBegin+merge(old, markdown(rows))+reportEnd+tail), 0o600); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}

// merge puts the lines of old tables into new ones where the new ones have none of that fault, in the matrix's order.
func merge(old, fresh string) string {
	was, is := tables(old), tables(fresh)
	var out strings.Builder
	for i, t := range is {
		if i > 0 {
			out.WriteString("\n")
		}
		out.WriteString(t.head)
		for _, f := range Matrix() {
			if line, ok := t.lines[f.Name]; ok {
				out.WriteString(line)
			} else if i < len(was) {
				out.WriteString(was[i].lines[f.Name])
			}
		}
	}
	return out.String()
}

// mdTable is a table in Markdown: its first two lines, and the others by what their first cell says.
type mdTable struct {
	head  string
	lines map[string]string
}

func tables(text string) []mdTable {
	var out []mdTable
	for block := range strings.SplitSeq(strings.TrimSpace(text), "\n\n") {
		t := mdTable{lines: map[string]string{}}
		for i, line := range strings.Split(strings.TrimSpace(block), "\n") {
			if i < 2 {
				t.head += line + "\n"
				continue
			}
			name, _, _ := strings.Cut(strings.TrimPrefix(line, "| "), " |")
			t.lines[name] = line + "\n"
		}
		out = append(out, t)
	}
	return out
}

// Line is the row in one line.
func (r *Row) Line() string {
	if r.Skipped != "" {
		return r.Fault + ": not run: " + r.Skipped
	}
	return fmt.Sprintf("%s: %d rounds, %d acknowledged, %d lost, %d duplicates, %v: %s", r.Fault, r.Rounds, r.Acked, r.Lost,
		r.Duplicates, r.Took.Round(time.Second/10), r.verdict())
}
