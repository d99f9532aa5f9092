package event_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/event/eventtest"
)

// byTheBook reads a body as encoding/json does.
func byTheBook(r *event.Record) (event.Event, error) {
	var e event.Event
	err := json.Unmarshal(r.Body, &e)
	e.Severity, e.Time = r.Severity, r.Time
	return e, err
}

func compare(t interface{ Errorf(string, ...any) }, r *event.Record) {
	want, bad := byTheBook(r)
	got, err := r.Event()
	if (err != nil) != (bad != nil) {
		t.Errorf("%s: error %v, encoding/json says %v", r.Body, err, bad)
		return
	}
	if err == nil {
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s (-encoding/json +Event)\n%s", r.Body, diff)
		}
	}
}

// TestEvent: the fast way reads the same as encoding/json.
func TestEvent(t *testing.T) {
	t.Parallel()
	for _, r := range eventtest.Catalogue(t) {
		compare(t, r)
	}
	compare(t, eventtest.Full(t))
	for _, text := range eventtest.Hostile {
		compare(t, eventtest.Of(t, eventtest.Filled(text)))
	}
	for _, body := range []string{
		`{"type":"a.b","time":"2026-03-01T11:15:30.25+01:00","rule":null,"source":{"id":null,"vendor":"\u00e9","x":1},"risk_score":0.5e2,"tags":[],"labels":{},"mitre":null}`,
		"{ \"type\" : \"a.b\" , \"entities\" : [ { \"type\" : \"ip\" , \"v\\u0061lue\" : \"::1\" , \"role\" : null , \"observed\" : null , \"more\" : [ 1 , {} ] } ] }",
		`{"type":"a.b","labels":{"a\"b":"","\u0061":"x"},"data":{"type":7},"unknown":{"type":"c.d"}}`,
		`{"type":7}`, `{"type":"a.b","tags":[1]}`, `{"type":"a.b","entities":{}}`, `{"type":"a.b","entities":[{"type":1}]}`, `{"type":"a.b","rule":{"id":1}}`,
		`{"type":"a.b","risk_score":"x"}`, `{"type":"a.b","labels":{"a":1}}`, `{}`, `[]`, ``, `{`, `x`, `{"type":"a.b"} x`, `{"type":"a.b","title":"` + "\n" + `"}`,
	} {
		compare(t, &event.Record{Body: []byte(body), Severity: event.High, Time: eventtest.Received})
	}
}

func TestAnyEvent(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) { compare(rt, eventtest.Draw(rt)) })
}

// TestEventIsItsOwn: the event outlives the buffer that its record points into.
func TestEventIsItsOwn(t *testing.T) {
	t.Parallel()
	r := eventtest.Full(t)
	e, err := r.Event()
	if err != nil {
		t.Fatal(err)
	}
	want, _ := byTheBook(r)
	for i := range r.Body {
		r.Body[i] = 'x'
	}
	e.Type = want.Type
	if diff := cmp.Diff(want, e, cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
}

func FuzzEvent(f *testing.F) {
	f.Add([]byte(eventtest.FullText))
	f.Add([]byte(`{"type":"a.b","entities":[{"type":"ip","value":"\ud83d\ude00"}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := event.Parse(b, event.DefaultAccount, eventtest.Received, event.Limits{})
		if err != nil {
			_, _ = (&event.Record{Body: b}).Event() // must not panic
			return
		}
		compare(t, r)
	})
}

func BenchmarkEvent(b *testing.B) {
	r := eventtest.Full(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.Event(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEventByTheBook(b *testing.B) {
	r := eventtest.Full(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := byTheBook(r); err != nil {
			b.Fatal(err)
		}
	}
}
