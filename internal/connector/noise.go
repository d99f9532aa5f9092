package connector

import (
	"fmt"
	"slices"
	"strconv"
	"time"
	_ "time/tzdata" // quiet hours work on machines without a database of time zones

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
)

// Noise is the "noise" part of a Policy: what is not sent to people although it is wanted, or not yet. Its zero value
// holds nothing back.
type Noise struct {
	// DedupWindow is how long repeats of what was announced are left out; 0: they are sent.
	DedupWindow time.Duration
	Group       Grouping
	Quiet       []QuietHours
	Cap         MessageCap
}

// IsZero says whether nothing is held back.
func (n *Noise) IsZero() bool {
	return n.DedupWindow == 0 && len(n.Group.By) == 0 && len(n.Quiet) == 0 && n.Cap.Messages == 0
}

// Grouping makes one message of several events.
type Grouping struct {
	// By are the members of GroupFields whose values events of one group share; none: no grouping.
	By []string
	// Wait is how long the first event of a group waits for others, Interval the pause between two messages of a group.
	Wait, Interval time.Duration
	// Max is how many events a group has before it is sent at once.
	Max int
}

// QuietHours are times of the week at which nothing is sent.
type QuietHours struct {
	// Days are those on which the hours begin, Sunday first.
	Days [7]bool
	// From and To are minutes of the day. To is on the next day if it is not after From.
	From, To int
	Zone     *time.Location
	// Through is the least severity that is sent all the same; above event.Critical nothing is.
	Through event.Severity
	// Each: at their end every event is sent by itself, and no summary of them.
	Each bool
}

// MessageCap bounds messages.
type MessageCap struct {
	// Messages is the most of them within Per; 0: no bound.
	Messages int
	Per      time.Duration
	// Through is the least severity that is sent all the same; above event.Critical nothing is.
	Through event.Severity
}

// Limits of a Noise.
const (
	// MaxDedupWindow bounds the dedup window.
	MaxDedupWindow = 7 * 24 * time.Hour
	// MaxGroupWait bounds how long a group's first event waits.
	MaxGroupWait = time.Hour
	// MaxGroupInterval bounds the pause between messages of a group.
	MaxGroupInterval = 24 * time.Hour
	// MaxGroupEvents bounds the events of one message.
	MaxGroupEvents = 1000
	// MaxQuietHours bounds the list of quiet hours.
	MaxQuietHours = 14
	// MaxCapMessages and MaxCapPer bound a cap, MinCapPer is the shortest time that it may be for.
	MaxCapMessages = 10_000
	MaxCapPer      = 24 * time.Hour
	MinCapPer      = time.Minute

	defaultGroupWait     = 30 * time.Second
	defaultGroupInterval = 5 * time.Minute
	defaultGroupMax      = 100
	defaultCapPer        = time.Hour
)

// GroupFields are what events may be grouped by.
func GroupFields() []string {
	return []string{"alert", "alert_type", "endpoint", "entity", "incident", "project", "rule", "severity", "source", "type"}
}

// throughNone is the choice of what is sent all the same that means nothing.
const throughNone = "none"

var throughChoices = append(event.Severities(), throughNone)

func throughOf(text string) event.Severity {
	if s, ok := event.ParseSeverity(text); ok {
		return s
	}
	return event.Critical + 1
}

type noiseForm struct {
	dedup time.Duration
	group groupForm
	quiet []quietForm
	cap   capForm
}

func (n *noiseForm) Form(f *form.Set) {
	f.Duration("dedup_window", &n.dedup, "Dedup window", form.Max(MaxDedupWindow),
		form.Help("Repeats (same dedup key and type, not more severe) within this time of what was sent are left out. 0: they are sent."))
	f.Object("group", &n.group, "Grouping", form.Help("Makes one message of several events. Not for integrations that send in batches."))
	form.List(f, "quiet_hours", &n.quiet, "Quiet hours", form.Max(MaxQuietHours),
		form.Help("At these times nothing is sent; at their end there is one summary."))
	f.Object("cap", &n.cap, "Message cap", form.Help("The most messages within a time; what comes beyond is summed up. Not for integrations that send in batches."))
}

func (n *noiseForm) noise() Noise {
	out := Noise{
		DedupWindow: n.dedup,
		Group:       Grouping{By: n.group.by, Wait: n.group.wait, Interval: n.group.interval, Max: n.group.max},
		Cap:         MessageCap{Messages: n.cap.messages, Per: n.cap.per, Through: throughOf(n.cap.through)},
	}
	for i := range n.quiet {
		out.Quiet = append(out.Quiet, n.quiet[i].hours())
	}
	return out
}

type groupForm struct {
	by             []string
	wait, interval time.Duration
	max            int
}

func (g *groupForm) Form(f *form.Set) {
	f.Texts("by", &g.by, "By", form.Max(len(GroupFields())), form.Check(checkGroupField),
		form.Help("What events of a group share: alert, alert_type, endpoint, entity (the first one), incident, project, rule, severity, source, type. None: no grouping."))
	f.Duration("wait", &g.wait, "Wait", form.Default(defaultGroupWait), form.Max(MaxGroupWait),
		form.Help("How long the first event of a group waits for others."))
	f.Duration("interval", &g.interval, "Interval", form.Default(defaultGroupInterval), form.Max(MaxGroupInterval),
		form.Help("The pause between two messages of a group."))
	f.Int("max", &g.max, "Most events", form.Default(defaultGroupMax), form.Min(2), form.Max(MaxGroupEvents),
		form.Help("A group that has so many is sent at once."))
}

func checkGroupField(name string) error {
	if !slices.Contains(GroupFields(), name) {
		return fmt.Errorf("%q is none of %v", name, GroupFields())
	}
	return nil
}

// weekdays are the names of days, as time.Weekday counts them.
var weekdays = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

type quietForm struct {
	days                    []string
	from, to, zone, through string
	then                    string
}

// What happens at the end of quiet hours.
const (
	thenSummary = "summary"
	thenEach    = "each"
)

func (q *quietForm) Form(f *form.Set) {
	f.Texts("days", &q.days, "Days", form.Max(len(weekdays)), form.Check(checkDay),
		form.Help("The days on which they begin: mon, tue, wed, thu, fri, sat, sun. None: every day."))
	f.Text("from", &q.from, "From", form.Required(), form.Check(checkClock), form.Help("A time of day such as 22:00."))
	f.Text("to", &q.to, "To", form.Required(), form.Check(checkClock),
		form.Help("A time of day such as 06:00; on the next day if it is not after from."))
	f.Text("timezone", &q.zone, "Time zone", form.Default("UTC"), form.Max(64), form.Check(checkZone),
		form.Help("A name of the IANA database, such as Europe/Berlin."))
	f.Choice("severity_through", &q.through, "Severity that goes through", throughChoices, form.Default("critical"),
		form.Help("What is at least so severe is sent all the same."))
	f.Choice("then", &q.then, "At their end", []string{thenSummary, thenEach}, form.Default(thenSummary),
		form.Help("One summary of all that was held back, or each event by itself. Integrations that send in batches get each."))
}

func checkDay(name string) error {
	if !slices.Contains(weekdays, name) {
		return fmt.Errorf("%q is none of mon, tue, wed, thu, fri, sat, sun", name)
	}
	return nil
}

func checkZone(name string) error {
	if name == "Local" || name == "" {
		return fmt.Errorf("%q is not a time zone such as Europe/Berlin", name)
	}
	if _, err := time.LoadLocation(name); err != nil {
		return fmt.Errorf("%q is not a time zone such as Europe/Berlin", name)
	}
	return nil
}

func checkClock(text string) error {
	_, err := clockMinutes(text)
	return err
}

// clockMinutes reads "22:00".
func clockMinutes(text string) (int, error) {
	if len(text) == 5 && text[2] == ':' {
		h, errH := strconv.ParseUint(text[:2], 10, 8)
		m, errM := strconv.ParseUint(text[3:], 10, 8)
		if errH == nil && errM == nil && h < 24 && m < 60 {
			return int(h*60 + m), nil
		}
	}
	return 0, fmt.Errorf("%q is not a time of day such as 22:00", text)
}

// hours is what was decoded; wrong values were refused.
func (q *quietForm) hours() QuietHours {
	h := QuietHours{Through: throughOf(q.through), Each: q.then == thenEach, Zone: time.UTC}
	h.From, _ = clockMinutes(q.from)
	h.To, _ = clockMinutes(q.to)
	if zone, err := time.LoadLocation(q.zone); err == nil {
		h.Zone = zone
	}
	for i, name := range weekdays {
		h.Days[i] = len(q.days) == 0 || slices.Contains(q.days, name)
	}
	return h
}

type capForm struct {
	messages int
	per      time.Duration
	through  string
}

func (c *capForm) Form(f *form.Set) {
	f.Int("messages", &c.messages, "Messages", form.Min(0), form.Max(MaxCapMessages), form.Help("The most messages; 0: no bound."))
	f.Duration("per", &c.per, "Within", form.Default(defaultCapPer), form.Min(MinCapPer), form.Max(MaxCapPer),
		form.Help("The time that they are counted in. It begins with a message."))
	f.Choice("severity_through", &c.through, "Severity that goes through", throughChoices, form.Default("critical"),
		form.Help("What is at least so severe is sent all the same."))
}

// CheckBatches says what of a policy an integration that sends in batches cannot have. The error is a form.Errors.
func (p *Policy) CheckBatches() error {
	var errs form.Errors
	const why = "this integration sends many events in one request, and a system that takes batches wants every event: only dedup_window and quiet_hours (and silences) can be used here"
	if len(p.Noise.Group.By) > 0 {
		errs.Add("noise.group.by", why)
	}
	if p.Noise.Cap.Messages > 0 {
		errs.Add("noise.cap.messages", why)
	}
	return errs.Err()
}
