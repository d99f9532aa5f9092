package email

import (
	"fmt"
	"strings"
)

// indent begins the second and further lines of a value, so that no value looks like another line of the mail.
const indent = "\n    "

// plain writes a letter as text.
func plain(l *letter) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s\n", hang(l.Title), strings.Repeat("=", min(72, max(8, len([]rune(firstLine(l.Title)))))))
	for _, text := range l.Lead {
		b.WriteString(hang(text) + "\n")
	}
	if l.Button.URL != "" {
		fmt.Fprintf(&b, "\n%s: %s\n", l.Button.Text, l.Button.URL)
	}
	for _, k := range l.Links {
		fmt.Fprintf(&b, "%s: %s\n", k.Text, k.URL)
	}
	if len(l.Facts) > 0 {
		b.WriteString("\n")
		plainFacts(&b, l.Facts)
	}
	for i := range l.Sections {
		plainSection(&b, &l.Sections[i])
	}
	b.WriteString("\n-- \n")
	for _, text := range l.Footer {
		b.WriteString(hang(text) + "\n")
	}
	return b.String()
}

func plainFacts(b *strings.Builder, facts []fact) {
	for _, f := range facts {
		fmt.Fprintf(b, "%s: %s\n", hang(f.Name), hang(f.Value))
	}
}

func plainSection(b *strings.Builder, s *section) {
	fmt.Fprintf(b, "\n%s\n%s\n", s.Title, strings.Repeat("-", len(s.Title)))
	if s.Text != "" {
		b.WriteString("    " + hang(s.Text) + "\n")
	}
	plainFacts(b, s.Facts)
	for _, bar := range s.Bars {
		fmt.Fprintf(b, "%-10s %s %d\n", bar.Label, bar.Blocks, bar.Count)
	}
	if s.Table != nil {
		for _, row := range s.Table.Rows {
			plainRow(b, row)
		}
	}
	if s.Note != "" {
		b.WriteString(s.Note + "\n")
	}
}

// plainRow writes a row as one line, and a link of it below.
func plainRow(b *strings.Builder, row []cell) {
	texts := make([]string, 0, len(row))
	url := ""
	for _, c := range row {
		if c.Text != "" {
			texts = append(texts, hang(c.Text))
		}
		if c.Link != "" {
			url = c.Link
		}
	}
	b.WriteString("- " + strings.Join(texts, " | ") + "\n")
	if url != "" {
		b.WriteString("    " + url + "\n")
	}
}

func hang(text string) string { return strings.ReplaceAll(text, "\n", indent) }

func firstLine(text string) string {
	first, _, _ := strings.Cut(text, "\n")
	return first
}
