package embedded_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/journal"
	"github.com/tocsin-hub/tocsin/internal/journal/embedded"
)

// TestOpen: what was appended is there after a restart, beside the ballast; a second owner is refused by name.
func TestOpen(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	o := embedded.Options{SegmentBytes: 1 << 20, Options: journal.Options{MinFree: -1, BallastBytes: 1 << 12}}
	open := func() *journal.Journal {
		t.Helper()
		j, err := embedded.Open(t.Context(), dir, o)
		if err != nil {
			t.Fatal(err)
		}
		return j
	}
	j := open()
	record := &event.Record{ID: event.NewID(), Account: "a", Type: "alert.created", Time: time.Now(), Received: time.Now(), Body: []byte(`{"a":1}`)}
	if _, err := j.Append(t.Context(), journal.Append{Account: "a", Records: []*event.Record{record}}); err != nil {
		t.Fatal(err)
	}
	if _, err := embedded.Open(t.Context(), dir, o); err == nil || !strings.Contains(err.Error(), dir) || !strings.Contains(err.Error(), "another process") {
		t.Fatalf("a second owner: %v", err)
	}
	if err := j.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	j = open()
	f, err := j.Read(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	list, err := f.Sections[0].Records()
	if err != nil || len(list) != 1 || list[0].ID != record.ID || j.Journalled("a") != 1 {
		t.Fatalf("%v, %v", list, err)
	}
	if s := j.Stats(); s.Last != 1 || s.Quarantined != 0 || s.FreeBytes == 0 {
		t.Errorf("stats %+v", s)
	}
	if err := j.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}
