package torture

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/tocsin-hub/tocsin/internal/failpoint"
)

// reach is how often a failpoint is passed in a second or two of load, roughly: a kill is drawn from that many hits.
var reach = map[string]int{
	failpoint.IngestDecoded:      200,
	failpoint.JournalBeforeWrite: 150,
	failpoint.JournalMidWrite:    150,
	failpoint.JournalAfterWrite:  150,
	failpoint.JournalAfterSync:   150,
	failpoint.IngestBeforeAnswer: 200,
	failpoint.SegmentRotate:      1,
	failpoint.JournalTrim:        1,
	failpoint.TailRouted:         150,
	failpoint.DeliverInFlight:    300,
	failpoint.DeliverAnswered:    200,
	failpoint.SettleBeforeCommit: 10,
	failpoint.SettleAfterCommit:  10,
	failpoint.ParkBeforeCommit:   3,
	failpoint.ReplayStep:         4,
}

// dawdle are the failpoints at which a pause widens the window for a random kill.
var dawdle = []string{
	failpoint.JournalAfterSync, failpoint.IngestBeforeAnswer, failpoint.DeliverAnswered, failpoint.SettleBeforeCommit,
	failpoint.SettleAfterCommit,
}

// trimTime is how long a hub has to live to come to trim its journal (it looks every 30 s).
const trimTime = 33 * time.Second

// death is how one life of the hub is to end.
type death struct {
	name  string // for the report
	point string // the failpoint that kills, if any
	env   string // TOCSIN_FAILPOINTS
	after time.Duration
	clean bool // SIGTERM instead
}

// drawDeath draws a death: at a failpoint, at a random moment, at a random moment with pauses at a failpoint, or in
// peace. Whatever happens, it is over after a life at most.
func drawDeath(r *rand.Rand, life time.Duration) death {
	d := death{after: life/10 + time.Duration(r.Int64N(int64(life-life/10)))}
	switch p := r.IntN(100); {
	case p < 55:
		return deathAt(r, failpoint.Names[r.IntN(len(failpoint.Names))], life)
	case p < 75:
		at := dawdle[r.IntN(len(dawdle))]
		d.name = "random, slow " + at
		d.env = fmt.Sprintf("%s=sleep:%dms@0.05", at, 20+r.IntN(200))
	case p < 92:
		d.name = "random"
	default:
		d.name, d.clean = "stop", true
	}
	return d
}

// deathAt draws a death at a failpoint.
func deathAt(r *rand.Rand, point string, life time.Duration) death {
	d := death{name: point, point: point, env: fmt.Sprintf("%s=kill@%d", point, 1+r.IntN(reach[point])), after: life}
	switch {
	case point == failpoint.SegmentRotate:
		d.after = 3 * life
	case point == failpoint.JournalTrim && life >= DefaultLife && r.IntN(4) == 0:
		d.after = trimTime // long, so it is seldom
	}
	return d
}

// drawLateDeath draws a death that waits for the accounting: while the backlog drains or a mailbox is replayed.
func drawLateDeath(r *rand.Rand) death {
	late := []string{
		failpoint.ReplayStep, failpoint.ReplayStep, failpoint.ParkBeforeCommit, failpoint.SettleBeforeCommit,
		failpoint.SettleAfterCommit, failpoint.DeliverAnswered,
	}
	d := death{point: late[r.IntN(len(late))]}
	d.name = d.point
	d.env = fmt.Sprintf("%s=kill@%d", d.point, 1+r.IntN(reach[d.point]))
	return d
}
