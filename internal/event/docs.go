package event

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
)

// WriteDocs writes the reference of all event types and alert types as Markdown: docs/events.md.
func WriteDocs(w io.Writer) error {
	var b bytes.Buffer
	types := Types()
	fmt.Fprintf(&b, docsHead, len(types), TypePattern)
	for _, category := range categories(types, func(t TypeInfo) string { return t.Category }) {
		fmt.Fprintf(&b, "\n## %s\n\n| type | severity | what happened |\n|---|---|---|\n", docsTitle(category))
		var samples bytes.Buffer
		for _, t := range types {
			if t.Category != category {
				continue
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", t.Name, t.Severity, docsCell(t.Description))
			fmt.Fprintf(&samples, "%s\n", t.Sample)
		}
		fmt.Fprintf(&b, "\n<details><summary>Samples</summary>\n\n```json\n%s```\n\n</details>\n", samples.Bytes())
	}
	alerts := AlertTypes()
	fmt.Fprintf(&b, docsAlertHead, len(alerts))
	for _, a := range alerts {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", a.Name, a.Category, a.Severity, a.Mitre, docsCell(a.Description))
	}
	_, err := w.Write(b.Bytes())
	return err
}

const docsHead = `# Events

<!-- Written by make docs: do not edit. -->

The catalogue knows %d event types. Any other type of the form ` + "`%s`" + `
is taken just the same; its category is other. The severity below is what an event gets that brings none.

` + "`tocsin events list`, `tocsin events show TYPE` and `tocsin events sample TYPE`" + ` print the same; ` + "`GET /api/v1/event-types`" + `
gives it to programs. What the fields of an event mean is in the API's reference, at ` + "`/api/docs`" + ` of every hub.
`

const docsAlertHead = `
## Alert types

The field ` + "`alert_type`" + ` says what kind of alert it is, and subscriptions can choose by it. These %d are registered; others pass
through, with category other.

| alert type | category | severity | ATT&CK | what it means |
|---|---|---|---|---|
`

// categories lists the categories in the order of their names.
func categories[T any](list []T, of func(T) string) []string {
	var names []string
	for _, t := range list {
		names = append(names, of(t))
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func docsTitle(category string) string { return strings.ToUpper(category[:1]) + category[1:] }

// docsCell keeps a text inside its cell of a table.
func docsCell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }
