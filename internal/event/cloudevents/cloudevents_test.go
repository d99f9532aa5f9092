package cloudevents

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/tocsin-hub/tocsin/internal/event"
)

var received = time.Date(2026, 3, 1, 10, 15, 30, 500, time.UTC)

func record(t testing.TB, text string) *event.Record {
	t.Helper()
	r, err := event.Parse([]byte(text), event.DefaultAccount, received, event.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	r.ID, err = event.ParseID(event.PrefixEvent, "evt_01h455vb4pex5vsknk084sn02q")
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestAppend(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, in, want string }{
		{
			name: "least",
			in:   `{"type":"custom.event"}`,
			want: `{"specversion":"1.0","id":"evt_01h455vb4pex5vsknk084sn02q","source":"/accounts/default","type":"custom.event",` +
				`"time":"2026-03-01T10:15:30.0000005Z","severity":"info","datacontenttype":"application/json","data":` +
				`{"id":"evt_01h455vb4pex5vsknk084sn02q","account":"default","received_at":"2026-03-01T10:15:30.0000005Z",` +
				`"time":"2026-03-01T10:15:30.0000005Z","severity":"info","type":"custom.event"}}`,
		},
		{
			name: "project and keys with characters that need escaping",
			in:   `{"type":"alert.created","severity":"high","time":"2026-03-01T11:00:00+01:00","project":"a b/\"ü","dedup_key":"k\"\n","incident":"INC-1"}`,
			want: `{"specversion":"1.0","id":"evt_01h455vb4pex5vsknk084sn02q","source":"/accounts/default/projects/a%20b%2F%22%C3%BC",` +
				`"type":"alert.created","time":"2026-03-01T10:00:00Z","subject":"k\"\n","partitionkey":"INC-1","severity":"high",` +
				`"datacontenttype":"application/json","data":{"id":"evt_01h455vb4pex5vsknk084sn02q","account":"default",` +
				`"received_at":"2026-03-01T10:15:30.0000005Z","type":"alert.created","severity":"high","time":"2026-03-01T11:00:00+01:00",` +
				`"project":"a b/\"ü","dedup_key":"k\"\n","incident":"INC-1"}}`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := Append([]byte("x"), record(t, c.in), "")
			if diff := cmp.Diff("x"+c.want, string(got)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestSchema(t *testing.T) {
	t.Parallel()
	schema := publishedSchema(t)
	for _, info := range event.Types() {
		b := Append(nil, record(t, string(info.Sample)), "https://tocsin.example.com/events/1")
		if bytes.ContainsAny(b, "\n\r") {
			t.Errorf("%s: more than one line", info.Name)
		}
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
		if err != nil {
			t.Errorf("%s: %v", info.Name, err)
			continue
		}
		if err := schema.Validate(value); err != nil {
			t.Errorf("%s: %v", info.Name, err)
		}
	}
}

func publishedSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	shared := os.Getenv("TOCSIN_SHARED")
	if shared == "" {
		shared = filepath.Join("..", "..", "..", "..", "shared")
	}
	b, err := os.ReadFile(filepath.Join(shared, "specs", "cloudevents", "cloudevents.json"))
	if err != nil {
		t.Skip("the published CloudEvents schema is not here: set TOCSIN_SHARED")
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("cloudevents.json", doc); err != nil {
		t.Fatal(err)
	}
	return c.MustCompile("cloudevents.json")
}

func BenchmarkAppend(b *testing.B) {
	sample, _ := event.Sample("alert.created")
	r := record(b, string(sample))
	if !json.Valid(Append(nil, r, "https://tocsin.example.com/events/1")) {
		b.Fatal("not JSON")
	}
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf = Append(buf[:0], r, "https://tocsin.example.com/events/1")
	}
}
