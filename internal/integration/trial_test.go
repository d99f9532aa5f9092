package integration

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
)

func TestTrySubscription(t *testing.T) {
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
	got, err := TrySubscription(json.RawMessage(`{"types":["*"],"min_severity":"low","where":"event.data.n != 1"}`), records)
	if err != nil || got.Looked != 60 || got.Matched != 36 || len(got.Samples) != MaxSamples || got.Samples[0].Title != "n2" || len(got.Errors) != 0 {
		t.Fatalf("%+v %v", got, err)
	}
	if len(got.Filtered) != 2 || got.Filtered[0].Count != 18 || got.Filtered[1].Count != 6 {
		t.Errorf("%+v", got.Filtered)
	}
	got, err = TrySubscription(json.RawMessage(`{"types":["*"],"where":"event.data[event.data.map(k, k)[1] + \"x\"] == 1"}`), records)
	if err != nil || got.Matched != 0 || len(got.Errors) != MaxTrialErrors { // one error for each event: their number is bounded
		t.Errorf("%+v %v", got, err)
	}
	if _, err := TrySubscription(json.RawMessage(`{"where":"event."}`), records); err == nil {
		t.Error("a wrong expression was tried")
	}
	if got, err := TrySubscription(json.RawMessage(`{}`), nil); err != nil || got.Looked != 0 || got.Filtered == nil {
		t.Errorf("%+v %v", got, err)
	}
}
