package syslog

import (
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// cutStamp reads the time at the beginning of a message in the style of BSD, and gives what follows it. The time is zero
// when its year cannot be told; ok says that there is one.
func cutStamp(text string, o Options) (t time.Time, stamp, rest string, ok bool) {
	if len(text) > 4 && isDigit(text[0]) && text[4] == '-' {
		return cutISO(text)
	}
	words := fieldsAt(text)
	for n := len(words); n >= 3; n-- { // the longest form first
		stamp := text[:words[n-1]]
		if t, ok := ParseStamp(strings.TrimSuffix(stamp, ":"), o); ok {
			return t, stamp, strings.TrimPrefix(text[len(stamp):], " "), true
		}
	}
	return t, "", text, false
}

// maxStampWords is how many words a time has at most: month, day, year, time, zone.
const maxStampWords = 5

// fieldsAt gives where each of the first words ends.
func fieldsAt(text string) []int {
	var ends []int
	for i := 0; i < len(text) && len(ends) < maxStampWords; {
		for i < len(text) && text[i] == ' ' {
			i++
		}
		end := strings.IndexByte(text[i:], ' ')
		if end < 0 {
			end = len(text) - i
		}
		if end > 0 {
			ends = append(ends, i+end)
		}
		i += end
	}
	return ends
}

// cutISO reads a time of RFC 3339, which many relays write in place of the old form.
func cutISO(text string) (t time.Time, stamp, rest string, ok bool) {
	stamp, rest = cutToken(text)
	if t, ok = event.ParseTime(strings.TrimSuffix(stamp, ":")); ok && len(stamp) > len("2006-01-02") {
		return t, stamp, rest, true
	}
	clock, after := cutToken(rest)
	both := stamp + " " + clock
	if t, ok = event.ParseTime(strings.Replace(both, ",", ".", 1)); ok && clock != "" {
		return t, both, after, true
	}
	return time.Time{}, "", text, false
}

// ParseStamp reads a time as BSD's syslog, Cisco's devices and CEF write it: month and day, perhaps the year, the time
// with an optional fraction, perhaps a zone.
//
//	Oct 11 22:14:15    Oct 11 2025 22:14:15.123    Oct 11 22:14:15 2025    Oct 11 2025 22:14:15 GMT+02:00
//
// A time without a zone was taken in o.Zone. Without a year, it is the year that brings it closest before o.Now (at most
// a day after it); with a zero o.Now the result is zero. ok says that the text is a time.
func ParseStamp(text string, o Options) (t time.Time, ok bool) {
	words := strings.Fields(text)
	if len(words) < 3 || len(words) > maxStampWords || len(words[0]) != 3 || len(words[1]) > 2 {
		return t, false
	}
	year, clock, zone := "", words[2], words[3:]
	if isYear(words[2]) && len(words) > 3 {
		year, clock, zone = words[2], words[3], words[4:]
	} else if len(zone) > 0 && isYear(zone[0]) {
		year, zone = zone[0], zone[1:]
	}
	if len(zone) > 1 || len(clock) < len("5:04:05") {
		return t, false
	}
	loc := o.Zone
	if loc == nil {
		loc = time.UTC
	}
	if len(zone) == 1 {
		if loc, ok = Zone(strings.TrimSuffix(zone[0], ":")); !ok {
			return t, false
		}
	}
	clock = strings.Replace(strings.TrimSuffix(clock, ":"), ",", ".", 1)
	if year != "" {
		t, err := time.ParseInLocation("2006 Jan 2 15:04:05", year+" "+words[0]+" "+words[1]+" "+clock, loc)
		return inRange(t.UTC()), err == nil
	}
	return guessYear(words[0]+" "+words[1]+" "+clock, loc, o.Now)
}

func isYear(word string) bool {
	return len(word) == 4 && (word[:2] == "19" || word[:2] == "20") && isDigit(word[2]) && isDigit(word[3])
}

// inRange leaves out times that an event cannot have.
func inRange(t time.Time) time.Time {
	if t.Year() < 1970 || t.Year() > 2261 {
		return time.Time{}
	}
	return t
}

// mayLead is how far a sender's clock may be ahead before its time is taken for the last year's.
const mayLead = 24 * time.Hour

// guessYear reads "Oct 11 22:14:15" as the last such moment.
func guessYear(text string, loc *time.Location, now time.Time) (time.Time, bool) {
	any, err := time.ParseInLocation("2006 Jan 2 15:04:05", "2000 "+text, loc) // a leap year
	if err != nil {
		return time.Time{}, false
	}
	if now.IsZero() {
		return time.Time{}, true
	}
	for year := now.Year() + 1; year > now.Year()-9; year-- { // eight years between leap years at most
		t := time.Date(year, any.Month(), any.Day(), any.Hour(), any.Minute(), any.Second(), any.Nanosecond(), loc)
		if t.Day() == any.Day() && t.Before(now.Add(mayLead)) {
			return t.UTC(), true
		}
	}
	return time.Time{}, true
}

// zones are the abbreviations that mean one offset wherever they are used (hours before UTC are negative). CST, IST,
// BST and their like mean several and are not read.
var zones = map[string]int{
	"UTC": 0, "GMT": 0, "Z": 0, "WET": 0, "WEST": 1, "CET": 1, "CEST": 2, "EET": 2, "EEST": 3, "MSK": 3,
	"EST": -5, "EDT": -4, "CDT": -5, "MDT": -6, "MST": -7, "PST": -8, "PDT": -7,
	"JST": 9, "KST": 9, "AEST": 10, "AEDT": 11, "NZST": 12, "NZDT": 13,
}

// Zone reads a zone: an abbreviation that means one thing, an offset (+0200, +02:00, GMT+02:00), or a name of the IANA
// database ("Europe/Berlin").
func Zone(text string) (*time.Location, bool) {
	if hours, ok := zones[strings.ToUpper(text)]; ok {
		if hours == 0 {
			return time.UTC, true
		}
		return time.FixedZone(text, hours*3600), true
	}
	offset := strings.TrimPrefix(strings.TrimPrefix(text, "GMT"), "UTC")
	for _, layout := range []string{"-0700", "-07:00", "-07"} {
		if t, err := time.Parse(layout, offset); err == nil {
			_, seconds := t.Zone()
			return time.FixedZone(text, seconds), true
		}
	}
	if !strings.Contains(text, "/") || len(text) > 64 {
		return nil, false
	}
	loc, err := time.LoadLocation(text)
	return loc, err == nil
}
