package form

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// Docs is the form as a Markdown table, one row a field; the fields of a list's items are named like "headers[].name".
func Docs(f Form) string {
	var b strings.Builder
	b.WriteString("| setting | what it is | type | default |\n| --- | --- | --- | --- |\n")
	writeRows(&b, build(f), "")
	return b.String()
}

func writeRows(b *strings.Builder, s *Set, prefix string) {
	for _, f := range s.fields {
		name := prefix + f.name
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", name, f.docText(), f.docType(), f.docDefault())
		switch f.kind {
		case kindObject:
			writeRows(b, f.sub, name+".")
		case kindList:
			writeRows(b, f.sub, name+"[].")
		}
	}
}

func (f *field) docText() string {
	text := strings.TrimSuffix(f.title, ".") + "."
	if f.help != "" {
		text += " " + f.help
	}
	if f.deprecated != "" {
		text += " *Deprecated: " + f.deprecated + "*"
	}
	return strings.NewReplacer("|", `\|`, "\n", " ", "<", "&lt;").Replace(text)
}

var kindNames = map[kind]string{
	kindText: "text", kindSecret: "secret", kindPEM: "PEM text", kindURL: "URL", kindChoice: "choice", kindBool: "switch",
	kindInt: "whole number", kindFloat: "number", kindDuration: "duration", kindSize: "size", kindTexts: "list of texts",
	kindDurations: "list of durations", kindObject: "object", kindList: "list of objects",
}

func (f *field) docType() string {
	text := kindNames[f.kind]
	switch {
	case f.kind == kindChoice:
		text = "`" + strings.Join(f.choices, "`, `") + "`"
	case f.secretWhen != nil:
		text = "text or secret"
	case f.kind == kindSecret && f.hint == "PEM":
		text = "secret PEM text"
	}
	return text + f.docRange()
}

func (f *field) docRange() string {
	var write func(float64) string
	switch f.kind {
	case kindInt, kindFloat:
		write = func(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }
	case kindDuration, kindSize:
		write = f.rangeText
	default:
		return ""
	}
	switch {
	case f.min != nil && f.max != nil:
		return ", " + write(*f.min) + " to " + write(*f.max)
	case f.min != nil:
		return ", from " + write(*f.min)
	case f.max != nil:
		return ", up to " + write(*f.max)
	}
	return ""
}

func (f *field) docDefault() string {
	if f.required {
		return "required"
	}
	if f.def == nil || f.def == "" {
		return ""
	}
	if list, ok := f.defaultJSON().([]any); ok {
		raw, _ := json.Marshal(list) // texts always encode
		return "`" + string(raw) + "`"
	}
	return fmt.Sprintf("`%v`", f.defaultJSON())
}
