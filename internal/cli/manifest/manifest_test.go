package manifest

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
	"pgregory.net/rapid"

	"github.com/tocsin-hub/tocsin/internal/form"
)

var update = flag.Bool("update", false, "write the golden files anew")

const goodSecret = "canary-secret-0123456789"

func resolve(reference string) (form.Secret, error) {
	if reference == LocalEnv+"MISSING" {
		return form.Secret{}, errors.New(reference + ": the variable MISSING is not set here")
	}
	return form.NewSecret(goodSecret), nil
}

func read(t *testing.T, text string) (*Manifest, error) {
	t.Helper()
	return Read([]File{{"a.yaml", []byte(text)}}, resolve)
}

func mustRead(t *testing.T, text string) *Manifest {
	t.Helper()
	m, err := read(t, text)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

var webhookSchemas = func() map[string]Schemas {
	var settings, delivery *Schema
	for text, into := range map[string]**Schema{
		`{"properties":{"url":{},"method":{"default":"POST"},"signing_secret":{"x-secret":true},"max_bytes":{"default":"1MiB","format":"byte-size"},
			"timeout":{"default":"15s"},"batch":{"properties":{"max":{"default":100}},"additionalProperties":false},
			"headers":{"type":"array","items":{"properties":{"name":{},"value":{"x-secret":"conditional"},"secret":{"default":false}},"additionalProperties":false}}},
			"additionalProperties":false}`: &settings,
		`{"properties":{"order":{"default":"none"},"retry":{"properties":{"schedule":{"default":["0s","5s"]}}}},"additionalProperties":false}`: &delivery,
	} {
		if err := json.Unmarshal([]byte(text), into); err != nil {
			panic(err)
		}
	}
	return map[string]Schemas{"webhook": {"settings": settings, "delivery": delivery}, "splunk": nil}
}()

// things are what a hub shows.
func things(t *testing.T, texts ...string) []Thing {
	t.Helper()
	var list []Thing
	for _, text := range texts {
		for _, s := range sections {
			if strings.Contains(text, `"id":"`+s.Prefix) {
				thing, err := ThingOf(s, []byte(text))
				if err != nil {
					t.Fatal(err)
				}
				list = append(list, thing)
			}
		}
	}
	return list
}

const (
	socHook = `{"id":"int_1","kind":"webhook","name":"SOC","enabled":true,"paused":false,"version":3,"owner":"","rotate_by":"",
		"settings":{"url":"https://soc.example.com/","method":"POST","signing_secret":"********","max_bytes":"1MiB","timeout":"15s","batch":{"max":100},
		"headers":[{"name":"X-Team","value":"blue","secret":false},{"name":"X-Key","value":"********","secret":true}]},
		"subscription":{"types":["alert.*"],"min_severity":"info"},"delivery":{"order":"none","retry":{"schedule":["0s","5s"]}},"warnings":[]}`
	github = `{"id":"src_1","name":"GitHub","dialect":"github","enabled":true,"auth":{"method":"github","secret":"********"},"version":1,"counts":{"accepted":7}}`
	drop   = `{"id":"map_1","name":"drop","source":"src_1","position":100,"enabled":true,"when":"true","drop":true,"version":2}`
)

func TestPlan(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		text    string
		options Options
		there   []string
	}{
		"new": {text: `
version: 1
mapping_rules:
  - {name: drop, source: "name:GitHub", when: 'event.title == "x"', drop: true, position: 10}
integrations:
  - kind: webhook
    name: SOC
    fallback: name:webhook/second
    settings:
      url: https://soc.example.com
      signing_secret: local-env:SOC
      headers: [{name: X-Key, value: env:HUB_KEY, secret: true}]
      method: null
  - {kind: webhook, name: second, settings: {url: "https://b.example.com"}, rotate_by: 2027-01-31}
sources:
  - {name: GitHub, dialect: github, auth: {method: github, secret: local-file:secret}}
`},
		"as wanted": {there: []string{socHook, github, drop}, text: `
version: 1
integrations:
  - kind: webhook
    name: SOC
    owner: null
    settings:
      url: https://soc.example.com
      method: null
      signing_secret: local-env:SOC
      timeout: 15000ms
      max_bytes: 1024KiB
      headers:
        - {name: X-Team, value: blue}
        - {name: X-Key, value: "********", secret: true}
    subscription: {types: [alert.*]}
    delivery: {retry: {schedule: [0s, 5s]}}
---
version: 1
sources: [{name: GitHub, dialect: github, auth: {secret: local-env:GITHUB}, labels: {}}]
mapping_rules: [{name: drop, source: "name:GitHub", position: 100}]
`},
		"changed": {there: []string{socHook, github, drop}, options: Options{Resend: true, Prune: true}, text: `
version: 1
integrations:
  - kind: webhook
    name: SOC
    enabled: false
    settings:
      url: https://other.example.com
      signing_secret: local-env:SOC
      timeout: 20s
      headers: [{name: X-Key, value: local-env:SOC, secret: true}]
    subscription: {types: [alert.*, incident.*], min_severity: high}
    delivery: {retry: {schedule: null}, order: by_key}
sources: []
`},
		"a reference takes the place": {there: []string{socHook}, text: `
version: 1
integrations: [{kind: webhook, name: SOC, settings: {signing_secret: "env:SOC", headers: null}}]
`},
		"prune": {there: []string{socHook, github, drop}, options: Options{Prune: true}, text: "version: 1\nsources: []\nmapping_rules:\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tt.options.Schemas = webhookSchemas
			plan, err := Make(mustRead(t, tt.text), things(t, tt.there...), tt.options)
			if err != nil {
				t.Fatal(err)
			}
			text := plan.Text()
			for _, c := range plan.Changes {
				body, err := Wire(c.Body, func(r Ref) (string, error) { return "the id of " + r.Name, nil })
				if err != nil {
					t.Fatal(err)
				}
				b, err := json.Marshal(body)
				if err != nil {
					t.Fatal(err)
				}
				text += fmt.Sprintf("\n%s %s %s version %d\n%s\n", c.Action, c.Title(), c.ID, c.Version, b)
			}
			golden(t, name, text)
			if strings.Contains(plan.Text(), goodSecret) {
				t.Error("the plan shows a secret")
			}
		})
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", strings.ReplaceAll(name, " ", "-")+".txt")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Error(diff)
	}
}

func TestMistakes(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ text, want string }{
		"no YAML":         {"version: [", "a.yaml: line 1"},
		"empty":           {"", "a.yaml: is empty"},
		"no version":      {"sources: []", "a.yaml:1: version: 1 is missing"},
		"a newer version": {"version: 2", `a.yaml:1: version is "2"; this version of tocsin reads 1`},
		"an unknown list": {"version: 1\nintegration: []", `a.yaml:2: "integration" is not known here; there are version, sources, integrations, mapping_rules`},
		"no list":         {"version: 1\nsources: {}", "a.yaml:2: sources must be a list"},
		"no object":       {"version: 1\nsources: [x]", "a.yaml:2: each of sources must be an object"},
		"a field":         {"version: 1\nsources:\n  - name: a\n    dialect: falco\n    colour: red", `a.yaml:5: "colour" is no field of sources; there are name,`},
		"twice a field":   {"version: 1\nsources:\n  - name: a\n    name: b\n    dialect: falco", "a.yaml:4: name is there twice: first at line 3"},
		"no name":         {"version: 1\nsources:\n  - dialect: falco", "a.yaml:3: name is missing"},
		"twice a name": {
			"version: 1\nsources:\n  - {name: a, dialect: falco}\n  - {name: a, dialect: wallarm}",
			"a.yaml:4: source a is there twice: the other one is at a.yaml:3",
		},
		"a merge":     {"version: 1\nsources:\n  - <<: {name: a}\n    dialect: falco", "a.yaml:3: << is not supported"},
		"binary":      {"version: 1\nsources:\n  - {name: a, dialect: falco, project: !!binary aGk=}", "is no value of JSON"},
		"not a float": {"version: 1\nsources:\n  - {name: a, dialect: falco, project: .nan}", `a.yaml:3: ".nan" is no value of JSON`},
		"no variable": {"version: 1\nsources:\n  - {name: a, dialect: falco, auth: {secret: local-env:MISSING}}", "a.yaml:3: local-env:MISSING: the variable MISSING is not set here"},
		"itself":      {"version: 1\nsources: [&a {name: a, dialect: falco, labels: {x: *a}}]", "is nested deeper than 64"},
		"a kind":      {"version: 1\nintegrations:\n  - {kind: weebhook, name: a}", `a.yaml:3: there is no connector of kind "weebhook"; there are splunk, webhook`},
		"a setting": {
			"version: 1\nintegrations:\n  - kind: webhook\n    name: a\n    settings:\n      url: x\n      batch:\n        maxx: 1",
			"a.yaml:8: settings.batch.maxx is not known; there are max",
		},
		"a secret": {
			"version: 1\nintegrations:\n  - kind: webhook\n    name: a\n    settings:\n      signing_secret: hunter2hunter2",
			"a.yaml:6: settings.signing_secret is a secret: write where it is",
		},
		"a secret header": {
			"version: 1\nintegrations:\n  - kind: webhook\n    name: a\n    settings:\n      headers:\n        - {name: A, value: hunter2, secret: true}",
			"a.yaml:7: settings.headers.0.value is a secret",
		},
		"a source's secret": {"version: 1\nsources:\n  - {name: a, dialect: github, auth: {secret: hunter2}}", "a.yaml:3: auth.secret is a secret"},
		"a mask": {
			"version: 1\nintegrations:\n  - kind: webhook\n    name: a\n    settings:\n      signing_secret: '********'",
			"a.yaml:6: settings.signing_secret is masked, and integration webhook/a is new here",
		},
		"a mask of nothing": {
			"version: 1\nintegrations:\n  - kind: webhook\n    name: SOC\n    settings:\n      url: '********'",
			"a.yaml:6: settings.url is masked, and the hub has no secret there to keep",
		},
		"nobody": {
			"version: 1\nintegrations:\n  - kind: webhook\n    name: a\n    fallback: name:webhook/b",
			"a.yaml:5: name:webhook/b: there is no integration of that name",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, err := read(t, tt.text)
			if err == nil {
				_, err = Make(m, things(t, socHook), Options{Schemas: webhookSchemas})
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the mistake tells a secret: %v", err)
			}
		})
	}
}

// A given-up secret is sent, although what is stored cannot be seen.
func TestVoided(t *testing.T) {
	t.Parallel()
	there := things(t, strings.Replace(socHook, `"version":3`, `"version":3,"voided":["signing_secret"]`, 1))
	m := mustRead(t, "version: 1\nintegrations: [{kind: webhook, name: SOC, settings: {signing_secret: local-env:SOC}}]")
	plan, err := Make(m, there, Options{})
	if err != nil || len(plan.Changes) != 1 || plan.Changes[0].Fields[0].After != secretChanged {
		t.Errorf("%+v, %v", plan, err)
	}
}

func exported(t require, list []Thing) string {
	var out bytes.Buffer
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	if err := enc.Encode(Export(list, webhookSchemas, func(*Section) bool { return true })); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

type require interface{ Fatal(...any) }

func TestExport(t *testing.T) {
	t.Parallel()
	list := things(t, socHook, github, drop)
	text := exported(t, list)
	golden(t, "export", text)
	plan, err := Make(mustRead(t, text), list, Options{Schemas: webhookSchemas, Prune: true, Resend: true})
	if err != nil || len(plan.Changes) > 0 {
		t.Errorf("what was exported would change something: %v, %v", plan, err)
	}
}

// Whatever a hub has: an export of it, applied to it, changes nothing.
func TestExportChangesNothing(t *testing.T) {
	t.Parallel()
	text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"true", "1", "1e3", "~", "2027-01-31", "a: b", "#", "- x", "\u202e", "0x10", "yes", "{", "'", "\x00", "\n\n x"})).
		Filter(func(s string) bool { return s != form.Mask && !strings.HasPrefix(s, "local-") })
	rapid.Check(t, func(t *rapid.T) {
		fields := map[string]any{
			"name": text.Filter(func(s string) bool { return s != "" }).Draw(t, "name"), "dialect": "falco", "enabled": rapid.Bool().Draw(t, "enabled"),
			"project": text.Draw(t, "project"), "labels": map[string]any{},
			"auth": map[string]any{"method": "none", "secret": form.Mask, "n": rapid.Float64Range(-1e9, 1e9).Draw(t, "n"), "i": int64(rapid.Int().Draw(t, "i"))},
		}
		for range rapid.IntRange(0, 3).Draw(t, "labels") {
			fields["labels"].(map[string]any)[text.Draw(t, "label")] = text.Draw(t, "value")
		}
		list := []Thing{{Section: sectionOf("sources"), ID: "src_1", Name: fields["name"].(string), Version: 1, Fields: fields}}
		out := exported(t, list)
		m, err := Read([]File{{"x", []byte(out)}}, resolve)
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		plan, err := Make(m, list, Options{Prune: true})
		if err != nil || len(plan.Changes) > 0 {
			t.Fatalf("%v %v\n%s", err, plan.Text(), out)
		}
	})
}

func FuzzRead(f *testing.F) {
	f.Add([]byte("version: 1\nsources: [&a {name: a, dialect: falco, labels: {x: *a}}]"))
	f.Add([]byte("version: 1\nintegrations:\n  - kind: webhook\n    name: SOC\n    settings: {url: x, headers: [{name: a, value: local-env:X, secret: true}]}"))
	f.Add([]byte("--- \n...\n---\nversion: 1"))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := Read([]File{{"f", text}}, resolve)
		if err != nil {
			return
		}
		plan, err := Make(m, things(t, socHook, github, drop), Options{Schemas: webhookSchemas, Prune: true, Resend: true})
		if err != nil {
			return
		}
		if strings.Contains(plan.Text(), goodSecret) {
			t.Fatalf("a secret is shown: %s", plan.Text())
		}
	})
}
