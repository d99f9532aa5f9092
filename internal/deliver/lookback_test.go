package deliver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/integration"
	"github.com/tocsin-hub/tocsin/internal/journal"
)

// A look back is over one account's events, the newest first, as far as was asked for and can be read.
func TestLookBack(t *testing.T) {
	t.Parallel()
	damaged := map[uint64]bool{3: true}
	w := newWorld(t)
	w.wrap = func(j Journal) Journal {
		return &faultyJournal{j, func(n uint64) error {
			if damaged[n] {
				return fmt.Errorf("frame %d: %w", n, journal.ErrDamaged)
			}
			return nil
		}}
	}
	w.start()
	w.sendN(4, 2, "alert.created", nil) // frames 1 and 2
	w.sendN(2, 2, "alert.updated", nil) // frame 3, which cannot be read
	other := recordOf("alert.created", "")
	other.Account = "other"
	if _, err := w.j.Append(t.Context(), journal.Append{Account: other.Account, Records: []*event.Record{other}}); err != nil {
		t.Fatal(err)
	}
	w.sendN(3, 3, "ip.blocked", nil) // frame 5
	at := func(frame uint64) time.Time {
		f, err := w.j.Read(t.Context(), frame)
		if err != nil {
			t.Fatal(err)
		}
		return f.Time
	}
	day := time.Now().Add(-24 * time.Hour)
	for name, tt := range map[string]struct {
		since time.Time
		most  int // sections
		want  []int
		reach Extent
	}{
		"all":               {day, 9, []int{6, 7, 8, 2, 3, 0, 1}, Extent{Since: at(1), Complete: true}},
		"only what is new":  {at(2), 9, []int{6, 7, 8, 2, 3}, Extent{Since: at(2), Complete: true}},
		"nothing":           {time.Now().Add(time.Hour), 9, nil, Extent{Since: time.Time{}, Complete: true}},
		"as far as it went": {day, 1, []int{6, 7, 8}, Extent{Since: at(4)}}, // the other account's frame was passed
	} {
		if name == "nothing" {
			tt.reach.Since = tt.since
		}
		var got []int
		sections := 0
		reach, err := w.e.LookBack(t.Context(), event.DefaultAccount, tt.since, func(types []journal.TypeCount, open func() ([]*event.Record, error)) bool {
			if sections++; sections > tt.most {
				return false
			}
			records, err := open()
			if err != nil || len(types) != 1 || int(types[0].Count) != len(records) || types[0].Type != records[0].Type {
				t.Errorf("%s: %v of %d events, %v", name, types, len(records), err)
			}
			for _, r := range records {
				got = append(got, slices.IndexFunc(w.list, func(sent *event.Record) bool { return sent.ID == r.ID }))
			}
			return true
		})
		if err != nil || !slices.Equal(got, tt.want) || !reach.Since.Equal(tt.reach.Since) || reach.Complete != tt.reach.Complete {
			t.Errorf("%s: %v as far as %+v, %v; want %v, %+v", name, got, reach, err, tt.want, tt.reach)
		}
	}
	gone, cancel := context.WithCancel(t.Context())
	seen := 0
	_, err := w.e.LookBack(gone, event.DefaultAccount, day, func([]journal.TypeCount, func() ([]*event.Record, error)) bool {
		seen++
		cancel()
		return true
	})
	if !errors.Is(err, context.Canceled) || seen != 1 {
		t.Errorf("after its caller had gone it looked at %d sections: %v", seen, err)
	}
}

// BenchmarkLookBack tries a subscription on a day of 100,000 events of about 1 KiB.
func BenchmarkLookBack(b *testing.B) {
	const events = 100_000
	for _, per := range []int{400, 20, 1} {
		w := newWorld(b)
		w.seg = 64 << 20
		w.start()
		fill(b, w, events, per)
		for name, sub := range map[string]string{
			"closed": `{"types":["ip.*"]}`, "severity": `{"types":["*"],"min_severity":"critical"}`,
			"where": `{"types":["*"],"where":"event.severity_level >= HIGH && event.data.n % 2 == 0 || \"pci\" in event.tags"}`,
		} {
			b.Run(fmt.Sprintf("frames of %d/%s", per, name), func(b *testing.B) {
				for b.Loop() {
					trial, err := integration.NewTrial(json.RawMessage(sub), events)
					if err != nil {
						b.Fatal(err)
					}
					reach, err := w.e.LookBack(b.Context(), event.DefaultAccount, time.Now().Add(-24*time.Hour), func(types []journal.TypeCount, open func() ([]*event.Record, error)) bool {
						return trial.Section(b.Context(), types, open)
					})
					if r := trial.Result(reach.Since, time.Now(), reach.Complete); err != nil || r.Looked != events || !r.Complete {
						b.Fatal(r.Looked, reach, err)
					}
				}
			})
		}
		w.crash()
	}
}

// fill journals events in frames of so many.
func fill(b *testing.B, w *world, events, per int) {
	b.Helper()
	for first := 0; first < events; first += per {
		records := make([]*event.Record, min(per, events-first))
		for i := range records {
			records[i] = recordOf("alert.created", "")
			records[i].Body = fmt.Appendf(nil, `{"type":"alert.created","severity":"high","title":"number %d","tags":["a","b"],"description":"%0800d","data":{"n":%d}}`, first+i, i, first+i)
		}
		if _, err := w.j.Append(b.Context(), journal.Append{Account: event.DefaultAccount, Records: records}); err != nil {
			b.Fatal(err)
		}
	}
}
