package integration

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/journal"
	"github.com/tocsin-hub/tocsin/internal/route"
)

func TestTrial(t *testing.T) {
	t.Parallel()
	var records []*event.Record
	for i := range 60 {
		body := fmt.Sprintf(`{"type":"alert.created","severity":"high","title":"n%d","data":{"n":%d,"k%d":1}}`, i, i%3, i)
		if i%10 == 0 {
			body = `{"type":"alert.created","severity":"info"}`
		}
		r, err := event.Parse([]byte(body), "acme", time.Unix(1e9, 0), event.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		r.ID = event.NewID()
		records = append(records, r)
	}
	slices.Reverse(records) // as they came: the newest is the last
	got, err := tried(t, `{"types":["*"],"min_severity":"low","where":"event.data.n != 1"}`, 100, records)
	if err != nil || got.Looked != 60 || got.Matched != 36 || len(got.Samples) != MaxSamples || got.Samples[0].Title != "n2" || len(got.Errors) != 0 {
		t.Fatalf("%+v %v", got, err)
	}
	if len(got.Filtered) != 2 || got.Filtered[0].Count != 18 || got.Filtered[1].Count != 6 {
		t.Errorf("%+v", got.Filtered)
	}
	if len(got.LeftOut) != MaxSamples || got.LeftOut[0].Reason != string(route.TooLow) || got.LeftOut[1].Reason != string(route.Where) || got.Samples[0].Reason != "" {
		t.Errorf("%+v", got.LeftOut)
	}
	got, err = tried(t, `{"types":["*"],"where":"event.data[event.data.map(k, k)[1] + \"x\"] == 1"}`, 100, records)
	if err != nil || got.Matched != 0 || len(got.Errors) != MaxTrialErrors { // one error for each event: their number is bounded
		t.Errorf("%+v %v", got, err)
	}
	if _, err := tried(t, `{"where":"event."}`, 100, records); err == nil {
		t.Error("a wrong expression was tried")
	}
	if got, err := tried(t, `{}`, 100, nil); err != nil || got.Looked != 0 || got.Filtered == nil || got.LeftOut == nil {
		t.Errorf("%+v %v", got, err)
	}
}

// tried tries a subscription on events that stand together.
func tried(t *testing.T, raw string, last int, records []*event.Record) (SubscriptionTrial, error) {
	t.Helper()
	trial, err := NewTrial(json.RawMessage(raw), last)
	if err != nil {
		return SubscriptionTrial{}, err
	}
	section(t.Context(), trial, records)
	return trial.Result(time.Unix(1e9, 0), time.Unix(2e9, 0), true), nil
}

func section(ctx context.Context, trial *Trial, records []*event.Record) bool {
	return trial.Section(ctx, typesOf(records), func() ([]*event.Record, error) { return records, nil })
}

func typesOf(records []*event.Record) (types []journal.TypeCount) {
	for _, r := range records {
		k := slices.IndexFunc(types, func(c journal.TypeCount) bool { return c.Type == r.Type })
		if k < 0 {
			k, types = len(types), append(types, journal.TypeCount{Type: r.Type})
		}
		types[k].Count++
	}
	return types
}

func recordsOf(kind string, n, second int) []*event.Record {
	records := make([]*event.Record, n)
	for i := range records {
		records[i] = &event.Record{ID: event.NewID(), Account: "acme", Type: kind, Received: time.Unix(int64(second), 0), Body: []byte(`{}`)}
	}
	return records
}

// Events none of which can be wanted are counted by their types, with the reason that each would have had.
func TestTrialClosed(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]route.Reason{`{"types":["ip.*"]}`: route.TypeFiltered, `{}`: route.NoTypes} {
		trial, err := NewTrial(json.RawMessage(raw), 1000)
		if err != nil {
			t.Fatal(err)
		}
		section(t.Context(), trial, recordsOf("alert.created", MaxSamples-1, 9))
		opened := 0
		for _, records := range [][]*event.Record{
			recordsOf("alert.created", 3, 8), // one example is missing
			slices.Concat(recordsOf("alert.created", 5, 7), recordsOf("alert.updated", 4, 7)),
			slices.Concat(recordsOf("alert.created", 1, 6), recordsOf(event.TypeDigest, 1, 6)), // it may be for one integration alone
		} {
			trial.Section(t.Context(), typesOf(records), func() ([]*event.Record, error) { opened++; return records, nil })
		}
		got := trial.Result(time.Time{}, time.Time{}, true)
		all := MaxSamples - 1 + 3 + 9 + 2
		if opened != 2 || got.Looked != all || got.Matched != 0 || len(got.Filtered) != 1 || got.Filtered[0] != (TrialReason{string(want), all}) {
			t.Errorf("%s: %d opened, %+v", raw, opened, got)
		}
	}
}

// A trial ends at its limit, in the midst of what stands together if need be, and says how far it came. What cannot be
// read is not counted.
func TestTrialEnds(t *testing.T) {
	t.Parallel()
	trial, err := NewTrial(json.RawMessage(`{"types":["ip.*"]}`), 25)
	if err != nil {
		t.Fatal(err)
	}
	if !section(t.Context(), trial, recordsOf("ip.blocked", 15, 30)) {
		t.Fatal("it ended before its limit")
	}
	if !trial.Section(t.Context(), typesOf(recordsOf("ip.blocked", 1, 20)), func() ([]*event.Record, error) { return nil, journal.ErrDamaged }) {
		t.Error("it ended at what is damaged")
	}
	list := slices.Concat(recordsOf("ip.blocked", 5, 11), recordsOf("ip.blocked", 10, 12))
	for range 2 {
		if section(t.Context(), trial, list) {
			t.Error("it went on above its limit")
		}
	}
	got := trial.Result(time.Unix(30, 0).UTC(), time.Unix(40, 0).UTC(), false)
	if got.Looked != 25 || got.Matched != 25 || got.Complete || !got.Since.Equal(time.Unix(12, 0)) || !got.Until.Equal(time.Unix(40, 0)) {
		t.Errorf("%+v", got)
	}

	gone, cancel := context.WithCancel(t.Context())
	trial, err = NewTrial(json.RawMessage(`{"types":["*"]}`), 25)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if section(gone, trial, list) || trial.Result(time.Time{}, time.Time{}, false).Looked != 0 {
		t.Error("it went on after its caller had gone")
	}
}
