package digest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
)

func daily(at, zone string) connector.DigestSchedule {
	return connector.DigestSchedule{Period: connector.Daily, At: at, Timezone: zone}
}

func weekly(on time.Weekday, at, zone string) connector.DigestSchedule {
	return connector.DigestSchedule{Period: connector.Weekly, Weekday: on, At: at, Timezone: zone}
}

func TestLast(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name                 string
		schedule             connector.DigestSchedule
		now                  string
		date, from, at, next string
	}{
		{"daily, before", daily("07:00", "UTC"), "2026-11-20T06:59:59Z", "2026-11-19", "2026-11-18T07:00:00Z", "2026-11-19T07:00:00Z", "2026-11-20T07:00:00Z"},
		{"daily, at", daily("07:00", ""), "2026-11-20T07:00:00Z", "2026-11-20", "2026-11-19T07:00:00Z", "2026-11-20T07:00:00Z", "2026-11-21T07:00:00Z"},
		{"another day there", daily("07:00", "Pacific/Auckland"), "2026-11-19T19:00:00Z", "2026-11-20", "2026-11-18T18:00:00Z", "2026-11-19T18:00:00Z", "2026-11-20T18:00:00Z"},
		{"a day of 23 hours", daily("07:00", "Europe/Berlin"), "2026-03-29T12:00:00Z", "2026-03-29", "2026-03-28T06:00:00Z", "2026-03-29T05:00:00Z", "2026-03-30T05:00:00Z"},
		{"a day of 25 hours", daily("07:00", "Europe/Berlin"), "2026-10-25T12:00:00Z", "2026-10-25", "2026-10-24T05:00:00Z", "2026-10-25T06:00:00Z", "2026-10-26T06:00:00Z"},
		{"a time that is skipped", daily("02:30", "Europe/Berlin"), "2026-03-29T01:30:00Z", "2026-03-29", "2026-03-28T01:30:00Z", "2026-03-29T01:30:00Z", "2026-03-30T00:30:00Z"},
		{"before the skipped time", daily("02:30", "Europe/Berlin"), "2026-03-29T01:29:59Z", "2026-03-28", "2026-03-27T01:30:00Z", "2026-03-28T01:30:00Z", "2026-03-29T01:30:00Z"},
		{"a time that comes twice, first", daily("02:30", "Europe/Berlin"), "2026-10-25T00:30:00Z", "2026-10-24", "2026-10-23T00:30:00Z", "2026-10-24T00:30:00Z", "2026-10-25T01:30:00Z"},
		{"a time that comes twice, again", daily("02:30", "Europe/Berlin"), "2026-10-25T01:30:00Z", "2026-10-25", "2026-10-24T00:30:00Z", "2026-10-25T01:30:00Z", "2026-10-26T01:30:00Z"},
		{"weekly", weekly(time.Monday, "07:00", "Europe/Berlin"), "2026-11-20T12:00:00Z", "2026-11-16", "2026-11-09T06:00:00Z", "2026-11-16T06:00:00Z", "2026-11-23T06:00:00Z"},
		{"weekly, on the day, before", weekly(time.Friday, "18:00", "UTC"), "2026-11-20T12:00:00Z", "2026-11-13", "2026-11-06T18:00:00Z", "2026-11-13T18:00:00Z", "2026-11-20T18:00:00Z"},
		{"weekly, on the day, at", weekly(time.Friday, "12:00", "UTC"), "2026-11-20T12:00:00Z", "2026-11-20", "2026-11-13T12:00:00Z", "2026-11-20T12:00:00Z", "2026-11-27T12:00:00Z"},
		{"weekly over a change of clocks", weekly(time.Sunday, "07:00", "Europe/Berlin"), "2026-03-29T05:00:00Z", "2026-03-29", "2026-03-22T06:00:00Z", "2026-03-29T05:00:00Z", "2026-04-05T05:00:00Z"},
		{"the turn of a year", daily("00:00", "Asia/Tokyo"), "2026-12-31T15:00:00Z", "2027-01-01", "2026-12-30T15:00:00Z", "2026-12-31T15:00:00Z", "2027-01-01T15:00:00Z"},
	} {
		now, err := time.Parse(time.RFC3339, tt.now)
		if err != nil {
			t.Fatal(err)
		}
		s, next, err := last(tt.schedule, now)
		if err != nil {
			t.Fatal(err)
		}
		text := func(at time.Time) string { return at.UTC().Format(time.RFC3339) }
		want := []string{tt.date, tt.from, tt.at, tt.next}
		if diff := cmp.Diff(want, []string{s.date, text(s.from), text(s.at), text(next)}); diff != "" {
			t.Errorf("%s (-want +got)\n%s", tt.name, diff)
		}
	}
	for _, bad := range []connector.DigestSchedule{daily("7", "UTC"), daily("07:00", "Mars/Olympus"), daily("07:00", "Local"), daily("", "UTC")} {
		if _, _, err := last(bad, time.Now()); err == nil {
			t.Errorf("%+v is taken", bad)
		}
	}
}

// TestEachSlotOnce: however the clocks of a zone change, slots follow one another without a gap, each date once.
func TestEachSlotOnce(t *testing.T) {
	t.Parallel()
	zones := []string{"UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Casablanca", "America/Santiago"}
	rapid.Check(t, func(t *rapid.T) {
		at := time.Date(2026, 1, 1, rapid.IntRange(0, 23).Draw(t, "hour"), rapid.IntRange(0, 59).Draw(t, "minute"), 0, 0, time.UTC).Format("15:04")
		c := daily(at, rapid.SampledFrom(zones).Draw(t, "zone"))
		if rapid.Bool().Draw(t, "weekly") {
			c = weekly(time.Weekday(rapid.IntRange(0, 6).Draw(t, "day")), at, c.Timezone)
		}
		now := time.Unix(rapid.Int64Range(1_750_000_000, 1_850_000_000).Draw(t, "now"), 0)
		before, next, err := last(c, now)
		if err != nil || before.at.After(now) || !next.After(now) || !before.from.Before(before.at) {
			t.Fatalf("at %v: %+v, next %v, %v", now, before, next, err)
		}
		for range 10 {
			s, after, err := last(c, next)
			if err != nil || s.date <= before.date || !s.at.Equal(next) || !s.from.Equal(before.at) || eventID(event.ID{1}, c.Period, s) == eventID(event.ID{1}, c.Period, before) {
				t.Fatalf("%+v: after %+v comes %+v, which was to be at %v, %v", c, before, s, next, err)
			}
			before, next = s, after
		}
	})
}

func TestEventID(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 20, 7, 0, 0, 0, time.UTC)
	s := slot{date: "2026-11-20", at: at}
	id := eventID(event.ID{1}, connector.Daily, s)
	if id != eventID(event.ID{1}, connector.Daily, s) || !id.Time().Equal(at) || id[6]>>4 != 7 || id[8]>>6 != 2 {
		t.Errorf("%v has the time %v", id, id.Time())
	}
	for _, other := range []event.ID{
		eventID(event.ID{2}, connector.Daily, s), eventID(event.ID{1}, connector.Weekly, s), eventID(event.ID{1}, connector.Daily, slot{date: "2026-11-21", at: at}),
	} {
		if other == id {
			t.Error("another digest has the same id")
		}
	}
}
