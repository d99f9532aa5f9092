package manifest

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"

	"github.com/tocsin-hub/tocsin/internal/form"
)

// Export gives what the hub has as a document that Read takes: what is as it is by default is left out, ids are names,
// and secrets that the hub does not show stand as masks, with a comment. want chooses sections; things of others give
// names to ids.
func Export(things []Thing, schemas map[string]Schemas, want func(*Section) bool) *yaml.Node {
	doc := &yaml.Node{Kind: yaml.MappingNode}
	put(doc, "version", leaf(int64(Version)))
	names := map[string]string{}
	for _, t := range things {
		names[t.ID] = RefPrefix + t.Name
	}
	for _, s := range sections {
		list := &yaml.Node{Kind: yaml.SequenceNode}
		for i := range things {
			if things[i].Section == s && want(s) {
				list.Content = append(list.Content, things[i].node(names, schemas))
			}
		}
		if len(list.Content) > 0 {
			put(doc, s.Key, list)
		}
	}
	return doc
}

func (t *Thing) node(names map[string]string, schemas map[string]Schemas) *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode}
	kind, _ := t.Fields["kind"].(string)
	for _, field := range t.Section.Fields {
		v, ok := t.Fields[field]
		if !ok || field != "enabled" && empty(v) || field == "enabled" && v == true {
			continue
		}
		if id, ok := v.(string); ok && t.Section.Refs[field] != "" && names[id] != "" {
			v = names[id]
		}
		v, ok = without(v, schemas[kind][field])
		if ok {
			put(n, field, node(v))
		}
	}
	return n
}

// without leaves defaults out. It is false when nothing is left.
func without(v any, s *Schema) (any, bool) {
	if standard, ok := s.standard(); ok && equal(standard, v, s) {
		return nil, false
	}
	object, ok := v.(map[string]any)
	if !ok || s == nil || len(s.Properties) == 0 {
		return v, true
	}
	out := map[string]any{}
	for name, x := range object {
		p := s.property(name)
		if _, hasStandard := p.standard(); !hasStandard && empty(x) {
			continue
		}
		if x, ok := without(x, p); ok {
			out[name] = x
		}
	}
	return out, len(out) > 0
}

const maskComment = "a secret that the hub keeps; to set it: env:NAME, file:/path, " + LocalEnv + "NAME or " + LocalFile + "PATH"

// node is a value as YAML, its members by name.
func node(v any) *yaml.Node {
	switch v := v.(type) {
	case []any:
		n := &yaml.Node{Kind: yaml.SequenceNode}
		short := true
		for _, x := range v {
			n.Content = append(n.Content, node(x))
			short = short && scalar(x)
		}
		if short {
			n.Style = yaml.FlowStyle
		}
		return n
	case map[string]any:
		n := &yaml.Node{Kind: yaml.MappingNode}
		for _, name := range slices.Sorted(maps.Keys(v)) {
			put(n, name, node(v[name]))
		}
		return n
	}
	return leaf(v)
}

func leaf(v any) *yaml.Node {
	n := &yaml.Node{Kind: yaml.ScalarNode}
	switch v := v.(type) {
	case string:
		n.Tag, n.Value = "!!str", v
		if v == form.Mask {
			n.LineComment = maskComment
		}
		if strings.ContainsFunc(v, hidden) {
			n.Style = yaml.DoubleQuotedStyle
		}
	case bool:
		n.Tag, n.Value = "!!bool", strconv.FormatBool(v)
	case int64:
		n.Tag, n.Value = "!!int", strconv.FormatInt(v, 10)
	case float64:
		n.Tag, n.Value = "!!float", strconv.FormatFloat(v, 'g', -1, 64)
	default:
		n.Tag, n.Value = "!!null", "null"
	}
	return n
}

func hidden(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }

func put(n *yaml.Node, name string, v *yaml.Node) { n.Content = append(n.Content, leaf(name), v) }
