package noise

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
)

// policy reads a "noise" object.
func policy(t testing.TB, raw string) *connector.Noise {
	t.Helper()
	p, err := connector.ParsePolicy(json.RawMessage(`{"noise":`+raw+`}`), connector.Kind{})
	if err != nil {
		t.Fatal(err)
	}
	return &p.Noise
}

func at(text string) time.Time {
	v, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return v
}

var start = at("2026-11-18T12:00:00Z") // a Wednesday

// record makes an event; body members may be added.
func record(t testing.TB, kind, key string, severity event.Severity, more string) *event.Record {
	t.Helper()
	body := fmt.Sprintf(`{"type":%q,"severity":%q`, kind, severity)
	if key != "" {
		body += fmt.Sprintf(`,"dedup_key":%q`, key)
	}
	r, err := event.Parse([]byte(body+more+`}`), "acme", start, event.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	r.ID = event.NewID()
	return r
}

const (
	created  = "alert.created"
	resolved = "alert.resolved"
	acked    = "alert.acknowledged"
)

// TestDecide plays short histories: each step is an event, or a message that goes out.
func TestDecide(t *testing.T) {
	t.Parallel()
	type step struct {
		after    time.Duration // since the step before
		kind     string
		key      string
		severity event.Severity
		more     string
		silenced bool
		held     bool
		batch    bool
		want     string // action, reason, and what else is said
	}
	const quiet = `{"quiet_hours":[{"from":"11:00","to":"13:00"}]}`
	silence := &Silence{ID: "sil_x", Until: start.Add(time.Hour)}
	for _, c := range []struct {
		name, policy string
		since        time.Time
		steps        []step
	}{
		{"nothing set", `{}`, time.Time{}, []step{
			{kind: created, key: "a", want: "send"}, {kind: created, key: "a", want: "send"}, {kind: resolved, key: "a", want: "send"},
		}},
		{"dedup", `{"dedup_window":"10m"}`, time.Time{}, []step{
			{kind: created, key: "a", severity: 2, want: "send"},
			{after: time.Minute, kind: created, key: "a", severity: 2, want: "skip dedup 9m0s"},
			{kind: created, key: "a", severity: 1, want: "skip dedup 9m0s"},
			{kind: created, key: "b", severity: 2, want: "send"},
			{kind: "detection.shell", key: "a", severity: 2, want: "send"},
			{kind: created, key: "a", severity: 3, want: "send"},
			{kind: created, key: "a", severity: 2, want: "skip dedup 10m0s"},
			{after: 10 * time.Minute, kind: created, key: "a", severity: 2, want: "send"},
			{kind: created, key: "", want: "send"}, {kind: created, key: "", want: "send"},
			{kind: acked, key: "a", want: "send"}, {kind: acked, key: "a", want: "send"},
		}},
		{"what begins anew is no repeat", `{"dedup_window":"10m"}`, time.Time{}, []step{
			{kind: created, key: "a", want: "send"}, {kind: created, key: "a", want: "skip dedup 10m0s"},
			{kind: resolved, key: "a", want: "send"}, {kind: created, key: "a", want: "send"},
		}},
		{"silenced, with what follows", `{}`, time.Time{}, []step{
			{kind: created, key: "a", silenced: true, want: "skip silenced 1h0m0s sil_x"},
			{kind: acked, key: "a", silenced: true, want: "skip silenced"},
			{kind: resolved, key: "a", want: "skip silenced"}, // also when the silence is over
			{kind: created, key: "a", want: "send"}, {kind: resolved, key: "a", want: "send"},
		}},
		{"the trigger went out, then the silence", `{}`, time.Time{}, []step{
			{kind: created, key: "a", want: "send"},
			{kind: created, key: "a", silenced: true, want: "skip silenced 1h0m0s sil_x"},
			{kind: acked, key: "a", silenced: true, want: "send"}, {kind: resolved, key: "a", silenced: true, want: "send"},
		}},
		{"news of what was never announced", `{}`, time.Time{}, []step{
			{kind: acked, key: "a", silenced: true, want: "skip silenced 1h0m0s sil_x"},
			{kind: resolved, key: "a", silenced: true, want: "skip silenced 1h0m0s sil_x"},
			{kind: acked, key: "a", want: "send"}, {kind: resolved, key: "a", want: "send"},
		}},
		{"it is not known whether the trigger went out", `{}`, start, []step{
			{kind: created, key: "a", silenced: true, want: "skip silenced 1h0m0s sil_x"},
			{kind: resolved, key: "a", silenced: true, want: "send"},
		}},
		{"quiet hours", quiet, time.Time{}, []step{
			{kind: created, key: "a", severity: 3, want: "hold quiet_hours 1h0m0s quiet"},
			{kind: created, key: "b", severity: 4, want: "send"},
			{kind: created, key: "c", severity: 0, batch: true, want: "hold quiet_hours 1h0m0s quiet/each"},
			{kind: acked, key: "a", held: true, want: "send join"},
			{kind: resolved, key: "a", held: true, want: "skip resolved calloff"},
			{kind: resolved, key: "b", want: "send"},
			{after: time.Hour, kind: created, key: "a", want: "send"},
		}},
		{"a repeat is held of what was announced", `{"quiet_hours":[{"from":"12:01","to":"13:00"}]}`, time.Time{}, []step{
			{kind: created, key: "a", want: "send"},
			{after: time.Minute, kind: created, key: "a", want: "hold quiet_hours 59m0s quiet"},
			{kind: acked, key: "a", held: true, want: "send"}, {kind: resolved, key: "a", held: true, want: "send calloff"},
		}},
		{"batches get everything in its order", quiet, time.Time{}, []step{
			{kind: created, key: "a", batch: true, want: "hold quiet_hours 1h0m0s quiet/each"},
			{kind: resolved, key: "a", batch: true, held: true, want: "send join"},
		}},
		{"groups", `{"group":{"by":["project"],"wait":"30s","interval":"5m"}}`, time.Time{}, []step{
			{kind: created, key: "a", more: `,"project":"web"`, want: "hold grouped 30s group/acme\x1fweb"},
			{kind: created, key: "a", batch: true, more: `,"project":"web"`, want: "send"},
			{kind: created, key: "b", want: "send"}, // nothing to group it by
			{kind: "message", key: "group/acme\x1fweb"},
			{after: time.Minute, kind: created, key: "c", more: `,"project":"web"`, want: "hold grouped 4m0s group/acme\x1fweb"},
			{after: 4 * time.Minute, kind: created, key: "d", more: `,"project":"web"`, want: "hold grouped 30s group/acme\x1fweb"},
			{kind: resolved, key: "a", more: `,"project":"web"`, want: "send"},
		}},
		{"the cap", `{"cap":{"messages":2,"per":"10m"}}`, time.Time{}, []step{
			{kind: created, key: "a", want: "send"}, {kind: created, key: "b", want: "send"},
			{after: time.Minute, kind: created, key: "c", severity: 3, want: "hold rate_cap 9m0s cap"},
			{kind: created, key: "d", severity: 4, want: "send"},
			{kind: resolved, key: "a", want: "send"},
			{after: 9 * time.Minute, kind: created, key: "e", want: "send"}, {kind: "message", key: "cap"},
			{kind: created, key: "f", want: "hold rate_cap 10m0s cap"},
		}},
	} {
		p := policy(t, c.policy)
		s := NewState(c.since)
		now := start
		for i, st := range c.steps {
			now = now.Add(st.after)
			if st.kind == "message" {
				s.Message(p, st.key, nil, now)
				continue
			}
			in := Input{Record: record(t, st.kind, st.key, st.severity, st.more), Held: st.held, Batch: st.batch}
			if st.silenced {
				in.Silence = silence
			}
			d := s.Decide(p, in, now)
			if again := s.Decide(p, in, now); again != d {
				t.Errorf("%s, step %d: asking changes the answer: %+v, %+v", c.name, i, d, again)
			}
			s.Note(p, in.Record, d, now)
			if got := said(d, now); got != st.want {
				t.Errorf("%s, step %d: %q, want %q", c.name, i, got, st.want)
			}
		}
	}
}

func said(d Decision, now time.Time) string {
	text := [...]string{"send", "skip", "hold"}[d.Action]
	if d.Reason != "" {
		text += " " + string(d.Reason)
	}
	if !d.Until.IsZero() {
		text += " " + d.Until.Sub(now).String()
	}
	for _, s := range []string{d.Group, d.Detail} {
		if s != "" {
			text += " " + s
		}
	}
	if d.CallOff {
		text += " calloff"
	}
	if d.Join {
		text += " join"
	}
	return text
}

// After a crash the same event is decided about once more, with what was remembered.
func TestRepeatedAfterCrash(t *testing.T) {
	t.Parallel()
	p := policy(t, `{"dedup_window":"10m"}`)
	s := NewState(time.Time{})
	first := record(t, created, "a", 2, "")
	s.Note(p, first, s.Decide(p, Input{Record: first}, start), start)
	saved := s.Changes()
	if len(saved) != 1 || len(s.Changes()) != 0 {
		t.Fatalf("%d notes", len(saved))
	}
	back := NewState(time.Time{})
	back.Restore(saved)
	if d := back.Decide(p, Input{Record: first}, start.Add(time.Minute)); d.Action != Send {
		t.Errorf("the event itself counts as its repeat: %+v", d)
	}
	if d := back.Decide(p, Input{Record: record(t, created, "a", 2, "")}, start.Add(time.Minute)); d.Reason != Dedup {
		t.Errorf("a repeat after the restart: %+v", d)
	}
	back.CalledOff("a/acme/a") // it was announced
	if back.Len() != 1 {
		t.Error("an announcement was forgotten")
	}
}

// What is called off was never announced: when it begins again, it is no repeat.
func TestCalledOff(t *testing.T) {
	t.Parallel()
	p := policy(t, `{"dedup_window":"10m","quiet_hours":[{"from":"00:00","to":"00:00"}]}`)
	s := NewState(time.Time{})
	for range 2 {
		r := record(t, created, "a", 2, "")
		if d := s.Decide(p, Input{Record: r}, start); d.Action != Hold {
			t.Fatalf("%+v", d)
		} else {
			s.Note(p, r, d, start)
		}
		r = record(t, resolved, "a", 2, "")
		d := s.Decide(p, Input{Record: r, Held: true}, start)
		s.Note(p, r, d, start)
		s.CalledOff(Subject(r))
	}
}

// A fact tells when its alert began, which may be before or after the memory did.
func TestSure(t *testing.T) {
	t.Parallel()
	for first, want := range map[string]string{"2026-11-18T11:00:00Z": "send", "2026-11-18T12:30:00Z": "skip silenced"} {
		s, p := NewState(start), new(connector.Noise)
		r := record(t, created, "a", 2, "")
		now := start.Add(time.Hour)
		s.Note(p, r, Decision{Action: Skip, Reason: Silenced}, now)
		r = record(t, resolved, "a", 2, `,"data":{"alert":{"first_seen":"`+first+`"}}`)
		r.Flags |= event.Internal
		if got := said(s.Decide(p, Input{Record: r}, now), now); got != want {
			t.Errorf("first seen %s: %s, want %s", first, got, want)
		}
	}
}

func TestPrune(t *testing.T) {
	t.Parallel()
	p := policy(t, `{"dedup_window":"1m"}`)
	s := NewState(time.Time{})
	for i := range MaxNotes + 1 {
		r := record(t, created, fmt.Sprint(i), 2, "")
		now := start.Add(time.Duration(i) * time.Millisecond)
		s.Note(p, r, Decision{}, now)
	}
	s.Prune(start.Add(time.Minute))
	if s.Len() > MaxNotes || s.find("a/acme/0") != nil || s.find(fmt.Sprint("a/acme/", MaxNotes)) == nil {
		t.Errorf("%d notes", s.Len())
	}
	if s.Since.IsZero() {
		t.Error("something was forgotten, and the memory says that it knows all")
	}
	s.Prune(start.Add(KeepNotes + time.Hour))
	if s.Len() != 0 {
		t.Errorf("%d notes after a month", s.Len())
	}
}

func TestGroupKey(t *testing.T) {
	t.Parallel()
	const all = `,"project":"p","alert_type":"x","endpoint":"e1","incident":"INC-7","rule":{"id":"r1","name":"n"},"source":{"vendor":"v","product":"q"},"entities":[{"type":"ip","value":"203.0.113.7"},{"type":"user","value":"dana"}]`
	for by, want := range map[string]string{
		`"alert"`: "k", `"alert_type"`: "x", `"endpoint"`: "e1", `"entity"`: "ip:203.0.113.7", `"incident"`: "INC-7", `"project"`: "p",
		`"rule"`: "r1", `"severity"`: "high", `"source"`: "v/q", `"type"`: "alert.created", `"rule","project"`: "r1\x1fp",
	} {
		p := policy(t, `{"group":{"by":[`+by+`]}}`)
		if got := GroupKey(p, record(t, created, "k", event.High, all)); got != "group/acme\x1f"+want {
			t.Errorf("%s: %q", by, got)
		}
	}
	p := policy(t, `{"group":{"by":["rule","entity"]}}`)
	if got := GroupKey(p, record(t, created, "k", event.High, "")); got != "" {
		t.Errorf("an event that has nothing of it: %q", got)
	}
	// What an event says cannot make another's key.
	one := GroupKey(p, record(t, created, "", 0, `,"rule":{"id":"a\u001fip:b"}`))
	two := GroupKey(p, record(t, created, "", 0, `,"rule":{"id":"a"},"entities":[{"type":"ip","value":"b"}]`))
	if one == two {
		t.Errorf("two different events have the key %q", one)
	}
}

func TestClasses(t *testing.T) {
	t.Parallel()
	for kind, want := range map[string]Class{
		created: Announcement, acked: Change, "alert.updated": Change, "alert.reopened": Change, resolved: End, "incident.created": Announcement,
		"incident.updated": Change, "incident.closed": End, "ip.blocked": Announcement, "system.digest": Announcement,
	} {
		if got := ClassOf(&event.Record{Type: kind}); got != want {
			t.Errorf("%s: %d", kind, got)
		}
	}
	if ClassOf(&event.Record{Type: event.TypeDigest, Flags: event.Internal}) != Exempt {
		t.Error("Tocsin's own digest is not exempt")
	}
	for _, c := range []struct {
		kind, dedup, order string
		account            event.Account
		flags              event.Flags
		want               string
	}{
		{created, "k", "o", "acme", 0, "a/acme/k"}, {acked, "k", "o", "acme", event.Internal, "a/acme/k"}, {created, "k", "o", "other", 0, "a/other/k"},
		{created, "", "o", "acme", 0, ""}, {"incident.closed", "", "INC-7", "acme", event.Internal, "i/acme/INC-7"},
		{"incident.closed", "", "INC-7", "acme", 0, "s/acme/INC-7"}, // of a sender, which does not call off the hub's
	} {
		if diff := cmp.Diff(c.want, Subject(&event.Record{Account: c.account, Flags: c.flags, Type: c.kind, DedupKey: c.dedup, OrderingKey: c.order})); diff != "" {
			t.Error(diff)
		}
	}
}
