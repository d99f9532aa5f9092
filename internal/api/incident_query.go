package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/alerting/incident"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// IncidentQuery selects incidents.
type IncidentQuery struct {
	Severity     string    `query:"severity" maxLength:"100" doc:"Only these severities, separated by commas." example:"high,critical"`
	Status       string    `query:"status" maxLength:"100" doc:"Only these states, separated by commas: new, active, closed." example:"new,active"`
	Timespan     string    `query:"timespan" maxLength:"50" doc:"Only those made within this time before now: an ISO 8601 duration such as PT1H or P7D, or a Go duration such as 1h." example:"PT1H"`
	Since        time.Time `query:"since" doc:"Only those made then or later."`
	Until        time.Time `query:"until" doc:"Only those made before then."`
	UpdatedSince time.Time `query:"updated_since" doc:"Only those that changed then or later."`
	Owner        string    `query:"owner" maxLength:"254" doc:"Only those of this owner." example:"dana@example.com"`
	Project      string    `query:"project" maxLength:"256" doc:"Only those of this project."`
	Rule         string    `query:"rule" maxLength:"64" doc:"Only those that this rule made." example:"rul_01kmb7a2v4e9zr6x3q8w5t0ysd"`
	Q            string    `query:"q" maxLength:"200" doc:"Only those whose title holds this text." example:"takeover"`
	Offset       int       `query:"offset" minimum:"0" maximum:"10000" doc:"Leave out the first ones, for callers that count. A cursor misses nothing when incidents are made meanwhile; an offset may."`
}

// filter reads the parameters.
func (q *IncidentQuery) filter(account event.Account, now time.Time) (store.IncidentFilter, error) {
	f := store.IncidentFilter{
		Account: account, Owner: q.Owner, Project: q.Project, Title: q.Q, After: q.Since, Before: q.Until, UpdatedAfter: q.UpdatedSince, Skip: q.Offset,
	}
	var errs []FieldError
	for _, text := range commaList(q.Severity) {
		severity, ok := event.ParseSeverity(text)
		if !ok {
			errs = append(errs, fieldError("query.severity", fmt.Sprintf("%q is none of %s", event.Clip(text, 64), strings.Join(event.Severities(), ", "))))
		}
		f.Severities = append(f.Severities, severity)
	}
	for _, text := range commaList(q.Status) {
		if !slices.Contains(incident.Statuses, text) {
			errs = append(errs, fieldError("query.status", fmt.Sprintf("%q is none of %s", event.Clip(text, 64), strings.Join(incident.Statuses, ", "))))
		}
		f.Statuses = append(f.Statuses, text)
	}
	if q.Timespan != "" {
		span, err := parseTimespan(q.Timespan)
		if err != nil {
			errs = append(errs, fieldError("query.timespan", err.Error()))
		}
		if from := now.Add(-span); from.After(f.After) {
			f.After = from
		}
	}
	var err error
	if f.Rule, err = queryID(event.PrefixRule, "rule", q.Rule); err != nil {
		return f, err
	}
	if len(errs) > 0 {
		return f, problem(http.StatusUnprocessableEntity, summary(errs), errs...)
	}
	return f, nil
}

// commaList is a parameter's list; empty entries are left out.
func commaList(text string) (list []string) {
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.ToLower(strings.TrimSpace(part)); part != "" {
			list = append(list, part)
		}
	}
	return list
}

// maxTimespan is the longest time that a list looks back (ten years).
const maxTimespan = 10 * 365 * 24 * time.Hour

// isoUnits are the units of an ISO 8601 duration: those of dates and those of times.
var isoUnits = [2]map[byte]time.Duration{
	{'W': 7 * 24 * time.Hour, 'D': 24 * time.Hour},
	{'H': time.Hour, 'M': time.Minute, 'S': time.Second},
}

// parseTimespan reads an ISO 8601 duration in weeks, days, hours, minutes and seconds, or a Go duration. Years and months
// have no fixed length and are refused.
func parseTimespan(text string) (time.Duration, error) {
	wrong := errors.New("must be a duration of at most ten years, such as PT1H, P7D or 1h")
	upper := strings.ToUpper(text)
	rest, iso := strings.CutPrefix(upper, "P")
	if !iso {
		d, err := time.ParseDuration(text)
		if err != nil || d <= 0 || d > maxTimespan {
			return 0, wrong
		}
		return d, nil
	}
	var sum time.Duration
	units, any := isoUnits[0], false
	for rest != "" {
		if rest[0] == 'T' {
			if rest, units = rest[1:], isoUnits[1]; rest == "" || strings.Contains(rest, "T") {
				return 0, wrong
			}
		}
		n, digits := int64(0), 0
		for digits < len(rest) && rest[digits] >= '0' && rest[digits] <= '9' && digits < 10 {
			n = n*10 + int64(rest[digits]-'0')
			digits++
		}
		if digits == 0 || digits == len(rest) {
			return 0, wrong
		}
		unit, ok := units[rest[digits]]
		if !ok {
			if rest[digits] == 'Y' || rest[digits] == 'M' {
				return 0, errors.New("years and months have no fixed length: say it in days, such as P30D")
			}
			return 0, wrong
		}
		if n > int64(maxTimespan/unit) {
			return 0, wrong
		}
		sum, any, rest = sum+time.Duration(n)*unit, true, rest[digits+1:]
	}
	if !any || sum <= 0 || sum > maxTimespan {
		return 0, wrong
	}
	return sum, nil
}

func (a *server) listIncidents(ctx context.Context, in *struct {
	Paging
	IncidentQuery
}) (*body[list[Incident]], error) {
	f, err := in.filter(accountOf(ctx), time.Now())
	if err != nil {
		return nil, err
	}
	rows, next, err := a.Incidents.List(ctx, f, in.page())
	if err != nil {
		return nil, err
	}
	l := list[Incident]{Items: make([]Incident, len(rows)), Next: next}
	for i, r := range rows {
		l.Items[i] = a.incidentView(ctx, r)
	}
	return answer(l), nil
}
