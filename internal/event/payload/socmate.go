package payload

import (
	"encoding/json"
	"hash/fnv"
	"math"
	"strconv"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// socmateEnvelope is what SoCMate notifies with.
type socmateEnvelope struct {
	EventType string `json:"event_type"`
	Timestamp string `json:"timestamp"`
	Data      any    `json:"data"`
	Tocsin    *back  `json:"tocsin,omitempty"`
}

type socmateIncident struct {
	Number   int64  `json:"incident_number"`
	Title    string `json:"title"`
	Severity string `json:"severity"` // informational, low, medium, high, critical
	Status   string `json:"status"`   // new, active, closed
	Provider string `json:"provider"`
	URL      string `json:"url"`
}

type socmateCompleted struct {
	SessionID    string      `json:"session_id"`
	ScheduleID   *string     `json:"schedule_id"`
	ScheduleName *string     `json:"schedule_name"`
	Title        string      `json:"title"`
	RiskScore    json.Number `json:"risk_score"` // 0 to 10, one decimal
	EntityCount  int64       `json:"entity_count"`
	FindingCount int64       `json:"finding_count"`
	URL          string      `json:"url"`
}

type socmateFailed struct {
	SessionID    string  `json:"session_id"`
	ScheduleID   *string `json:"schedule_id"`
	ScheduleName *string `json:"schedule_name"`
	Error        string  `json:"error"`
	Failures     int64   `json:"consecutive_failures"`
	URL          string  `json:"url"`
}

// socmateDisabled has no published example; these are the fields that its neighbours have.
type socmateDisabled struct {
	ScheduleID   *string `json:"schedule_id"`
	ScheduleName *string `json:"schedule_name"`
	Failures     int64   `json:"consecutive_failures"`
	LastError    string  `json:"last_error"`
	DisabledAt   string  `json:"disabled_at"`
	URL          string  `json:"url"`
}

var socmate = Profile{
	Name: "socmate", Title: "SoCMate",
	Help:  "The notifications of SoCMate: incident-alert for everything but finished and failed investigations and disabled schedules.",
	Lossy: true, Open: form(asSoCMate, "socmate"),
}

func asSoCMate(r *reading) any {
	schedule, name := orNull(r.own.scalar("schedule_id")), orNull(r.own.text("schedule_name"))
	failures, _ := r.own.integer("consecutive_failures")
	e := &socmateEnvelope{Timestamp: stamp(r.Time), Tocsin: r.back()}
	switch r.Type {
	case "investigation.completed":
		e.EventType = "investigation-completed"
		e.Data = &socmateCompleted{
			SessionID: r.session(), ScheduleID: schedule, ScheduleName: name, Title: r.headline(), RiskScore: tenth(r.points()),
			EntityCount: r.count("entity_count", len(r.Entities)), FindingCount: r.count("finding_count", 0), URL: r.link(),
		}
	case "investigation.failed":
		e.EventType = "investigation-failed"
		e.Data = &socmateFailed{
			SessionID: r.session(), ScheduleID: schedule, ScheduleName: name, Error: first(r.Description, r.headline()), Failures: failures, URL: r.link(),
		}
	case "schedule.disabled":
		e.EventType = "schedule-disabled"
		e.Data = &socmateDisabled{
			ScheduleID: schedule, ScheduleName: name, Failures: failures, LastError: first(r.own.text("last_error"), r.Description),
			DisabledAt: first(r.own.text("disabled_at"), stamp(r.Time)), URL: r.link(),
		}
	default:
		e.EventType = "incident-alert"
		e.Data = &socmateIncident{
			Number: r.incidentNumber(), Title: r.headline(), Severity: socmateSeverity(r.Severity), Status: r.socmateStatus(),
			Provider: first(r.own.text("provider"), r.Source.Product, r.Source.Vendor, "tocsin"), URL: r.link(),
		}
	}
	return e
}

func (r *reading) session() string { return first(r.own.scalar("session_id"), r.Source.ID, r.id()) }

func (r *reading) count(name string, otherwise int) int64 {
	if n, ok := r.own.integer(name); ok {
		return n
	}
	return int64(otherwise)
}

// tenth makes a score of 0 to 10 with one decimal of one of 0 to 100.
func tenth(points float64) json.Number {
	return json.Number(strconv.FormatFloat(math.Round(points)/10, 'f', 1, 64))
}

func socmateSeverity(s event.Severity) string {
	if s == event.Info {
		return "informational"
	}
	return s.String()
}

// socmateStatus is one of the three words that SoCMate has.
func (r *reading) socmateStatus() string {
	switch status := strings.ToLower(r.Status); {
	case status == "new", status == "active", status == "closed":
		return status
	case r.over():
		return "closed"
	case r.Type == "alert.acknowledged", r.Type == "alert.updated", r.Type == "incident.updated":
		return "active"
	}
	return "new"
}

// unnumbered is where the numbers of what has no incident begin: beyond any that a person would meet.
const unnumbered = 1_000_000_000

// incidentNumber is the number that an incident ends in ("INC-1042"). What has none gets one of ten digits, made of its
// dedup key or id, so that what is one matter keeps one number.
func (r *reading) incidentNumber() int64 {
	if n, ok := r.own.integer("incident_number"); ok {
		return n
	}
	digits := r.Incident[len(strings.TrimRight(r.Incident, "0123456789")):]
	if n, err := strconv.ParseInt(digits, 10, 64); err == nil && n < 1<<53 {
		return n
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(first(r.Incident, r.DedupKey, r.id())))
	return unnumbered + int64(h.Sum64()%unnumbered)
}
