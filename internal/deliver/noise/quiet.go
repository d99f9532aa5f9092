package noise

import (
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
)

// maxJoined bounds how many quiet hours in a row are taken as one.
const maxJoined = 32

// QuietUntil says whether a message of that severity must wait for the end of quiet hours, until when, and whether each of
// what waits is then sent by itself. Hours that follow each other without a gap are one.
func QuietUntil(list []connector.QuietHours, severity event.Severity, now time.Time) (until time.Time, each, quiet bool) {
	at := now
	for range maxJoined {
		end, one, ok := quietAt(list, severity, at)
		if !ok {
			break
		}
		if !quiet {
			each = one
		}
		quiet, at = true, end
	}
	return at, each, quiet
}

// quietAt gives the latest end of the quiet hours that hold at a time.
func quietAt(list []connector.QuietHours, severity event.Severity, at time.Time) (until time.Time, each, ok bool) {
	for i := range list {
		q := &list[i]
		if severity >= q.Through {
			continue
		}
		if end, in := endOf(q, at); in && (!ok || end.After(until)) {
			until, each, ok = end, q.Each, true
		}
	}
	return until, each, ok
}

// endOf gives the end of the hours if they hold at a time. Those that began yesterday may.
func endOf(q *connector.QuietHours, at time.Time) (time.Time, bool) {
	year, month, day := at.In(q.Zone).Date()
	var end time.Time
	in := false
	for _, d := range [...]int{day - 1, day} {
		// Noon is on its day whatever the clocks do.
		if !q.Days[time.Date(year, month, d, 12, 0, 0, 0, q.Zone).Weekday()] {
			continue
		}
		last := d
		if q.To <= q.From {
			last++
		}
		from, to := timeOfDay(year, month, d, q.From, q.Zone), timeOfDay(year, month, last, q.To, q.Zone)
		if !at.Before(from) && at.Before(to) && to.After(end) {
			end, in = to, true
		}
	}
	return end, in
}

// timeOfDay is a time of a day. One that the clocks leave out is as much later as they are put forward; of one that comes
// twice, it is the first.
func timeOfDay(year int, month time.Month, day, minutes int, zone *time.Location) time.Time {
	t := time.Date(year, month, day, 0, minutes, 0, 0, zone)
	for _, back := range [...]time.Duration{30 * time.Minute, time.Hour, 2 * time.Hour} { // as much as clocks are put back
		if earlier := t.Add(-back); earlier.Hour() == t.Hour() && earlier.Minute() == t.Minute() {
			return earlier
		}
	}
	return t
}
