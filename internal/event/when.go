package event

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// Times outside these bounds cannot be kept to the nanosecond, and mean a sender's mistake.
var (
	minTime = time.Unix(0, 0).UTC()
	maxTime = time.Date(2262, 1, 1, 0, 0, 0, 0, time.UTC)
)

func timeInRange(t time.Time) bool { return !t.Before(minTime) && t.Before(maxTime) }

// inRange gives the time in UTC, and the zero time for one that is out of bounds: whoever does not look at ok must not
// get it.
func inRange(t time.Time) (in time.Time, ok bool) {
	if !timeInRange(t) {
		return time.Time{}, false
	}
	return t.UTC(), true
}

// minEpochText is the least count since 1970 that is believed when it comes as text: "20260102" is a date.
const minEpochText = 1e8

// looseLayouts are the forms of a time that senders use beside RFC 3339. Go reads a fraction of seconds after any of
// them. A form without a zone is taken as UTC.
var looseLayouts = []string{
	"2006-01-02T15:04:05Z0700",
	"2006-01-02T15:04:05Z07",
	"2006-01-02T15:04:05",
	"2006-01-02 15:04:05Z07:00",
	"2006-01-02 15:04:05Z0700",
	"2006-01-02 15:04:05Z07",
	"2006-01-02 15:04:05 Z07:00",
	"2006-01-02 15:04:05 -0700",
	"2006-01-02 15:04:05 MST", // UTC and GMT only: see ParseTime
	"2006-01-02 15:04:05",
	"2006-01-02T15:04Z07:00",
	"2006-01-02",
	time.RFC1123Z,
	time.RFC1123,
	time.RFC850,
	time.ANSIC,
	"02/Jan/2006:15:04:05 -0700", // web server logs
}

// ParseTime reads a time as senders write it: RFC 3339 and close relatives, the forms of mail and HTTP headers, and
// seconds, milli-, micro- or nanoseconds since 1970 as (at least nine) digits. A time without a zone is UTC. The result is UTC; times
// before 1970 or after 2261 are refused, with the zero time.
func ParseTime(text string) (time.Time, bool) {
	var t time.Time
	if t.UnmarshalText([]byte(text)) == nil {
		return inRange(t)
	}
	text = strings.TrimSpace(text)
	if n, err := strconv.ParseFloat(text, 64); err == nil {
		if n < minEpochText {
			return t, false
		}
		if i, err := strconv.ParseInt(text, 10, 64); err == nil {
			return EpochTime(i)
		}
		return epochFloat(n)
	}
	text = strings.ToUpper(text) // month and day names are read in any letter case
	text, leap := strings.CutSuffix(text, ":60Z")
	if leap { // a leap second is the last instant of its minute
		text += ":59.999999999Z"
	}
	for _, layout := range looseLayouts {
		t, err := time.ParseInLocation(layout, text, time.UTC)
		if err != nil {
			continue
		}
		if zone, offset := t.Zone(); offset == 0 && zone != "" && zone != "UTC" && zone != "GMT" && zone != "Z" {
			return time.Time{}, false // an abbreviation that Go does not know would be read as UTC
		}
		return inRange(t)
	}
	return time.Time{}, false
}

// EpochTime reads a count since 1970 whose unit shows in its size: seconds below 10^11, then milli-, micro- and
// nanoseconds.
func EpochTime(n int64) (time.Time, bool) {
	var t time.Time
	switch {
	case n < 0:
		return t, false
	case n < 1e11:
		t = time.Unix(n, 0)
	case n < 1e14:
		t = time.UnixMilli(n)
	case n < 1e17:
		t = time.UnixMicro(n)
	default:
		t = time.Unix(0, n)
	}
	return inRange(t)
}

// epochFloat reads seconds (or a larger count) with a fraction, to the microsecond: a float holds no more.
func epochFloat(n float64) (time.Time, bool) {
	if n < 0 || n >= math.MaxInt64 {
		return time.Time{}, false
	}
	if n >= 1e11 {
		return EpochTime(int64(n))
	}
	whole, fraction := math.Modf(n)
	return inRange(time.Unix(int64(whole), int64(math.Round(fraction*1e6))*1000))
}

// strictTime reads exactly RFC 3339.
func strictTime(text []byte) (time.Time, bool) {
	var t time.Time
	if t.UnmarshalText(text) != nil || !timeInRange(t) {
		return t, false
	}
	return t.UTC(), true
}
