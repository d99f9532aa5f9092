package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/cli/manifest"
	"github.com/tocsin-hub/tocsin/internal/client"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/route"
)

// fileFlags name the files of apply and diff.
type fileFlags struct {
	Files   []string `name:"file" short:"f" required:"" placeholder:"FILE|DIR" help:"A YAML file, a folder of them (*.yaml, *.yml), or - for standard input; may be repeated."`
	Prune   bool     `help:"Also delete what the hub has and the files do not, in the lists that the files have."`
	Secrets bool     `help:"Send the secrets that are read here (local-env:, local-file:) again: whether they changed cannot be seen."`
}

// read reads the files.
func (f *fileFlags) read(p *Process) (*manifest.Manifest, error) {
	var files []manifest.File
	for _, name := range f.Files {
		names, err := filesOf(name)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			text, err := p.readAll(name)
			if err != nil {
				return nil, usageError{err}
			}
			if name == "-" {
				name = "standard input"
			}
			files = append(files, manifest.File{Name: name, Text: text})
		}
	}
	m, err := manifest.Read(files, func(reference string) (form.Secret, error) {
		text, err := localSecret(p, reference)
		return form.NewSecret(text), err
	})
	if err != nil {
		return nil, usageError{err}
	}
	return m, nil
}

// filesOf gives the files of a folder by name, or the one file.
func filesOf(name string) ([]string, error) {
	info, err := os.Stat(name)
	if name == "-" || err != nil || !info.IsDir() {
		return []string{name}, nil //nolint:nilerr // reading it says what is wrong
	}
	entries, err := os.ReadDir(name)
	if err != nil {
		return nil, usageError{err}
	}
	var names []string
	for _, e := range entries {
		if ext := filepath.Ext(e.Name()); !e.IsDir() && (ext == ".yaml" || ext == ".yml") {
			names = append(names, filepath.Join(name, e.Name()))
		}
	}
	if len(names) == 0 {
		return nil, usagef("there is no *.yaml in %s", name)
	}
	return names, nil
}

// localSecret gives what local-env:NAME or local-file:PATH stands for; any other text is itself.
func localSecret(p *Process, text string) (string, error) {
	if name, ok := strings.CutPrefix(text, manifest.LocalEnv); ok {
		value := p.getenv(name)
		if value == "" {
			return "", usagef("%s: the variable %s is not set here", text, name)
		}
		return value, nil
	}
	path, ok := strings.CutPrefix(text, manifest.LocalFile)
	if !ok {
		return text, nil
	}
	value, err := readSmall(path)
	if err != nil {
		return "", usagef("%s: %w", text, err)
	}
	if trimLine(string(value)) == "" {
		return "", usagef("%s: the file is empty", text)
	}
	return trimLine(string(value)), nil
}

// trimLine takes the end of the last line off, which editors and echo add.
func trimLine(text string) string { return strings.TrimRight(text, "\r\n") }

// readThings reads what the hub has in some sections. Of a hub that does not know one, missing is told.
func readThings(ctx context.Context, hub *client.Client, want func(*manifest.Section) bool, missing func(*manifest.Section)) ([]manifest.Thing, error) {
	var things []manifest.Thing
	for _, s := range manifest.Sections() {
		if !want(s) {
			continue
		}
		rows, err := listRows[json.RawMessage](ctx, hub, s.Path)
		var no *client.Problem
		if errors.As(err, &no) && no.Status == http.StatusNotFound {
			missing(s)
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("reading the %ss: %w", s.Word, err)
		}
		for _, raw := range rows {
			t, err := manifest.ThingOf(s, raw)
			if err != nil {
				return nil, fmt.Errorf("the answer of %s is not what a hub sends: %w", hub.URL(), err)
			}
			things = append(things, t)
		}
	}
	return things, nil
}

// readSchemas reads those of every connector, or of the kinds alone.
func readSchemas(ctx context.Context, hub *client.Client, kinds []string) (map[string]manifest.Schemas, error) {
	list, _, err := fetch[struct {
		Items []struct{ Kind string }
	}](ctx, hub, "/api/v1/connectors")
	if err != nil {
		return nil, fmt.Errorf("reading the connectors: %w", err)
	}
	var subscription *manifest.Schema // for its defaults; what it knows is the hub's to say
	if err := json.Unmarshal(form.Schema(new(route.SubscriptionForm)), &subscription); err != nil {
		return nil, fmt.Errorf("reading the schema of subscriptions: %w", err)
	}
	subscription.Closed = nil
	all := map[string]manifest.Schemas{}
	for _, c := range list.Items {
		all[c.Kind] = nil
		if !slices.Contains(kinds, c.Kind) {
			continue
		}
		full, _, err := fetch[struct {
			Settings *manifest.Schema `json:"settings"`
			Delivery *manifest.Schema `json:"delivery"`
		}](ctx, hub, below("/api/v1/connectors", c.Kind))
		if err != nil {
			return nil, fmt.Errorf("reading the connector %s: %w", c.Kind, err)
		}
		all[c.Kind] = manifest.Schemas{"settings": full.Settings, "delivery": full.Delivery, "subscription": subscription}
	}
	return all, nil
}

// plan compares the files with the hub. It gives the hub's things, too.
func (f *fileFlags) plan(ctx context.Context, p *Process, hub *client.Client) (*manifest.Plan, []manifest.Thing, error) {
	m, err := f.read(p)
	if err != nil {
		return nil, nil, err
	}
	things, err := readThings(ctx, hub, func(s *manifest.Section) bool { return m.Listed[s.Key] || s.Key != "mapping_rules" }, func(s *manifest.Section) {
		if len(m.Of(s)) > 0 {
			p.note("tocsin: this hub does not know %s\n", s.Key)
		}
	})
	if err != nil {
		return nil, nil, err
	}
	o := manifest.Options{Prune: f.Prune, Resend: f.Secrets}
	var kinds []string
	for _, i := range m.Items {
		if kind, ok := i.Fields["kind"].(string); ok {
			kinds = append(kinds, kind)
		}
	}
	if len(kinds) > 0 {
		if o.Schemas, err = readSchemas(ctx, hub, kinds); err != nil {
			return nil, nil, err
		}
	}
	plan, err := manifest.Make(m, things, o)
	if err != nil {
		return nil, nil, usageError{err}
	}
	return plan, things, nil
}
