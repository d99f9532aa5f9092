package noise

import (
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
)

func TestQuietHours(t *testing.T) {
	t.Parallel()
	const (
		night   = `{"from":"22:00","to":"06:00","timezone":"Europe/Berlin"}`
		weekend = `{"days":["sat","sun"],"from":"00:00","to":"00:00","timezone":"Europe/Berlin"}`
	)
	for _, c := range []struct {
		name, list, now string
		severity        event.Severity
		until           string // "": not quiet
		each            bool
	}{
		{"before", night, "2026-11-18T21:59:59+01:00", 0, "", false},
		{"its first moment", night, "2026-11-18T22:00:00+01:00", 0, "2026-11-19T06:00:00+01:00", false},
		{"after midnight", night, "2026-11-19T05:59:59+01:00", 0, "2026-11-19T06:00:00+01:00", false},
		{"its end", night, "2026-11-19T06:00:00+01:00", 0, "", false},
		{"critical goes through", night, "2026-11-19T00:00:00+01:00", event.Critical, "", false},
		{"high does not", night, "2026-11-19T00:00:00+01:00", event.High, "2026-11-19T06:00:00+01:00", false},
		{"nothing goes through", `{"from":"22:00","to":"06:00","severity_through":"none"}`, "2026-11-19T00:00:00Z", event.Critical, "2026-11-19T06:00:00Z", false},
		{"medium goes through", `{"from":"22:00","to":"06:00","severity_through":"medium"}`, "2026-11-19T00:00:00Z", event.Medium, "", false},
		{"each", `{"from":"22:00","to":"06:00","then":"each"}`, "2026-11-19T00:00:00Z", 0, "2026-11-19T06:00:00Z", true},

		// The night of Friday is quiet on Saturday morning; that of Sunday is not chosen.
		{"the day it begins on", `{"days":["fri"],"from":"22:00","to":"06:00"}`, "2026-11-21T05:00:00Z", 0, "2026-11-21T06:00:00Z", false},
		{"another day", `{"days":["fri"],"from":"22:00","to":"06:00"}`, "2026-11-20T05:00:00Z", 0, "", false},
		{"by day", `{"days":["thu"],"from":"12:00","to":"13:00"}`, "2026-11-19T12:30:00Z", 0, "2026-11-19T13:00:00Z", false},
		{"all day", weekend, "2026-11-21T12:00:00+01:00", 0, "2026-11-23T00:00:00+01:00", false},
		{"the day is the zone's", weekend, "2026-11-20T23:30:00Z", 0, "2026-11-23T00:00:00+01:00", false},
		{"one after the other", weekend + `,` + night, "2026-11-20T23:00:00+01:00", 0, "2026-11-23T06:00:00+01:00", false},
		{"a zone east of the date line", `{"from":"22:00","to":"06:00","timezone":"Pacific/Kiritimati"}`, "2026-11-18T10:00:00Z", 0, "2026-11-18T16:00:00Z", false},
		{"a zone of half hours", `{"from":"09:00","to":"10:00","timezone":"Asia/Kolkata"}`, "2026-11-18T03:45:00Z", 0, "2026-11-18T04:30:00Z", false},

		// In Berlin the clocks go from 02:00 to 03:00 on 2026-03-29, and from 03:00 back to 02:00 on 2026-10-25.
		{"a short night", night, "2026-03-28T23:00:00+01:00", 0, "2026-03-29T06:00:00+02:00", false},
		{"a long night", night, "2026-10-24T23:00:00+02:00", 0, "2026-10-25T06:00:00+01:00", false},
		{"until a time that is left out", `{"from":"22:00","to":"02:30","timezone":"Europe/Berlin"}`, "2026-03-29T01:59:00+01:00", 0, "2026-03-29T03:30:00+02:00", false},
		{"from a time that is left out", `{"from":"02:30","to":"06:00","timezone":"Europe/Berlin"}`, "2026-03-29T03:29:00+02:00", 0, "", false},
		{"and a little later", `{"from":"02:30","to":"06:00","timezone":"Europe/Berlin"}`, "2026-03-29T03:31:00+02:00", 0, "2026-03-29T06:00:00+02:00", false},
		{"until a time that comes twice", `{"from":"22:00","to":"02:30","timezone":"Europe/Berlin"}`, "2026-10-25T02:00:00+02:00", 0, "2026-10-25T02:30:00+02:00", false},
		{"midnight that is left out", `{"from":"00:00","to":"06:00","timezone":"America/Santiago"}`, "2026-09-06T05:00:00Z", 0, "2026-09-06T09:00:00Z", false},
	} {
		p := policy(t, `{"quiet_hours":[`+c.list+`]}`)
		until, each, quiet := QuietUntil(p.Quiet, c.severity, at(c.now))
		switch {
		case quiet != (c.until != ""):
			t.Errorf("%s: quiet: %v, until %v", c.name, quiet, until)
		case quiet && (!until.Equal(at(c.until)) || each != c.each):
			t.Errorf("%s: until %v (each: %v), want %s", c.name, until.In(time.UTC), each, c.until)
		}
	}
}

// However the hours and the time are: they end after they are asked about, within a week and a day, and are over then.
func TestQuietHoursEnd(t *testing.T) {
	t.Parallel()
	for _, list := range []string{
		`{"from":"22:00","to":"06:00","timezone":"Europe/Berlin"}`, `{"from":"00:00","to":"00:00","timezone":"America/St_Johns","days":["mon"]}`,
		`{"from":"02:15","to":"02:45","timezone":"Australia/Lord_Howe"}`, `{"from":"23:59","to":"23:58","timezone":"Africa/Casablanca","days":["sun","mon"]}`,
	} {
		p := policy(t, `{"quiet_hours":[`+list+`]}`)
		for now := at("2026-01-01T00:00:00Z"); now.Year() == 2026; now = now.Add(13 * time.Minute) {
			until, _, quiet := QuietUntil(p.Quiet, 0, now)
			if !quiet {
				continue
			}
			if !until.After(now) || until.Sub(now) > 8*24*time.Hour {
				t.Fatalf("%s at %v: until %v", list, now, until)
			}
			if _, _, still := QuietUntil(p.Quiet, 0, until); still {
				t.Fatalf("%s at %v: still quiet at its end %v", list, now, until)
			}
		}
	}
	// Hours that never end are asked about anew from time to time.
	p := policy(t, `{"quiet_hours":[{"from":"00:00","to":"00:00"}]}`)
	if until, _, quiet := QuietUntil(p.Quiet, 0, start); !quiet || until.Sub(start) > 40*24*time.Hour {
		t.Errorf("until %v", until)
	}
}
