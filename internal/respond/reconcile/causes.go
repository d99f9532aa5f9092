package reconcile

import (
	"fmt"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// Causes, for people.
const (
	causeBefore    = "it was there before: left alone when the block ends"
	causeBeforeEnd = "it was there before the block: left alone"
	causeAgain     = "somebody has put it there again: left alone"
	causeVanished  = "the entry that was there before has gone"
	causeSuccessor = "another block of the same target stands in its place"
	causeUncovered = "no wider block stands for it any more"
	causeOver      = "its time is over"
	causeEnded     = "the block was ended"
	causeLate      = "a request that had no answer may still be done"
	causeHandover  = "narrower blocks are put there first"
	causeEvicted   = "the responder is full: it made room, as it would have ended first"
	causeDrifted   = "it is not there any more"
	causeReported  = "it is not there any more: the policy says not to put it back"
	causeAllows    = "an entry of somebody else's lets it through, or does something else than block: that entry is left alone"
	causeFull      = "the responder is full: it holds %d of %d entries"
)

// What is done about drift, as facts say it.
const (
	actionAgain    = "blocked again"
	actionReported = "reported"
	actionKilled   = "left: the kill switch is on"
	actionLeft     = "left for now"
	actionRemove   = "tried again"
)

func killed(reason string) string {
	if reason = line(reason); reason == "" {
		return "the kill switch is on"
	}
	return event.Clip("the kill switch is on: "+reason, maxCause)
}

// full says why something does not fit.
func full(used, capacity int) string { return fmt.Sprintf(causeFull, used, capacity) }
