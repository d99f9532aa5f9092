package manifest

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tocsin-hub/tocsin/internal/form"
)

// maxShown bounds a value as it is shown, in characters.
const maxShown = 120

// shown is a value as people see it. Secrets are not.
func shown(v any) string {
	if v == nil {
		return absentText
	}
	text, err := plainJSON(veiled(v))
	if err != nil {
		return fmt.Sprint(v) // what JSON cannot write is no secret: those are texts
	}
	if utf8.RuneCountInString(text) > maxShown {
		text = string([]rune(text)[:maxShown-1]) + "…"
	}
	return text
}

// plainJSON writes JSON with < and > as they are: they stand in many expressions.
func plainJSON(v any) (string, error) {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return strings.TrimSuffix(b.String(), "\n"), err
}

func shownOr(v any, there bool) string {
	if !there {
		return absentText
	}
	return shown(v)
}

// shownSecret is what stands for a secret: a reference as it is, anything else not at all.
func shownSecret(text string) string {
	if isReference(text) {
		return shown(text)
	}
	return secretChanged
}

// veiled takes the secrets out of a value.
func veiled(v any) any {
	switch v := v.(type) {
	case form.Secret:
		return secretSet
	case Ref:
		return v.String()
	case string:
		if v == form.Mask {
			return secretSet
		}
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = veiled(v[i])
		}
		return list
	case map[string]any:
		object := make(map[string]any, len(v))
		for name := range v {
			object[name] = veiled(v[name])
		}
		return object
	}
	return v
}

// Text is a plan as people read it: what is made (+), changed (~) and deleted (-), each with its fields.
func (p *Plan) Text() string {
	var b strings.Builder
	for _, c := range p.Changes {
		fmt.Fprintf(&b, "%s %s\n", c.Action.sign(), oneLine(c.Title()))
		width := 0
		for _, f := range c.Fields {
			width = max(width, utf8.RuneCountInString(f.Path))
		}
		for _, f := range c.Fields {
			pad := strings.Repeat(" ", width-utf8.RuneCountInString(f.Path))
			if c.Action == Create {
				fmt.Fprintf(&b, "    %s%s  %s\n", oneLine(f.Path), pad, f.After)
				continue
			}
			fmt.Fprintf(&b, "    %s%s  %s → %s\n", oneLine(f.Path), pad, f.Before, f.After)
		}
	}
	b.WriteString(p.Summary() + "\n")
	return b.String()
}

// oneLine keeps a name from looking like a line of the plan.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, text)
}

// Summary counts the changes.
func (p *Plan) Summary() string {
	if len(p.Changes) == 0 {
		return fmt.Sprintf("no changes: %d as wanted", p.Same)
	}
	n := map[Action]int{}
	for _, c := range p.Changes {
		n[c.Action]++
	}
	return fmt.Sprintf("%d to make, %d to change, %d to delete, %d as wanted", n[Create], n[Update], n[Delete], p.Same)
}
