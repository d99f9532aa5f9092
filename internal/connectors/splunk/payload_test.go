package splunk

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/connectortest"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/event/eventtest"
)

// TestProfile: an event goes to Splunk in the chosen form: JSON as it is, a line of text as a string.
func TestProfile(t *testing.T) {
	t.Parallel()
	for profile, check := range map[string]func(raw json.RawMessage) error{
		"udm": func(raw json.RawMessage) error { return eventtest.UDM(raw) },
		"leef": func(raw json.RawMessage) error {
			var line string
			if err := json.Unmarshal(raw, &line); err != nil {
				return err
			}
			return eventtest.LEEF([]byte(line))
		},
	} {
		events := 0
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			for d := json.NewDecoder(r.Body); ; events++ {
				var o struct{ Event json.RawMessage }
				err := d.Decode(&o)
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					t.Error(err)
					break
				}
				if err := check(o.Event); err != nil {
					t.Errorf("%s: %s: %v", profile, o.Event, err)
				}
			}
			io.WriteString(w, `{"text":"Success","code":0}`) //nolint:errcheck
		}))
		t.Cleanup(s.Close)
		c := openAt(t, `{"url":"`+s.URL+`","token":"t","gzip":false,"profile":"`+profile+`"}`)
		if err := c.SendBatch(t.Context(), connectortest.Deliveries(connectortest.Hostile...)); err != nil {
			t.Error(err)
		}
		if events != len(connectortest.Hostile) {
			t.Errorf("%s: %d events", profile, events)
		}
	}
}

// TestUnwritable: an event that the form cannot hold fails for good and alone, and what Splunk says of the others is told
// of the right ones.
func TestUnwritable(t *testing.T) {
	t.Parallel()
	cannot := errors.New("has no such field")
	got := ""
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		got += string(b)
		w.WriteHeader(http.StatusBadRequest)
		io.WriteString(w, `{"text":"Invalid data format","code":6,"invalid-event-number":1}`) //nolint:errcheck
	}))
	t.Cleanup(s.Close)
	for _, packed := range []string{"true", "false"} {
		c := openAt(t, `{"url":"`+s.URL+`","token":"t","gzip":`+packed+`}`)
		c.format.form = func(dst []byte, r *event.Record) ([]byte, error) {
			if strings.HasSuffix(r.ID.Text(event.PrefixEvent), "1") {
				return dst, cannot
			}
			return append(dst, `{}`...), nil
		}
		err := c.SendBatch(t.Context(), fixed(t, 3))
		rejected, ok := connector.IsRejected(err)
		if !ok || !connector.IsPermanent(rejected[1]) || !errors.Is(rejected[1], cannot) || !connector.IsPermanent(rejected[2]) {
			t.Errorf("gzip %s: %v", packed, err)
		}
		got = ""
		rejected, _ = connector.IsRejected(c.SendBatch(t.Context(), fixed(t, 2)[1:]))
		if diff := cmp.Diff(1, len(rejected)); diff != "" || got != "" {
			t.Errorf("gzip %s: nothing to send: %v, %q", packed, rejected, got)
		}
	}
}
