package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// viewFlags choose how a command shows what it got.
type viewFlags struct {
	Output string `short:"o" enum:"table,json,yaml" default:"table" placeholder:"FORM" help:"table, json or yaml: json and yaml are what the API answered."`
	JSON   bool   `hidden:"" help:"The same as -o json."`
}

// form is the chosen one.
func (f *viewFlags) form() string {
	if f.JSON {
		return "json"
	}
	return f.Output
}

// show prints an answer as JSON or YAML, or by the given way.
func (f *viewFlags) show(p *Process, answer json.RawMessage, table func() error) error {
	switch f.form() {
	case "json":
		text, err := prettyJSON(answer)
		if err != nil {
			return err
		}
		p.say("%s\n", text)
		return nil
	case "yaml":
		return writeYAML(p.Stdout, answer)
	}
	return table()
}

// showValue is show for what did not come from the API.
func (f *viewFlags) showValue(p *Process, v any, table func() error) error {
	raw, err := plainJSON(v)
	if err != nil {
		return fmt.Errorf("writing the answer: %w", err)
	}
	return f.show(p, raw, table)
}

// plainJSON writes JSON in which < and > stand as they are: it goes to people, not into pages.
func plainJSON(v any) ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), err
}

// prettyJSON indents JSON, in its own order, and writes what a terminal might act on as escapes.
func prettyJSON(raw json.RawMessage) ([]byte, error) {
	var out bytes.Buffer
	if err := json.Indent(&out, raw, "", "  "); err != nil {
		return nil, fmt.Errorf("the answer is no JSON: %w", err)
	}
	return visibleJSON(out.Bytes()), nil
}

// visibleJSON writes characters that cannot be seen (C1 controls, marks that turn the direction of text, and the like) as
// escapes: the same JSON, and harmless on a terminal.
func visibleJSON(text []byte) []byte {
	var out []byte
	for at := 0; at < len(text); {
		r, size := utf8.DecodeRune(text[at:])
		if r < 0x7f || unicode.IsPrint(r) && r != utf8.RuneError {
			if out != nil {
				out = append(out, text[at:at+size]...)
			}
			at += size
			continue
		}
		if out == nil {
			out = append(make([]byte, 0, len(text)+16), text[:at]...)
		}
		out = appendEscape(out, r)
		at += size
	}
	if out == nil {
		return text
	}
	return out
}

// appendEscape writes a character as JSON's \u escapes.
func appendEscape(out []byte, r rune) []byte {
	if r <= 0xffff {
		return fmt.Appendf(out, `\u%04x`, r)
	}
	r -= 0x10000
	return fmt.Appendf(out, `\u%04x\u%04x`, 0xd800+(r>>10), 0xdc00+(r&0x3ff))
}

// writeYAML writes JSON as YAML, in its own order.
func writeYAML(w io.Writer, raw json.RawMessage) error {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	node, err := yamlOf(dec)
	if err != nil {
		return fmt.Errorf("the answer is no JSON: %w", err)
	}
	return encodeYAML(w, node)
}

// encodeYAML writes a value or node as a YAML document. Characters that cannot be seen, which stand in quoted texts alone,
// become escapes.
func encodeYAML(w io.Writer, v any) error {
	var out bytes.Buffer
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	if err := errors.Join(enc.Encode(v), enc.Close()); err != nil {
		return fmt.Errorf("writing YAML: %w", err)
	}
	var text strings.Builder
	for _, r := range out.String() {
		switch {
		case r == '\n' || unicode.IsPrint(r):
			text.WriteRune(r)
		case r <= 0xffff:
			fmt.Fprintf(&text, `\u%04X`, r)
		default:
			fmt.Fprintf(&text, `\U%08X`, r)
		}
	}
	_, err := io.WriteString(w, text.String())
	return err
}

// yamlOf reads one JSON value as a node of YAML.
func yamlOf(dec *json.Decoder) (*yaml.Node, error) {
	token, err := dec.Token()
	if err != nil {
		return nil, err
	}
	switch t := token.(type) {
	case json.Delim:
		n := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
		if t == '{' {
			n = &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
		}
		for dec.More() {
			child, err := yamlOf(dec)
			if err != nil {
				return nil, err
			}
			n.Content = append(n.Content, child)
		}
		if len(n.Content) == 0 {
			n.Style = yaml.FlowStyle
		}
		_, err := dec.Token()
		return n, err
	case string:
		return yamlText(t), nil
	case json.Number:
		tag := "!!int"
		if strings.ContainsAny(t.String(), ".eE") {
			tag = "!!float"
		}
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: t.String()}, nil
	case bool:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: fmt.Sprint(t)}, nil
	}
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Value: "null"}, nil
}

// yamlText is a text as a node; one that cannot be seen whole is quoted with escapes.
func yamlText(text string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: text}
	if strings.ContainsFunc(text, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }) {
		n.Style = yaml.DoubleQuotedStyle
	}
	return n
}

// table is aligned text with a head.
type table struct {
	w    *tabwriter.Writer
	cell func(string) string
}

func (p *Process) table(head ...string) *table {
	t := &table{tabwriter.NewWriter(p.Stdout, 0, 0, 2, ' ', 0), shown}
	if len(head) > 0 {
		t.row(head...)
	}
	return t
}

// whole lets texts be as long as they are: for what is looked at one by one.
func (t *table) whole() *table {
	t.cell = line
	return t
}

// row adds a line. Every cell is made fit for a terminal; an empty one is a dash.
func (t *table) row(cells ...string) {
	for i, c := range cells {
		if i > 0 {
			fmt.Fprint(t.w, "\t")
		}
		fmt.Fprint(t.w, orDash(t.cell(c)))
	}
	fmt.Fprintln(t.w)
}

func (t *table) flush() error { return t.w.Flush() }

// fields prints names and values below each other.
func (p *Process) fields(pairs ...string) error {
	t := p.table()
	for i := 0; i+1 < len(pairs); i += 2 {
		fmt.Fprintf(t.w, "%s\t%s\n", pairs[i], orDash(line(pairs[i+1])))
	}
	return t.flush()
}

// line makes a text that somebody else wrote one line that a terminal shows as it is, however long.
func line(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))
}
