package connectors

import (
	"encoding/json"
	"maps"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"testing"

	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
	"github.com/tocsin-hub/tocsin/internal/form"
)

// connection is the form of httpkit.Connection alone.
type connection struct{ httpkit.Connection }

// Form declares the settings.
func (c *connection) Form(f *form.Set) {
	c.Fields(f, httpkit.DefaultConnectTimeout, httpkit.DefaultRequestTimeout)
}

// connectionFields are the settings that connectors over HTTP have in common.
var connectionFields = func() []string {
	var schema property
	if err := json.Unmarshal(form.Schema(new(connection)), &schema); err != nil {
		panic(err)
	}
	return slices.Collect(maps.Keys(schema.Properties))
}()

// sample is a value that a setting takes, by what the schema says of it: its example, a choice, a text of its pattern.
func sample(p property) any {
	switch {
	case len(p.Enum) > 0:
		return p.Enum[0]
	case p.Type == "integer", p.Type == "number":
		return 1
	case p.Type == "boolean":
		return true
	case p.Type == "array" && p.Items != nil:
		if len(p.Examples) > 0 {
			p.Items.Examples = p.Examples
		}
		return []any{sample(*p.Items)}
	case p.Type == "object":
		object := map[string]any{}
		for _, name := range p.Required {
			object[name] = sample(p.Properties[name])
		}
		return object
	case len(p.Examples) > 0:
		return p.Examples[0]
	case p.Pattern != "":
		return matching(strings.TrimPrefix(p.Pattern, "^$|"), p.MinLength)
	}
	return "a-sample-of-at-least-24-characters" + strings.Repeat("x", p.MinLength)
}

// matching is a text that a pattern takes; of what may be repeated without end it has at least n.
func matching(pattern string, n int) string {
	parsed, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return ""
	}
	return textOf(parsed.Simplify(), max(n, 3))
}

func textOf(r *syntax.Regexp, n int) string {
	switch r.Op {
	case syntax.OpLiteral:
		return string(r.Rune)
	case syntax.OpCharClass:
		return string(runeOf(r.Rune))
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return "a"
	case syntax.OpStar, syntax.OpPlus:
		return strings.Repeat(textOf(r.Sub[0], n), n)
	case syntax.OpRepeat:
		return strings.Repeat(textOf(r.Sub[0], n), max(r.Min, 1))
	case syntax.OpAlternate, syntax.OpCapture:
		return textOf(r.Sub[0], n)
	case syntax.OpConcat:
		var b strings.Builder
		for _, sub := range r.Sub {
			b.WriteString(textOf(sub, n))
		}
		return b.String()
	}
	return "" // what may be left out, and places in a text
}

// runeOf is a harmless character of a class, if it has one.
func runeOf(ranges []rune) rune {
	for _, want := range "a1A-" {
		for i := 0; i+1 < len(ranges); i += 2 {
			if ranges[i] <= want && want <= ranges[i+1] {
				return want
			}
		}
	}
	return ranges[0]
}

func TestSample(t *testing.T) {
	t.Parallel()
	for _, pattern := range []string{
		`^[0-9]+:[A-Za-z0-9_-]{35}$`, `^(-?[0-9]+|@[a-z_]{5,32})$`, `^[^@\s]+@[^@\s]+$`, `^#?[^\s#@<>&"']{1,80}$`, `^[UWS][A-Z0-9]{1,40}$`, `^(us|eu)[0-9]?$`,
		`^xox[bp]-`, `^[[:alnum:]]{24,}$`,
	} {
		if text := matching(pattern, 0); !regexp.MustCompile(pattern).MatchString(text) {
			t.Errorf("%q is no text of %s", text, pattern)
		}
	}
}
