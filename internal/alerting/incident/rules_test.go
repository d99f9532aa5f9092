package incident

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
)

func TestRuleInput(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made := w.rule(`{"name":"x"}`)
	if want := `{"name":"x","position":100,"enabled":true,"match":{},"group_by":["entity"],"entity_types":["ip","user","host"],"window":"5m0s","threshold":3,` +
		`"title":"{count} related alerts: {key}"}`; string(made.Spec) != want {
		t.Errorf("defaults %s", made.Spec)
	}
	for raw, want := range map[string]string{
		`[]`:                                           "must be an object",
		`{}`:                                           "name is required",
		`{"name":"a\nb"}`:                              "name must be one line",
		`{"name":"x","window":"1s"}`:                   "window must be a duration",
		`{"name":"x","window":"25h"}`:                  "window must be a duration",
		`{"name":"x","threshold":0}`:                   "threshold must be 1 to 100",
		`{"name":"x","threshold":1e9}`:                 "threshold must be",
		`{"name":"x","group_by":[]}`:                   "group_by name at least one",
		`{"name":"x","group_by":["colour"]}`:           "group_by.0 must be one of",
		`{"name":"x","match":{"where":"1+"}}`:          "match.where at line 1",
		`{"name":"x","match":{"colour":1}}`:            "match.colour is not known",
		`{"name":"x","match":7}`:                       "match must be an object",
		`{"name":"x","match":{"severities":["loud"]}}`: "match.severities.0 must be one of",
		`{"name":"x","colour":1}`:                      "colour is not known",
	} {
		if _, err := w.CreateRule(t.Context(), acme, json.RawMessage(raw)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", raw, err)
		}
	}
	_, err := w.CreateRule(t.Context(), acme, json.RawMessage(`{"name":7,"group_by":"entity","window":5}`))
	if errs, _ := form.AsErrors(err); len(errs) != 3 {
		t.Errorf("three members of the wrong kind: %v", err)
	}
	if _, err := w.CreateRule(t.Context(), acme, json.RawMessage(`{"name":"x"}`)); !errors.Is(err, ErrNameTaken) {
		t.Errorf("a taken name: %v", err)
	}
	r, err := w.UpdateRule(t.Context(), acme, made.ID, 1, json.RawMessage(`{"match":{"projects":["web"],"where":"true"},"window":null}`))
	if err != nil || gjson.GetBytes(r.Spec, "match").Raw != `{"projects":["web"],"where":"true"}` || r.Version != 2 {
		t.Errorf("changed %s: %v", r.Spec, err)
	}
	r, err = w.UpdateRule(t.Context(), acme, made.ID, 2, json.RawMessage(`{"match":{"where":null},"id":"x","version":7}`))
	if err != nil || gjson.GetBytes(r.Spec, "match").Raw != `{"projects":["web"]}` {
		t.Errorf("changed %s: %v", r.Spec, err)
	}
	if _, err := w.UpdateRule(t.Context(), acme, made.ID, 2, json.RawMessage(`{"threshold":5}`)); !errors.Is(err, ErrVersion) {
		t.Errorf("a stale version: %v", err)
	}
	if err := w.DeleteRule(t.Context(), "other", made.ID, 0); !errors.Is(err, ErrRuleNotFound) {
		t.Errorf("another account's: %v", err)
	}
	if err := w.DeleteRule(t.Context(), acme, made.ID, 3); err != nil {
		t.Error(err)
	}
	for n := range MaxRules {
		w.rule(fmt.Sprintf(`{"name":"%d"}`, n))
	}
	if _, err := w.CreateRule(t.Context(), acme, json.RawMessage(`{"name":"one more"}`)); !errors.Is(err, ErrRulesFull) {
		t.Errorf("one more: %v", err)
	}
}

// TestRulesTakeEffect: a new rule sees the alerts of a little while ago, and a deleted one does nothing any more.
func TestRulesTakeEffect(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fold(w.alert("a", event.High, "203.0.113.7"), w.alert("b", event.High, "203.0.113.7"))
	made := w.rule(recommended)
	w.fold(w.alert("c", event.High, "203.0.113.7"))
	if n := len(w.incidents()); n != 1 {
		t.Errorf("%d incidents", n)
	}
	if err := w.DeleteRule(t.Context(), acme, made.ID, 0); err != nil {
		t.Fatal(err)
	}
	if writes := w.fold(w.alert("d", event.High, "203.0.113.7")); len(writes) != 0 {
		t.Errorf("a deleted rule makes %+v", writes)
	}
}

func TestTry(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for n := range 10 {
		a := w.alert(fmt.Sprint(n), event.Severity(n%5), fmt.Sprint("192.0.2.", n%2))
		a.Entities = append(a.Entities, event.Entity{Type: "host", Value: "web-1"})
		w.fold(a)
		w.pass(time.Minute)
	}
	trial, err := w.Try(t.Context(), acme, json.RawMessage(`{"name":"x","entity_types":["ip"],"match":{"severities":["low","medium","high","critical"]}}`), 1000)
	if err != nil {
		t.Fatal(err)
	}
	if trial.Looked != 10 || trial.Matched != 8 || trial.Grouped != 4 || trial.Incidents != 1 || trial.Items[0].Alerts != 4 || trial.Items[0].Severity != "critical" ||
		len(trial.Items[0].AlertIDs) != 4 || !trial.Items[0].From.Equal(base.Add(6*time.Minute)) {
		t.Errorf("got %+v", trial)
	}
	trial, err = w.Try(t.Context(), acme, json.RawMessage(`{"name":"x"}`), 1000)
	if err != nil || trial.Grouped != 10 {
		t.Errorf("an alert of two keys is counted once: %+v, %v", trial, err)
	}
	if n := len(w.incidents()); n != 0 {
		t.Errorf("a trial made %d incidents", n)
	}
	if _, err := w.Try(t.Context(), acme, json.RawMessage(`{"name":""}`), 10); err == nil {
		t.Error("a rule without a name is tried")
	}
}
