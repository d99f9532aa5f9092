package ingest

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/event"
	ce "github.com/tocsin-hub/tocsin/internal/event/cloudevents"
)

func TestCloudEvents(t *testing.T) {
	t.Parallel()
	const attributes = `"specversion":"1.0","id":"A1","source":"/shop"`
	for _, c := range []struct {
		name, body string
		headers    []string
		want       []string // Bodies
		rejected   []string
	}{
		{
			name: "structured", headers: []string{"Content-Type", "application/cloudevents+json; charset=utf-8"},
			body: `{` + attributes + `,"type":"com.example.order","time":"2026-03-01T11:00:00+01:00","subject":"order 7","datacontenttype":"application/json","data":{"n":7}}`,
			want: []string{`{"type":"com.example.order","time":"2026-03-01T10:00:00Z","severity":"info","title":"com.example.order: order 7","source":{"instance":"/shop","id":"A1"},"data":{"cloudevents":{"subject":"order 7"},"n":7}}`},
		},
		{
			name: "a type that is not well-formed, extensions", headers: []string{"Content-Type", "application/cloudevents+json"},
			body: `{` + attributes + `,"type":"OrderCreated","severity":"HIGH","partitionkey":"o-7","traceparent":"00-x","dataschema":"https://x/y","data":"text","datacontenttype":"text/plain"}`,
			want: []string{`{"type":"custom.cloudevent","severity":"high","title":"OrderCreated","ordering_key":"o-7","source":{"instance":"/shop","id":"A1"},` +
				`"data":{"cloudevents":{"datacontenttype":"text/plain","dataschema":"https://x/y","traceparent":"00-x","type":"OrderCreated"},"value":"text"}}`},
		},
		{
			name: "native data", headers: []string{"Content-Type", "application/cloudevents+json"},
			body: `{` + attributes + `,"type":"alert.created","time":"2026-03-01T10:00:00Z","subject":"s","data":{"type":"alert.created","severity":"low","title":"t","extra":1,"source":{"vendor":"v"}}}`,
			want: []string{`{"type":"alert.created","time":"2026-03-01T10:00:00Z","severity":"low","title":"t","source":{"vendor":"v","instance":"/shop","id":"A1"},"data":{"cloudevents":{"subject":"s"},"extra":1}}`},
		},
		{
			name: "native data with its own of everything", headers: []string{"Content-Type", "application/cloudevents+json"},
			body: `{` + attributes + `,"type":"com.example.wrapped","time":"2026-03-01T10:00:00Z","data":{"type":"ip.blocked","time":"2026-01-01T00:00:00Z","severity":"low","source":{"instance":"i","id":"x"}}}`,
			want: []string{`{"type":"ip.blocked","time":"2026-01-01T00:00:00Z","severity":"low","source":{"instance":"i","id":"x"},"data":{"cloudevents":{"id":"A1","source":"/shop","type":"com.example.wrapped"}}}`},
		},
		{
			name: "data that only looks native", headers: []string{"Content-Type", "application/cloudevents+json"},
			body: `{` + attributes + `,"type":"order.created","data":{"type":"order.line","status":5}}`,
			want: []string{`{"type":"order.created","severity":"info","title":"order.created","source":{"instance":"/shop","id":"A1"},"data":{"status":5,"type":"order.line"}}`},
		},
		{
			name: "batch", headers: []string{"Content-Type", "application/cloudevents-batch+json"},
			body: `[{` + attributes + `,"type":"a.b"},{"specversion":"0.3","id":"","source":"x","type":"a.b"},{` + attributes + `,"type":"a.c","data_base64":"AAE="}]`,
			want: []string{
				`{"type":"a.b","severity":"info","title":"a.b","source":{"instance":"/shop","id":"A1"}}`,
				`{"type":"a.c","severity":"info","title":"a.c","source":{"instance":"/shop","id":"A1"},"data":{"base64":"AAE="}}`,
			},
			rejected: []string{`1: id: want a text that is not empty: CloudEvents requires it; specversion: "0.3" is not supported: want 1.0`},
		},
		{
			name: "binary", headers: []string{"Content-Type", "application/json", "Ce-Specversion", "1.0", "Ce-Id", "A1", "Ce-Source", "/shop", "Ce-Type", "a.b", "Ce-Subject", "caf%C3%A9", "Ce-Time", "2026-03-01T10:00:00Z"},
			body: `{"n":[1,2]}`,
			want: []string{`{"type":"a.b","time":"2026-03-01T10:00:00Z","severity":"info","title":"a.b: café","source":{"instance":"/shop","id":"A1"},"data":{"cloudevents":{"subject":"café"},"n":[1,2]}}`},
		},
		{
			name: "binary, text", headers: []string{"Content-Type", "text/plain", "Ce-Specversion", "1.0", "Ce-Id", "A1", "Ce-Source", "/shop", "Ce-Type", "a.b"},
			body: "hello\n",
			want: []string{`{"type":"a.b","severity":"info","title":"a.b","source":{"instance":"/shop","id":"A1"},"data":{"cloudevents":{"datacontenttype":"text/plain"},"value":"hello\n"}}`},
		},
		{
			name: "binary, bytes", headers: []string{"Content-Type", "application/octet-stream", "Ce-Specversion", "1.0", "Ce-Id", "A1", "Ce-Source", "/shop", "Ce-Type", "a.b"},
			body: "\xff\x00",
			want: []string{`{"type":"a.b","severity":"info","title":"a.b","source":{"instance":"/shop","id":"A1"},"data":{"base64":"/wA=","cloudevents":{"datacontenttype":"application/octet-stream"}}}`},
		},
		{
			name: "binary without data", headers: []string{"Content-Type", "-", "Ce-Specversion", "1.0", "Ce-Id", "A1", "Ce-Source", "/shop", "Ce-Type", "a.b"},
			want: []string{`{"type":"a.b","severity":"info","title":"a.b","source":{"instance":"/shop","id":"A1"}}`},
		},
		{
			name: "binary with broken data", headers: []string{"Content-Type", "application/json", "Ce-Specversion", "1.0", "Ce-Id", "A1", "Ce-Source", "/shop", "Ce-Type", "a.b"},
			body: `{x}`, rejected: []string{`0: data: at byte 1: unexpected 'x': want a member name in '"'`},
		},
		{
			name: "bad time", headers: []string{"Content-Type", "application/cloudevents+json"},
			body: `{` + attributes + `,"type":"a.b","time":"soon"}`, rejected: []string{`0: time: "soon" is not a time (RFC 3339)`},
		},
		{
			name: "both kinds of data", headers: []string{"Content-Type", "application/cloudevents+json"},
			body: `{` + attributes + `,"type":"a.b","data":1,"data_base64":"AA=="}`, rejected: []string{`0: data_base64: stands beside data`},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(Limits{})
			a := read(t, b.post(EventsPath, c.body, c.headers...))
			var got []string
			for _, r := range b.journal.all() {
				got = append(got, string(r.Body))
				if len(c.body) > 0 && len(r.Raw) == 0 || !strings.Contains(c.body, string(r.Raw)) {
					t.Errorf("raw is %q", r.Raw)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
			if c.rejected == nil {
				c.rejected = []string{}
			}
			if diff := cmp.Diff(c.rejected, a.rejections()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestCloudEventsRoundTrip: what Tocsin sends as CloudEvents, Tocsin takes in again as the same event.
func TestCloudEventsRoundTrip(t *testing.T) {
	t.Parallel()
	for _, info := range event.Types() {
		r, err := event.Parse(info.Sample, event.DefaultAccount, testNow, event.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		r.ID = event.NewID()
		b := newBench(Limits{})
		a := read(t, b.post(EventsPath, string(ce.Append(nil, r, "")), "Content-Type", ce.ContentType))
		if reserved := strings.HasPrefix(info.Name, reservedTypes); reserved != (a.Accepted != 1) {
			t.Errorf("%s, which is reserved (%v): %+v", info.Name, reserved, a)
		}
		if a.Accepted != 1 {
			continue
		}
		got, err := b.journal.all()[0].Event()
		if err != nil {
			t.Fatal(err)
		}
		want, err := r.Event()
		if err != nil {
			t.Fatal(err)
		}
		if got.Source == nil || got.Source.ID == "" {
			t.Errorf("%s: source.id is missing", info.Name)
		}
		got.Source, want.Source, got.OrderingKey, want.OrderingKey = nil, nil, "", ""
		got.Data, want.Data = withoutEnvelope(t, got.Data), withoutEnvelope(t, want.Data)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", info.Name, diff)
		}
	}
}

// withoutEnvelope takes out of data what the way through the hub added.
func withoutEnvelope(t *testing.T, data json.RawMessage) json.RawMessage {
	t.Helper()
	o := object{}
	if len(data) > 0 && json.Unmarshal(data, &o) != nil {
		t.Fatalf("data %s", data)
	}
	for _, name := range []string{"cloudevents", "cloudevents_2", "received_at", "id"} {
		delete(o, name)
	}
	return o.data()
}
