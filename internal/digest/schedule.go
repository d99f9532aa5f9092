package digest

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"time"
	_ "time/tzdata" // time zones work on machines without a database of them

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
)

// slot is one moment at which a digest is due.
type slot struct {
	date string // the local date, which is what tells slots apart: a clock that is put back repeats hours, never dates
	from time.Time
	at   time.Time
}

// days is how long a period is.
func days(period string) int {
	if period == connector.Weekly {
		return 7
	}
	return 1
}

func locate(zone string) (*time.Location, error) {
	if zone == "Local" {
		return nil, fmt.Errorf("the time zone %q depends on the machine", zone)
	}
	return time.LoadLocation(zone) // "" is UTC
}

// last gives the newest slot that is due at now, and when the one after it is. A local time that a change of clocks skips
// is due right after the change; one that comes twice, at one of the two, and once.
func last(c connector.DigestSchedule, now time.Time) (s slot, next time.Time, err error) {
	zone, err := locate(c.Timezone)
	if err != nil {
		return slot{}, time.Time{}, fmt.Errorf("reading the time zone: %w", err)
	}
	clock, err := time.Parse("15:04", c.At)
	if err != nil {
		return slot{}, time.Time{}, fmt.Errorf("reading the time of the day: %w", err)
	}
	local := now.In(zone)
	// The day is counted at noon UTC: a calendar without clocks.
	day := time.Date(local.Year(), local.Month(), local.Day(), 12, 0, 0, 0, time.UTC)
	if c.Period == connector.Weekly {
		day = day.AddDate(0, 0, -(int(day.Weekday()-c.Weekday)+7)%7)
	}
	length := days(c.Period)
	at := func(day time.Time) time.Time {
		return time.Date(day.Year(), day.Month(), day.Day(), clock.Hour(), clock.Minute(), 0, 0, zone)
	}
	if at(day).After(now) {
		day = day.AddDate(0, 0, -length)
	}
	s = slot{date: day.Format(time.DateOnly), from: at(day.AddDate(0, 0, -length)), at: at(day)}
	return s, at(day.AddDate(0, 0, length)), nil
}

// eventID is the id of the digest of a slot: the same each time. Its time is the slot's, as ids have one (UUIDv7).
func eventID(integration event.ID, period string, s slot) event.ID {
	h := sha256.New()
	h.Write(integration[:])
	h.Write([]byte(period + "\x00" + s.date))
	var id event.ID
	copy(id[:], h.Sum(nil))
	ms := uint64(s.at.UnixMilli())
	binary.BigEndian.PutUint64(id[:8], ms<<16|0x7000|uint64(binary.BigEndian.Uint16(id[6:8])&0xfff))
	id[8] = id[8]&0x3f | 0x80 // variant 10
	return id
}
