package digest

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Digest is "data.digest" of a digest.
type Digest struct {
	Period   string    `json:"period" enum:"daily,weekly" doc:"What it is about: the last day, or the last week." example:"daily"`
	Timezone string    `json:"timezone" doc:"What the times of its schedule are in." example:"Europe/Berlin"`
	From     time.Time `json:"from" doc:"It is about what happened from then on."`
	To       time.Time `json:"to" doc:"And before then."`
	// Alerts has a count for each severity, and "total".
	Alerts       map[string]int `json:"alerts" doc:"New alerts by severity, and in total." example:"{\"total\":3,\"critical\":1,\"high\":2,\"medium\":0,\"low\":0,\"info\":0}"`
	Open         int            `json:"open" doc:"Alerts that are open now."`
	Acknowledged int            `json:"acknowledged" doc:"Alerts that are acknowledged now."`
	Resolved     int            `json:"resolved" doc:"Alerts that were resolved in that time."`
	Days         []DigestDay    `json:"days" doc:"New alerts by day (UTC), also of days before, for the trend; at most 31."`
	Entities     []DigestCount  `json:"entities" doc:"The entities that most alerts were about."`
	Rules        []DigestCount  `json:"rules" doc:"The rules that most alerts came by."`
	Sources      []DigestCount  `json:"sources" doc:"The sources that most alerts came from."`
	// IncidentsOpen counts up to MaxCounted.
	IncidentsOpen int              `json:"incidents_open" doc:"Incidents that are not closed now; 200 stands for 200 and more."`
	Incidents     []DigestIncident `json:"incidents" doc:"Some of them, the worst first."`
	FailingCount  int              `json:"failing_count" doc:"Integrations that do not deliver now."`
	Failing       []DigestFailing  `json:"failing" doc:"Some of them."`
	Missing       []string         `json:"missing,omitempty" doc:"The parts that could not be found out: alerts, trend, incidents, failing." example:"[]"`
	URL           string           `json:"url,omitempty" doc:"Where there is more." example:"https://tocsin.example.com/alerts"`
}

// DigestDay is one day's new alerts.
type DigestDay struct {
	Day    string         `json:"day" doc:"The date." example:"2026-11-20"`
	Counts map[string]int `json:"counts" doc:"New alerts by severity." example:"{\"high\":2}"`
}

// DigestCount is how often something occurred.
type DigestCount struct {
	Type  string `json:"type,omitempty" doc:"The type of an entity." example:"ip"`
	Name  string `json:"name" doc:"What it is." example:"203.0.113.7"`
	Count int    `json:"count" doc:"How many alerts." example:"9"`
}

// DigestIncident is one that is not closed.
type DigestIncident struct {
	Number    string    `json:"number" doc:"Its number." example:"INC-1042"`
	Title     string    `json:"title" doc:"Its title."`
	Severity  string    `json:"severity" enum:"info,low,medium,high,critical" doc:"Its severity."`
	Status    string    `json:"status" enum:"new,active" doc:"Its status."`
	Owner     string    `json:"owner,omitempty" doc:"Who works on it." example:"dana@example.com"`
	CreatedAt time.Time `json:"created_at" doc:"When it was made."`
	URL       string    `json:"url,omitempty" doc:"Where it is." example:"https://tocsin.example.com/incidents/INC-1042"`
}

// DigestFailing is an integration that does not deliver.
type DigestFailing struct {
	ID      string    `json:"id" doc:"Its id." example:"int_01kmb7a2v4e9zr6x3q8w5t0ysd"`
	Name    string    `json:"name" doc:"Its name."`
	Kind    string    `json:"kind" doc:"Its kind." example:"webhook"`
	Since   time.Time `json:"since,omitzero" doc:"When something was delivered last; absent if nothing was since the hub started."`
	Error   string    `json:"error" doc:"What went wrong last."`
	Waiting int       `json:"waiting" doc:"How many events wait."`
	URL     string    `json:"url,omitempty" doc:"Where it is." example:"https://tocsin.example.com/integrations/int_01kmb7a2v4e9zr6x3q8w5t0ysd"`
}

// Limits of a digest.
const (
	// MaxCounted is how far open incidents are counted.
	MaxCounted = 200
	// MaxRows bounds each list.
	MaxRows = 10
	// maxName bounds a name or a title, maxError an error, in bytes.
	maxName  = 160
	maxError = 240
	// leastText is how short texts become when a digest would otherwise be too long for a fact.
	leastText = 16
)

// title says the most important in one line.
func (d *Digest) title() string {
	period := "Daily"
	if d.Period != "daily" {
		period = "Weekly"
	}
	incidents := fmt.Sprintf("%d incidents open", d.IncidentsOpen)
	switch d.IncidentsOpen {
	case 1:
		incidents = "1 incident open"
	case MaxCounted:
		incidents = fmt.Sprintf("%d or more incidents open", MaxCounted)
	}
	alerts := fmt.Sprintf("%d alerts", d.Alerts["total"])
	if d.Alerts["total"] == 1 {
		alerts = "1 alert"
	}
	return fmt.Sprintf("%s digest: %s, %s", period, alerts, incidents)
}

// clip bounds the lists and texts.
func (d *Digest) clip(rows, text int) {
	for _, list := range []*[]DigestCount{&d.Entities, &d.Rules, &d.Sources} {
		*list = (*list)[:min(len(*list), rows)]
		for i := range *list {
			(*list)[i].Type, (*list)[i].Name = event.Clip((*list)[i].Type, min(text, 40)), event.Clip((*list)[i].Name, text)
		}
	}
	d.Incidents = d.Incidents[:min(len(d.Incidents), rows)]
	for i := range d.Incidents {
		d.Incidents[i].Title, d.Incidents[i].Owner = event.Clip(d.Incidents[i].Title, text), event.Clip(d.Incidents[i].Owner, text)
	}
	d.Failing = d.Failing[:min(len(d.Failing), rows)]
	for i := range d.Failing {
		f := &d.Failing[i]
		f.Name, f.Error = event.Clip(f.Name, text), event.Clip(f.Error, text*maxError/maxName)
	}
}

// envelope is a digest as an event.
type envelope struct {
	Type     string `json:"type"`
	Severity string `json:"severity"`
	Title    string `json:"title"`
	URL      string `json:"url,omitempty"`
	Data     struct {
		Digest Digest `json:"digest"`
	} `json:"data"`
}

// say makes the fact. A digest that is too long for one is cut to what fits: first its texts, then its lists.
func say(i *store.Integration, id event.ID, d Digest, now time.Time) (store.Said, error) {
	e := envelope{Type: event.TypeDigest, Severity: event.Info.String(), Title: d.title(), URL: d.URL}
	for rows, text := MaxRows, maxName; ; {
		d.clip(rows, text)
		e.Data.Digest = d
		raw, err := json.Marshal(e)
		if err != nil {
			return store.Said{}, fmt.Errorf("writing the digest: %w", err)
		}
		if len(raw) <= store.MaxSaidBytes || rows == 0 {
			return store.Said{
				ID: id, Account: i.Account, Type: e.Type, Origin: i.ID.Text(event.PrefixIntegration), Event: raw, At: now,
			}, nil
		}
		if text = text * 2 / 3; text < leastText {
			text, rows = leastText, rows-1
		}
	}
}
