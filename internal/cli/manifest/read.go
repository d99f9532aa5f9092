package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/tocsin-hub/tocsin/internal/form"
)

// File is one file's text.
type File struct {
	Name string
	Text []byte
}

// Read reads files. resolve gives what a local reference (local-env:NAME, local-file:PATH) stands for. Its error is an
// Errors with every mistake.
func Read(files []File, resolve func(reference string) (form.Secret, error)) (*Manifest, error) {
	m := &Manifest{Listed: map[string]bool{}}
	var errs Errors
	for _, f := range files {
		r := &reader{file: f.Name, resolve: resolve, errs: &errs, left: maxNodes}
		r.documents(m, f.Text)
	}
	seen := map[string]*Item{}
	for _, i := range m.Items {
		if first := seen[i.Title()]; first != nil {
			errs.add(i.At(""), "%s is there twice: the other one is at %s", i.Title(), first.At(""))
			continue
		}
		seen[i.Title()] = i
	}
	return m, errs.err()
}

// reader reads one file.
type reader struct {
	file    string
	resolve func(string) (form.Secret, error)
	errs    *Errors
	left    int // how many values may come yet
}

func (r *reader) at(n *yaml.Node) string { return fmt.Sprintf("%s:%d", r.file, n.Line) }

func (r *reader) documents(m *Manifest, text []byte) {
	if len(text) > MaxFile {
		r.errs.add(r.file, "is larger than %s", form.Size(MaxFile))
		return
	}
	dec, n := yaml.NewDecoder(bytes.NewReader(text)), 0
	for ; ; n++ {
		var doc yaml.Node
		err := dec.Decode(&doc)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			r.errs.add(r.file, "%s", strings.ReplaceAll(strings.TrimPrefix(err.Error(), "yaml: "), "\n", " "))
			return
		}
		if len(doc.Content) > 0 {
			r.document(m, doc.Content[0])
		}
	}
	if n == 0 {
		r.errs.add(r.file, "is empty")
	}
}

func (r *reader) document(m *Manifest, root *yaml.Node) {
	if root.Kind == yaml.ScalarNode && root.Tag == "!!null" {
		return // nothing between two ---
	}
	versioned := false
	r.each(root, "the file", func(key string, k, v *yaml.Node) {
		switch s := sectionOf(key); {
		case key == "version":
			versioned = true
			if n, err := strconv.Atoi(v.Value); err != nil || n != Version {
				r.errs.add(r.at(v), "version is %q; this version of tocsin reads %d", v.Value, Version)
			}
		case s != nil:
			m.Listed[key] = true
			r.section(m, s, v)
		default:
			r.errs.add(r.at(k), "%q is not known here; there are version, %s", key, strings.Join(sectionKeys(), ", "))
		}
	})
	if !versioned {
		r.errs.add(r.at(root), "version: %d is missing", Version)
	}
}

func sectionKeys() (keys []string) {
	for _, s := range sections {
		keys = append(keys, s.Key)
	}
	return keys
}

// each walks an object. Names that are there twice are mistakes.
func (r *reader) each(n *yaml.Node, what string, f func(key string, k, v *yaml.Node)) {
	n = target(n)
	if n.Kind != yaml.MappingNode {
		r.errs.add(r.at(n), "%s must be an object: name: value", what)
		return
	}
	seen := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		switch first, twice := seen[k.Value]; {
		case k.Kind != yaml.ScalarNode:
			r.errs.add(r.at(k), "the name of a field must be a text")
			continue
		case k.Tag == "!!merge":
			r.errs.add(r.at(k), "<< is not supported: write the fields out")
			continue
		case twice:
			r.errs.add(r.at(k), "%s is there twice: first at line %d", k.Value, first)
			continue
		}
		seen[k.Value] = k.Line
		f(k.Value, k, v)
	}
}

// target is what an alias stands for.
func target(n *yaml.Node) *yaml.Node {
	for n.Kind == yaml.AliasNode && n.Alias != nil {
		n = n.Alias
	}
	return n
}

func (r *reader) section(m *Manifest, s *Section, n *yaml.Node) {
	n = target(n)
	if n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
		return
	}
	if n.Kind != yaml.SequenceNode {
		r.errs.add(r.at(n), "%s must be a list", s.Key)
		return
	}
	for _, one := range n.Content {
		if i := r.item(s, target(one)); i != nil {
			m.Items = append(m.Items, i)
		}
	}
}

func (r *reader) item(s *Section, n *yaml.Node) *Item {
	i := &Item{Section: s, Fields: map[string]any{}, File: r.file, lines: map[string]int{"": n.Line}}
	r.each(n, "each of "+s.Key, func(key string, k, v *yaml.Node) {
		if !slices.Contains(s.Fields, key) {
			r.errs.add(r.at(k), "%q is no field of %s; there are %s", key, s.Key, strings.Join(s.Fields, ", "))
			return
		}
		value := r.value(i, key, k, v)
		if text, ok := value.(string); ok && s.Refs[key] != "" && strings.HasPrefix(text, RefPrefix) {
			value = Ref{Section: s.Refs[key], Name: strings.TrimPrefix(text, RefPrefix)}
		}
		i.Fields[key] = value
	})
	var parts []string
	for _, field := range s.Required {
		text, ok := i.Fields[field].(string)
		if !ok || text == "" {
			r.errs.add(r.at(n), "%s is missing: each of %s needs %s", field, s.Key, strings.Join(s.Required, " and "))
			return nil
		}
		if field != "dialect" {
			parts = append(parts, text)
		}
	}
	i.Name = strings.Join(parts, "/")
	return i
}

// value reads a value and notes where everything in it stands.
func (r *reader) value(i *Item, path string, k, n *yaml.Node) any {
	if strings.Count(path, ".") >= maxDepth && r.left > 0 {
		r.errs.add(r.at(n), "is nested deeper than %d", maxDepth)
		r.left = 0 // it may go round in a circle: one mistake of that kind is enough
	}
	if r.left--; r.left <= 0 {
		if r.left == 0 {
			r.errs.add(r.at(n), "the file has more values than %d", maxNodes)
		}
		return nil
	}
	i.lines[path] = k.Line
	switch n = target(n); n.Kind {
	case yaml.MappingNode:
		object := map[string]any{}
		r.each(n, path, func(key string, k, v *yaml.Node) { object[key] = r.value(i, join(path, key), k, v) })
		return object
	case yaml.SequenceNode:
		list := make([]any, len(n.Content))
		for at, one := range n.Content {
			list[at] = r.value(i, join(path, strconv.Itoa(at)), one, one)
		}
		return list
	}
	return r.scalar(n)
}

// Local references are resolved where the command runs; the others (env:NAME, file:/path) by the hub.
const (
	LocalEnv  = "local-env:"
	LocalFile = "local-file:"
)

func (r *reader) scalar(n *yaml.Node) any {
	switch n.ShortTag() {
	case "!!null":
		return nil
	case "!!bool":
		return n.Value == "true" || n.Value == "True" || n.Value == "TRUE"
	case "!!int":
		if v, err := strconv.ParseInt(n.Value, 0, 64); err == nil {
			return v
		}
	case "!!float":
		if v, err := strconv.ParseFloat(n.Value, 64); err == nil && !math.IsNaN(v) && !math.IsInf(v, 0) {
			return v
		}
	case "!!str", "!!timestamp":
		if !strings.HasPrefix(n.Value, LocalEnv) && !strings.HasPrefix(n.Value, LocalFile) {
			return n.Value
		}
		secret, err := r.resolve(n.Value)
		if err != nil {
			r.errs.add(r.at(n), "%s", err)
		}
		return secret
	}
	r.errs.add(r.at(n), "%q is no value of JSON", n.Value)
	return nil
}
