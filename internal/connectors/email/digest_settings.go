package email

import (
	"errors"
	"regexp"
	"time"
	_ "time/tzdata" // time zones work on machines without a database of them

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/form"
)

// Digest is the setting "digest".
type Digest struct {
	Daily    bool
	DailyAt  string
	Weekly   bool
	WeeklyOn string
	WeeklyAt string
	Timezone string
}

// weekdays are the values of digest.weekly_on, by time.Weekday.
var weekdays = []string{"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"}

// Form declares the settings of the digest.
func (d *Digest) Form(f *form.Set) {
	const seven = "07:00"
	f.Bool("daily", &d.Daily, "Daily", form.Default(false), form.Help("A digest of the last day, every day."))
	f.Text("daily_at", &d.DailyAt, "Daily at", form.Default(seven), form.Check(checkTime))
	f.Bool("weekly", &d.Weekly, "Weekly", form.Default(false), form.Help("A digest of the last week, every week."))
	f.Choice("weekly_on", &d.WeeklyOn, "Weekly on", weekdays, form.Default(weekdays[time.Monday]))
	f.Text("weekly_at", &d.WeeklyAt, "Weekly at", form.Default(seven), form.Check(checkTime))
	f.Text("timezone", &d.Timezone, "Time zone", form.Default("UTC"), form.Max(64), form.Check(checkZone),
		form.Help("What the times are in: a name of the IANA database, such as Europe/Berlin."))
}

var timeOfDay = regexp.MustCompile(`^([01][0-9]|2[0-3]):[0-5][0-9]$`)

func checkTime(text string) error {
	if !timeOfDay.MatchString(text) {
		return errors.New("must be a time of the day such as 07:00")
	}
	return nil
}

func checkZone(name string) error {
	if _, err := time.LoadLocation(name); err != nil || name == "Local" {
		return errors.New("must be a time zone such as Europe/Berlin or UTC")
	}
	return nil
}

// schedules are the digests that are asked for.
func (d *Digest) schedules() []connector.DigestSchedule {
	var list []connector.DigestSchedule
	if d.Daily {
		list = append(list, connector.DigestSchedule{Period: connector.Daily, At: d.DailyAt, Timezone: d.Timezone})
	}
	if d.Weekly {
		s := connector.DigestSchedule{Period: connector.Weekly, At: d.WeeklyAt, Timezone: d.Timezone}
		for day, name := range weekdays {
			if name == d.WeeklyOn {
				s.Weekday = time.Weekday(day)
			}
		}
		list = append(list, s)
	}
	return list
}
