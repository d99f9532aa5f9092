package reconcile

import (
	"errors"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Limits of failures.
const (
	// failAfter is how many attempts in a row may fail, by a fault that a retry may mend and that is not about one block,
	// before the blocks that wait are said to have failed.
	failAfter = 2
	// firstRetry is the pause after a first failure; each further one doubles it, up to mostRetry.
	firstRetry, mostRetry = 2 * time.Second, 15 * time.Minute
	// jitter spreads pauses: each is up to a tenth longer or shorter.
	jitter = 0.1
	// maxCause bounds a cause, in bytes.
	maxCause = 500
)

const (
	causeUnknown  = "the vendor's answer was lost: the next look tells whether it was done"
	causeWas      = "the vendor says that it was there already"
	causeUnnamed  = "it failed, and nothing says why"
	causeNoRemove = "it could not be taken away: "
)

// outcome is what the results of Change make of placements and ledger.
type outcome struct {
	draft
	tried     []netip.Prefix // whose change was not done, or not surely
	done      int
	net       int   // by how many entries there are more now
	full      bool  // the vendor said that it can hold no more
	throttled error // of one change: the vendor asks for a pause
}

// judge reads the results of steps. err is what Change gave besides. A step without a result was not done, and is judged
// with the cycle as a whole.
func judge(k *book, limits connector.BlockLimits, steps []step, results []connector.BlockResult, err error, now time.Time) *outcome {
	o := &outcome{}
	for i := range steps {
		var r connector.BlockResult
		switch {
		case i < len(results):
			r = results[i]
		case err == nil || !refused(err): // the connector broke off, or forgot some
			r = connector.BlockResult{Unknown: true}
		}
		if errors.Is(r.Err, connector.ErrFull) {
			o.full = true // a later pass may make room
		} else if r.Done {
			o.done++
			if steps[i].Remove {
				o.net--
			} else {
				o.net++
			}
		} else if r.Was || r.Unknown || r.Err != nil {
			o.tried = append(o.tried, steps[i].Prefix)
		}
		if _, ok := connector.IsThrottled(r.Err); ok && o.throttled == nil {
			o.throttled = r.Err
		}
		if steps[i].Remove {
			o.removed(k, limits, &steps[i], r, now)
		} else {
			o.added(k, &steps[i], r, now)
		}
	}
	return o
}

// refused says that nothing was done.
func refused(err error) bool {
	_, throttled := connector.IsThrottled(err)
	return throttled || errors.Is(err, connector.ErrStale)
}

func (o *outcome) added(k *book, c *step, r connector.BlockResult, now time.Time) {
	row := *c.intent
	switch {
	case r.Done:
		row.State, row.Handle, row.At = store.EntryHeld, r.Handle, now
		o.rows = append(o.rows, row)
	case r.Was && (!c.late || c.maybe): // where nothing can be read no snapshot tells
		o.rows = append(o.rows, store.BlockLedgerEntry{Prefix: c.Prefix, State: store.EntryForeign, At: now})
	case r.Was, r.Unknown:
		// The row stays as it is: the next snapshot tells.
	case !c.late && !c.maybe: // nothing was done: what somebody else puts there before the next snapshot is theirs
		o.gone = append(o.gone, c.Prefix)
	}
	for _, id := range c.blocks {
		p := k.placements[id]
		if p == nil {
			continue
		}
		m := o.of(p)
		m.handle = r.Handle
		switch {
		case r.Done:
			m.enter(store.PlacementApplied, "", now)
			m.inForce(now)
			m.well()
		case r.Was:
			m.is.Cause = causeWas
		case r.Unknown:
			m.again(causeUnknown, now)
			if m.is.Attempts >= failAfter {
				m.enter(store.PlacementFailed, causeUnknown, now)
			}
		case r.Err != nil:
			o.failed(m, r.Err, now)
		}
	}
}

// failed is an error about one addition alone.
func (o *outcome) failed(m *move, err error, now time.Time) {
	cause := sentence(err)
	if _, ok := connector.IsThrottled(err); ok {
		m.is.Cause = cause
		return
	}
	if errors.Is(err, connector.ErrFull) {
		m.fail(cause, now)
		return
	}
	m.again(cause, now)
	m.enter(store.PlacementFailed, cause, now)
	if connector.IsPermanent(err) {
		m.is.DueAt = time.Time{}
	}
}

func (o *outcome) removed(k *book, limits connector.BlockLimits, c *step, r connector.BlockResult, now time.Time) {
	if c.intent == nil {
		return
	}
	if r.Done && (limits.Unverifiable || !limits.Marks && c.Handle == "") {
		// Nothing tells this entry from one that somebody puts there now: from here on it is theirs.
		o.gone = append(o.gone, c.Prefix)
	}
	for _, id := range c.blocks {
		p := k.placements[id]
		if p == nil {
			continue
		}
		m := o.of(p)
		switch {
		case r.Done:
			m.well()
		case r.Unknown:
			m.again(causeUnknown, now)
		case r.Err != nil:
			if _, ok := connector.IsThrottled(r.Err); ok {
				m.is.Cause = sentence(r.Err)
				continue
			}
			m.again(event.Clip(causeNoRemove+sentence(r.Err), maxCause), now)
			if connector.IsPermanent(r.Err) {
				m.is.DueAt = now.Add(mostRetry)
			}
		}
	}
}

// again counts an attempt that failed.
func (m *move) again(cause string, now time.Time) {
	m.is.Attempts++
	m.is.DueAt = now.Add(pause(m.is.Attempts)).Truncate(time.Microsecond)
	m.is.Cause = cause
}

// pause is the time to the next attempt after so many that failed in a row.
func pause(attempts int) time.Duration {
	p := firstRetry
	for range min(max(attempts-1, 0), 20) {
		p = min(2*p, mostRetry)
	}
	return spread(p)
}

// spread makes a pause up to a tenth longer or shorter.
func spread(p time.Duration) time.Duration {
	return time.Duration(float64(p) * (1 - jitter + 2*jitter*rand.Float64()))
}

// broken is what a cycle that failed as a whole makes of the placements that wait for it: the attempts-th in a row.
func broken(k *book, err error, attempts int, due, now time.Time) *draft {
	d := &draft{}
	cause := sentence(err)
	for _, p := range k.placements {
		switch {
		case !p.Wanted:
			m := d.of(p)
			m.enter(store.PlacementRemoving, event.Clip(causeNoRemove+cause, maxCause), now)
			m.is.Attempts, m.is.DueAt = attempts, due
		case p.State == store.PlacementRequested || p.State == store.PlacementDrifted || p.State == store.PlacementFailed && p.Attempts > 0 && !p.DueAt.IsZero():
			m := d.of(p)
			m.is.Cause, m.is.Attempts, m.is.DueAt = cause, attempts, due
			if attempts >= failAfter || connector.IsPermanent(err) {
				m.enter(store.PlacementFailed, cause, now)
			}
		}
	}
	d.tidy()
	return d
}

// idle is what a responder that must not be used, or asks for a pause, makes of the placements in states that wait for it,
// and of those that are to be gone.
func idle(k *book, cause string, states ...store.PlacementState) *draft {
	d := &draft{}
	for _, p := range k.placements {
		if !p.Wanted || slices.Contains(states, p.State) {
			d.of(p).is.Cause = cause
		}
	}
	d.tidy()
	return d
}

// sentence is an error for people, on one line.
func sentence(err error) string {
	if text := line(err.Error()); text != "" {
		return event.Clip(text, maxCause)
	}
	return causeUnnamed
}

// line is text of somebody else's on one line, without what acts on the text around it.
func line(text string) string {
	return strings.Join(strings.FieldsFunc(strings.ToValidUTF8(text, "\ufffd"), func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Cf, r)
	}), " ")
}
