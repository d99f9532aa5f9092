package demo

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"
)

// maxTitle bounds a title in the table, in characters.
const maxTitle = 34

// WriteTable prints what was delivered where.
func WriteTable(w io.Writer, integrations []*Integration, rows []*Row) error {
	head := []string{"SENT AS", "EVENT", "SEVERITY", "TITLE"}
	for _, i := range integrations {
		head = append(head, strings.ToUpper(heading(i)))
	}
	table := [][]string{head}
	for _, r := range rows {
		line := []string{r.Source, r.Type, r.Severity.String(), clip(r.Title, maxTitle)}
		for _, c := range r.Cells {
			line = append(line, c.String())
		}
		table = append(table, line)
	}
	_, err := io.WriteString(w, layout(table))
	return err
}

// heading says in two words what the integration is.
func heading(i *Integration) string {
	switch i.Kind {
	case "capture":
		return "inbox"
	case "webhook":
		return "webhook, signed"
	}
	return "Splunk HEC (model)"
}

// String is the cell as the table shows it.
func (c Cell) String() string {
	switch {
	case c.Silenced && !c.Arrived:
		return "– silenced"
	case !c.Wanted && !c.Arrived:
		return "– not subscribed"
	case !c.Wanted:
		return "✗ not subscribed, yet delivered"
	case !c.Arrived:
		return "✗ missing"
	case c.Took > 0:
		return fmt.Sprintf("✓ %.1f ms", float64(c.Took)/float64(time.Millisecond))
	}
	return "✓"
}

// layout pads columns by characters, not bytes.
func layout(table [][]string) string {
	widths := make([]int, len(table[0]))
	for _, line := range table {
		for i, text := range line {
			widths[i] = max(widths[i], utf8.RuneCountInString(text))
		}
	}
	var b strings.Builder
	for _, line := range table {
		b.WriteString("  ")
		for i, text := range line {
			b.WriteString(text)
			if i < len(line)-1 {
				b.WriteString(strings.Repeat(" ", widths[i]-utf8.RuneCountInString(text)+2))
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// clip shortens a text to n characters.
func clip(s string, n int) string {
	runes := []rune(s)
	if len(runes) <= n {
		return s
	}
	return string(runes[:n-1]) + "…"
}
