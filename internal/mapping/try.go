package mapping

import (
	"encoding/json"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// MaxTried bounds the events that a trial tells of one by one.
const MaxTried = 100

// Trial is what a rule would do to events. Those that Tocsin itself said are left out: rules never see them.
type Trial struct {
	Looked  int         `json:"looked" doc:"How many events the rule was tried on."`
	Matched int         `json:"matched" doc:"For how many of them it holds."`
	Changed int         `json:"changed" doc:"How many it would change."`
	Dropped int         `json:"dropped" doc:"How many it would drop."`
	Failed  int         `json:"failed" doc:"For how many it fails; those would go on as they are."`
	Items   []TriedItem `json:"items" doc:"What it would do to each of the newest 100 of those events that it has to do with."`
}

// TriedItem is what a rule would do to one event.
type TriedItem struct {
	Event   string          `json:"event" doc:"The event." example:"evt_01kmb7a2v4e9zr6x3q8w5t0ysd"`
	Title   string          `json:"title,omitempty" doc:"Its title."`
	Dropped bool            `json:"dropped,omitempty" doc:"It would be dropped."`
	Before  json.RawMessage `json:"before,omitempty" doc:"What would change, as it is."`
	After   json.RawMessage `json:"after,omitempty" doc:"What would change, as it would be."`
	Error   string          `json:"error,omitempty" doc:"Why the rule fails."`
}

// Try says what a rule of an account would do to events as they are stored, which is after the rules that ran when they
// came. It does nothing and counts nothing. The rule's source is not asked: what is stored does not say by which way it
// came. The error is form.Errors.
func (s *Service) Try(account event.Account, raw json.RawMessage, records []*event.Record) (Trial, error) {
	t := Trial{Items: []TriedItem{}}
	r, err := s.parse(account, raw)
	if err != nil {
		return t, err
	}
	c, err := Compile(r)
	if err != nil {
		return t, err
	}
	may := May{Limits: s.deps.Limits, Account: s.mayGiveTo(account)}
	for _, r := range records {
		if r.Flags&event.Internal != 0 {
			continue
		}
		t.Looked++
		t.take(r, Apply([]*Compiled{c}, r, may))
	}
	return t, nil
}

func (t *Trial) take(r *event.Record, o Outcome) {
	if len(o.Steps) == 0 {
		return
	}
	item := TriedItem{Event: r.ID.Text(event.PrefixEvent), Dropped: o.Record == nil}
	for raw := range members(r.Body, "title") {
		item.Title = event.Unquote(raw)
	}
	switch err := o.Steps[0].Err; {
	case err != nil:
		t.Failed++
		item.Error = event.Clip(err.Error(), maxError)
	case item.Dropped:
		t.Matched++
		t.Dropped++
	default:
		t.Matched++
		if o.Record != r {
			t.Changed++
			item.Before, item.After = difference(r, o.Record)
		}
	}
	if len(t.Items) < MaxTried {
		t.Items = append(t.Items, item)
	}
}

// maxError bounds an error in a trial, in bytes.
const maxError = 400

// difference gives what is different of two forms of an event.
func difference(a, b *event.Record) (before, after json.RawMessage) {
	was, is := map[string]any{}, map[string]any{}
	put := func(name string, x, y string) {
		if x != y {
			was[name], is[name] = x, y
		}
	}
	put("account", string(a.Account), string(b.Account))
	put("type", a.Type, b.Type)
	put("severity", a.Severity.String(), b.Severity.String())
	put("project", a.Project, b.Project)
	put("alert_type", a.AlertType, b.AlertType)
	for _, name := range []string{"tags", "labels"} {
		x, y := rawOf(a, name), rawOf(b, name)
		if string(x) != string(y) {
			was[name], is[name] = x, y
		}
	}
	return encode(was), encode(is)
}

func rawOf(r *event.Record, name string) json.RawMessage {
	for raw := range members(r.Body, name) {
		return raw
	}
	return json.RawMessage("null")
}

// members yields the members of that name, of which there is at most one.
func members(object []byte, name string) func(func([]byte) bool) {
	return func(yield func([]byte) bool) {
		for n, value := range event.Members(object) {
			if string(n) == name {
				yield(value)
				return
			}
		}
	}
}
