package news

import (
	"encoding/binary"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/event"
)

func row(n int) Row {
	var id event.ID
	binary.BigEndian.PutUint64(id[:], uint64(n))
	return Row{ID: id}
}

func TestReadersGetWhatIsTheirs(t *testing.T) {
	t.Parallel()
	b := new(Board)
	b.Changed("acme", Alerts, row(9)) // nobody watches
	if b.Watched() {
		t.Error("nobody watches")
	}
	alerts, both, other := b.Read("acme", Alerts), b.Read("acme", Alerts, Incidents), b.Read("other", Alerts, Incidents)
	b.Changed("acme", Alerts, row(1), row(2))
	b.Changed("acme", Incidents, Row{Number: 7})
	b.Changed("acme", Alerts, row(3), row(1))
	b.Many("acme", Incidents)
	for name, c := range map[string]struct {
		got, want Taken
	}{
		"the first two":           {both.Take(Alerts, 2), Taken{Rows: []Row{row(1), row(2)}}},
		"the rest":                {both.Take(Alerts, 2), Taken{Rows: []Row{row(3)}}},
		"incidents":               {both.Take(Incidents, 9), Taken{Rows: []Row{{Number: 7}}, Many: true}},
		"alerts only":             {alerts.Take(Alerts, 9), Taken{Rows: []Row{row(1), row(2), row(3)}}},
		"what is not wanted":      {alerts.Take(Incidents, 9), Taken{}},
		"another account's":       {other.Take(Alerts, 9), Taken{}},
		"another account's other": {other.Take(Incidents, 9), Taken{}},
	} {
		if len(c.got.Rows) == 0 {
			c.got.Rows = nil
		}
		if diff := cmp.Diff(c.want, c.got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	b.Changed("acme", Alerts, row(1)) // what was taken comes again
	if got := alerts.Take(Alerts, 9); len(got.Rows) != 1 {
		t.Errorf("a row that changed again is %v", got)
	}
	for _, r := range []*Reader{alerts, both, other, other} {
		r.Close()
	}
	if b.Watched() || len(b.readers) != 0 {
		t.Errorf("%d readers are left", b.watched.Load())
	}
}

// A row waits once, however often it changes, and what there is no room for is counted.
func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	b := new(Board)
	r := b.Read("acme", Jobs)
	defer r.Close()
	for n := range MaxRows + 10 {
		for range 3 {
			b.Changed("acme", Jobs, row(n))
		}
	}
	got := r.Take(Jobs, MaxRows*2)
	if len(got.Rows) != MaxRows || got.Missed != 30 {
		t.Fatalf("%d rows, %d missed", len(got.Rows), got.Missed)
	}
	if got := r.Take(Jobs, 1); len(got.Rows) != 0 || got.Missed != 0 {
		t.Errorf("it tells twice: %v", got)
	}
}

func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	b := new(Board)
	var all sync.WaitGroup
	for n := range 8 {
		all.Go(func() {
			for i := range 200 {
				b.Changed("acme", Blocks, row(n*1000+i))
				r := b.Read("acme", Blocks)
				b.Changed("acme", Blocks, row(n*1000+i))
				if got := r.Take(Blocks, 5000); len(got.Rows) == 0 {
					t.Error("a change was not told")
				}
				r.Close()
			}
		})
	}
	all.Wait()
	if b.Watched() {
		t.Error("a reader is left")
	}
}
