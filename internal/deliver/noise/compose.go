package noise

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
)

// Limits of what a message says of its events.
const (
	MaxListedEvents   = 50
	MaxListedEntities = 20
	MaxListedTitles   = 10
	// briefEntities and briefText bound what is kept of each event for that.
	briefEntities = 3
	briefText     = 200
)

// Brief is what a message says of one of its events.
type Brief struct {
	Event    event.ID
	Type     string
	Severity event.Severity
	Time     time.Time
	Title    string
	Entities []Entity
}

// Entity is one that events are about.
type Entity struct {
	Type  string `json:"type"`
	Value string `json:"value"`
}

// BriefOf takes from an event what a message says of it. It shares no memory with the event.
func BriefOf(r *event.Record) Brief {
	b := Brief{
		Event: r.ID, Type: strings.Clone(r.Type), Severity: r.Severity, Time: r.Time,
		Title: strings.Clone(event.Clip(gjson.GetBytes(r.Body, "title").String(), briefText)),
	}
	gjson.GetBytes(r.Body, "entities").ForEach(func(_, e gjson.Result) bool {
		b.Entities = append(b.Entities, Entity{
			strings.Clone(event.Clip(e.Get("type").String(), briefText)), strings.Clone(event.Clip(e.Get("value").String(), briefText)),
		})
		return len(b.Entities) < briefEntities
	})
	if b.Title == "" {
		b.Title = b.Type
	}
	return b
}

// Leader gives the place of the most severe event, the first of them.
func Leader(list []Brief) int {
	lead := 0
	for i := range list {
		if list[i].Severity > list[lead].Severity {
			lead = i
		}
	}
	return lead
}

// groupData is "data.group" of a message that stands for several events.
type groupData struct {
	Count      int            `json:"count"`
	First      time.Time      `json:"first"`
	Last       time.Time      `json:"last"`
	Severities map[string]int `json:"severities"`
	Events     []string       `json:"events"`
	Entities   []Entity       `json:"entities,omitempty"`
}

// heldData is "data.held" of a summary.
type heldData struct {
	Count      int            `json:"count"`
	Why        string         `json:"why"`
	From       time.Time      `json:"from"`
	To         time.Time      `json:"to"`
	Severities map[string]int `json:"severities"`
	Titles     []TitleCount   `json:"titles"`
	Events     []string       `json:"events"`
	Entities   []Entity       `json:"entities,omitempty"`
}

// TitleCount is how many events have a title, and the most severe of them.
type TitleCount struct {
	Title    string         `json:"title"`
	Count    int            `json:"count"`
	Severity event.Severity `json:"severity"`
}

// sums are what both kinds of messages say.
func sums(list []Brief) groupData {
	g := groupData{Count: len(list), Severities: map[string]int{}, Events: []string{}}
	known := map[Entity]bool{}
	for i := range list {
		b := &list[i]
		g.Severities[b.Severity.String()]++
		if g.First.IsZero() || b.Time.Before(g.First) {
			g.First = b.Time
		}
		if b.Time.After(g.Last) {
			g.Last = b.Time
		}
		if len(g.Events) < MaxListedEvents {
			g.Events = append(g.Events, b.Event.Text(event.PrefixEvent))
		}
		for _, e := range b.Entities {
			if !known[e] && len(g.Entities) < MaxListedEntities {
				known[e] = true
				g.Entities = append(g.Entities, e)
			}
		}
	}
	return g
}

// Group makes the one message of a group: the leader's envelope with a title and data that tell of all.
func Group(leader *event.Record, list []Brief) *event.Record {
	r := *leader
	title := gjson.GetBytes(leader.Body, "title").String()
	if title == "" {
		title = leader.Type
	}
	title = event.Clip(fmt.Sprintf("%d × %s", len(list), title), event.MaxTitle)
	group := encode(sums(list))
	r.Raw = nil
	r.Body = withGroup(leader.Body, title, group, true)
	if len(r.Body) > event.MaxEventBytes {
		r.Body = withGroup(leader.Body, title, group, false)
	}
	return &r
}

// withGroup writes the body with another title and data.group. What else is in data may be left out.
func withGroup(body []byte, title string, group []byte, all bool) []byte {
	out := append(make([]byte, 0, len(body)+len(title)+len(group)+32), `{"title":`...)
	out = event.AppendString(out, title)
	var data []byte
	for name, value := range event.Members(body) {
		switch string(name) {
		case "title":
		case "data":
			data = value
		default:
			out = event.AppendString(append(out, ','), string(name))
			out = append(append(out, ':'), value...)
		}
	}
	out = append(out, `,"data":{"group":`...)
	out = append(out, group...)
	for name, value := range event.Members(data) {
		if string(name) != "group" && all {
			out = event.AppendString(append(out, ','), string(name))
			out = append(append(out, ':'), value...)
		}
	}
	return append(out, "}}"...)
}

// Frame is what a summary is about.
type Frame struct {
	ID          event.ID
	Account     event.Account
	Integration string // textual
	Reason      Reason
	Zone        *time.Location // in which times are told; nil: UTC
	Per         time.Duration  // of the cap
	Since, Now  time.Time
}

// Summary makes the one message that tells what was held back. Its error says that the event would not be one, which a
// bug would be.
func Summary(f Frame, list []Brief) (*event.Record, error) {
	s := sums(list)
	titles := topTitles(list)
	if f.Zone == nil {
		f.Zone = time.UTC
	}
	since := f.Since.In(f.Zone)
	why, title := "quiet hours", fmt.Sprintf("%d notifications were held back between %s and %s", len(list), clock(since, f.Now), clock(f.Now.In(f.Zone), f.Now))
	if f.Reason == RateCap {
		why = "message cap"
		title = fmt.Sprintf("%d notifications were held back: more than the cap allows in %s", len(list), form.DurationText(f.Per))
	}
	var text strings.Builder
	for i, t := range titles {
		if i > 0 {
			text.WriteByte('\n')
		}
		fmt.Fprintf(&text, "%d × %s (%s)", t.Count, t.Title, t.Severity)
	}
	lead := list[Leader(list)]
	r, err := event.FromEvent(&event.Event{
		Type: event.TypeHeldBack, Severity: lead.Severity, Title: title, Description: text.String(), Time: f.Now,
		Data: json.RawMessage(`{"held":` + string(encode(heldData{
			Count: s.Count, Why: why, From: f.Since.UTC(), To: f.Now.UTC(), Severities: s.Severities, Titles: titles, Events: s.Events,
			Entities: s.Entities,
		})) + `}`),
	}, event.Origin{Account: f.Account, Received: f.Now, Integration: f.Integration, Flags: event.Internal}, event.DefaultLimits())
	if err != nil {
		return nil, fmt.Errorf("composing a summary of %d deliveries: %w", len(list), err)
	}
	r.ID = f.ID
	return r, nil
}

// clock is a time of day; with its date where that is not today's or yesterday's.
func clock(t, now time.Time) string {
	if now.Sub(t) < 24*time.Hour {
		return t.Format("15:04")
	}
	return t.Format("2006-01-02 15:04")
}

// topTitles gives the most severe titles, then the most frequent.
func topTitles(list []Brief) []TitleCount {
	at := map[string]int{}
	titles := []TitleCount{}
	for i := range list {
		b := &list[i]
		n, known := at[b.Title]
		if !known {
			n = len(titles)
			at[b.Title] = n
			titles = append(titles, TitleCount{Title: b.Title})
		}
		titles[n].Count++
		titles[n].Severity = max(titles[n].Severity, b.Severity)
	}
	slices.SortStableFunc(titles, func(a, b TitleCount) int {
		return cmp.Or(cmp.Compare(b.Severity, a.Severity), cmp.Compare(b.Count, a.Count))
	})
	return titles[:min(len(titles), MaxListedTitles)]
}

func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic("noise: writing a message's data: " + err.Error()) // texts, numbers and times
	}
	return b
}
