package expr

import (
	"sync"
	"testing"
)

// Evaluations at the same time share what stands for a member that is not there: with the race detector, none may write to it.
func TestMissingMembersAtOnce(t *testing.T) {
	t.Parallel()
	if !emptyObject.parsed || !emptyArray.parsed || emptyArray.list == nil {
		t.Error("it is not read at once")
	}
	c, err := ParseCondition(`event.source.vendor == "x" || has(event.data.x) || "x" in event.tags || event.mitre + ["x"] == []`)
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	defer all.Wait()
	for range 8 {
		all.Go(func() {
			if held, err := c.Match(record(t, `{"type":"alert.created","title":"x"}`)); held || err != nil {
				t.Errorf("%v, %v", held, err)
			}
		})
	}
}
