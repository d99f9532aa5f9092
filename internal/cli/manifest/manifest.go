// Package manifest is what "tocsin apply" reads: files that say what integrations, mapping rules and sources a hub is to
// have. It reads them, compares them with what there is, and says what would change. It is pure: reading from a hub and
// changing it is done by its callers.
//
// A file manages what it names and nothing else: a field that it leaves out stays as it is, null puts one back to its
// default, lists are taken as a whole.
package manifest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/form"
)

// Version is the version of the files' format.
const Version = 1

// Limits of the files.
const (
	// MaxFile bounds one file, in bytes (4 MiB).
	MaxFile = 4 << 20
	// maxNodes bounds the values of one file, counted with every use of an anchor.
	maxNodes = 200_000
	// maxDepth bounds the nesting of a file's values.
	maxDepth = 64
	// maxErrors bounds how many mistakes are told at once.
	maxErrors = 50
)

// Section is one list of a file.
type Section struct {
	Key  string // "integrations"
	Word string // "integration", for people
	// Path is where the API has them, and Prefix what their ids begin with.
	Path, Prefix string
	// Fields are what may be said of one, in the order in which they are written.
	Fields []string
	// Required are those that make one what it is.
	Required []string
	// Secrets are the paths of secrets that no connector's schema tells of.
	Secrets []string
	// Refs are fields that hold another thing's id, and the section of that thing. In a file its name stands there.
	Refs map[string]string
}

// The sections, in the order in which they are made; they are deleted in the opposite one.
var sections = []*Section{
	{
		Key: "sources", Word: "source", Path: "/api/v1/sources", Prefix: "src_",
		Fields:   []string{"name", "dialect", "enabled", "auth", "project", "labels", "types"},
		Required: []string{"name", "dialect"}, Secrets: []string{"auth.secret", "auth.previous_secret"},
	},
	{
		Key: "integrations", Word: "integration", Path: "/api/v1/integrations", Prefix: "int_",
		Fields: []string{
			"kind", "name", "enabled", "paused", "settings", "subscription", "delivery", "fallback", "owner", "rotate_by",
		},
		Required: []string{"kind", "name"}, Refs: map[string]string{"fallback": "integrations"},
	},
	{
		Key: "mapping_rules", Word: "mapping rule", Path: "/api/v1/mapping-rules", Prefix: "map_",
		Fields:   []string{"name", "source", "position", "enabled", "when", "drop", "set", "compute"},
		Required: []string{"name"}, Refs: map[string]string{"source": "sources"},
	},
}

// Sections lists the sections in the order in which they are made.
func Sections() []*Section { return slices.Clone(sections) }

func sectionOf(key string) *Section {
	i := slices.IndexFunc(sections, func(s *Section) bool { return s.Key == key })
	if i < 0 {
		return nil
	}
	return sections[i]
}

// RefPrefix marks a name in a field that holds an id: "name:GitHub", "name:webhook/SOC".
const RefPrefix = "name:"

// Ref is another thing's id that is given by name.
type Ref struct {
	Section string
	Name    string // with its kind and a slash, where the section has kinds
}

func (r Ref) String() string { return RefPrefix + r.Name }

// Item is one thing as files want it.
type Item struct {
	Section *Section
	Name    string         // with its kind and a slash, where the section has kinds
	Fields  map[string]any // nil, bool, int64, float64, string, []any, map[string]any, form.Secret, Ref
	File    string

	lines map[string]int // of each value, by its path
}

// Title names the item for people.
func (i *Item) Title() string { return i.Section.Word + " " + i.Name }

// At says where a value of the item stands: "file:line", of the nearest value around it where it has none itself.
func (i *Item) At(path string) string {
	for {
		if n, ok := i.lines[path]; ok {
			return fmt.Sprintf("%s:%d", i.File, n)
		}
		cut := strings.LastIndexByte(path, '.')
		if cut < 0 {
			return fmt.Sprintf("%s:%d", i.File, i.lines[""])
		}
		path = path[:cut]
	}
}

// Manifest is what files say together.
type Manifest struct {
	Items []*Item
	// Listed are the sections that occur, also those with empty lists.
	Listed map[string]bool
}

// Of gives the items of a section.
func (m *Manifest) Of(s *Section) (items []*Item) {
	for _, i := range m.Items {
		if i.Section == s {
			items = append(items, i)
		}
	}
	return items
}

// Errors are the mistakes of files, each with its place.
type Errors []string

func (e Errors) Error() string {
	list := e
	if len(list) > maxErrors {
		list = append(slices.Clone(list[:maxErrors]), fmt.Sprintf("and %d mistakes more", len(e)-maxErrors))
	}
	return strings.Join(list, "\n")
}

func (e *Errors) add(at, format string, args ...any) {
	*e = append(*e, at+": "+fmt.Sprintf(format, args...))
}

func (e Errors) err() error {
	if len(e) == 0 {
		return nil
	}
	return e
}

// join makes a path.
func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// Wire gives a value as the API takes it: secrets in clear, names replaced by ids.
func Wire(v any, id func(Ref) (string, error)) (any, error) {
	switch v := v.(type) {
	case form.Secret:
		return v.Reveal(), nil
	case Ref:
		return id(v)
	case []any:
		list := make([]any, len(v))
		for i, x := range v {
			var err error
			if list[i], err = Wire(x, id); err != nil {
				return nil, err
			}
		}
		return list, nil
	case map[string]any:
		object := make(map[string]any, len(v))
		for name, x := range v {
			var err error
			if object[name], err = Wire(x, id); err != nil {
				return nil, err
			}
		}
		return object, nil
	}
	return v, nil
}
