package cli

import (
	"context"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/client"
)

const (
	integrationsPath = "/api/v1/integrations"
	sourcesPath      = "/api/v1/sources"
	mappingsPath     = "/api/v1/mapping-rules"
)

// named is anything that has an id and a name.
type named interface {
	ident() (id, name, kind string)
}

// find finds something by its id, its name, or kind/name. what is its word for people, prefix that of its ids.
func find[T named](ctx context.Context, hub *client.Client, what, path, prefix, text string) (found T, raw []byte, err error) {
	if strings.HasPrefix(text, prefix) {
		found, raw, err = fetch[T](ctx, hub, below(path, text))
		return found, raw, err
	}
	rows, err := listRows[T](ctx, hub, path)
	if err != nil {
		return found, nil, err
	}
	matches := matching(rows, text)
	switch len(matches) {
	case 0:
		return found, nil, notFoundf("there is no %s %q: tocsin %s list shows those there are", what, text, commandFor[what])
	case 1:
		id, _, _ := matches[0].ident()
		return fetch[T](ctx, hub, below(path, id))
	}
	var ways []string
	for _, m := range matches {
		id, name, kind := m.ident()
		if kind != "" {
			id += " (" + kind + "/" + name + ")"
		}
		ways = append(ways, id)
	}
	return found, nil, usagef("%q names more than one %s: %s", text, what, strings.Join(ways, ", "))
}

// commandFor is the command that lists things of a kind.
var commandFor = map[string]string{"integration": "integrations", "source": "sources", "mapping rule": "mappings", "response rule": "response rules"}

// matching gives the rows of that name; without any, those whose name differs in case alone.
func matching[T named](rows []T, text string) (matches []T) {
	for _, same := range []func(a, b string) bool{func(a, b string) bool { return a == b }, strings.EqualFold} {
		for _, r := range rows {
			_, name, kind := r.ident()
			if same(name, text) || kind != "" && same(kind+"/"+name, text) {
				matches = append(matches, r)
			}
		}
		if len(matches) > 0 {
			break
		}
	}
	return matches
}

func listRows[T any](ctx context.Context, hub *client.Client, path string) ([]T, error) {
	rows, _, err := listAll[T](ctx, hub, path, nil)
	return rows, err
}
