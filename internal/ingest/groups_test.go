package ingest

import (
	"strings"
	"testing"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// A group costs what its body does, however many events it claims to hold: they are read one by one.
func TestGroupIsReadOneByOne(t *testing.T) { // not in parallel: it counts allocations
	body := []byte(`{"alerts":[` + strings.Repeat("{},", 100_000) + `{}]}`)
	read := 0
	allocs := testing.AllocsPerRun(1, func() {
		for _, err := range (Alertmanager{}).Decode(body, nil, event.Limits{}) {
			if err == nil {
				t.Error("an alert without labels was read")
			}
			if read++; read%10 == 0 {
				break
			}
		}
	})
	if read != 20 || allocs > 2000 { // AllocsPerRun runs twice
		t.Errorf("%d events were read with %.0f allocations", read, allocs)
	}
}
