package pagerduty

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
)

// said is an event of one alert.
func said(eventType, key, more string) string {
	return fmt.Sprintf(`{"type":%q,"title":"Disk full","severity":"high","dedup_key":%q%s}`, eventType, key, more)
}

func TestLife(t *testing.T) {
	t.Parallel()
	created, acked, resolved := said("alert.created", "a", ""), said("alert.acknowledged", "a", ""), said("alert.resolved", "a", "")
	reopened := said("alert.reopened", "a", "")
	risen, note := said("alert.updated", "a", `,"severity":"critical"`), said("alert.updated", "a", "")
	risen = strings.Replace(risen, `"severity":"high",`, "", 1)
	for name, tt := range map[string]struct {
		settings string
		events   []string
		want     []string
		open     map[string]bool
	}{
		"to the end":       {"", []string{created, acked, resolved}, []string{"trigger a", "acknowledge a", "resolve a"}, map[string]bool{}},
		"acknowledged":     {"", []string{created, acked}, []string{"trigger a", "acknowledge a"}, map[string]bool{keyA + " a": true}},
		"reopened":         {"", []string{created, resolved, reopened}, []string{"trigger a", "resolve a", "trigger a"}, map[string]bool{keyA + " a": false}},
		"risen":            {"", []string{created, note, risen, risen, note}, []string{"trigger a", "trigger a"}, map[string]bool{keyA + " a": false}},
		"a note, resolved": {"", []string{created, resolved, note, risen}, []string{"trigger a", "resolve a"}, map[string]bool{}},
		"risen first":      {"", []string{risen}, []string{"trigger a"}, map[string]bool{keyA + " a": false}},
		"SOCWarden's way":  {`,"on_acknowledge":"resolve"`, []string{created, acked}, []string{"trigger a", "resolve a"}, map[string]bool{}},
		"SOCWarden's way, to the end": {`,"on_acknowledge":"resolve"`, []string{created, acked, acked, reopened, resolved},
			[]string{"trigger a", "resolve a", "resolve a", "trigger a", "resolve a"}, map[string]bool{}},
		"others trigger": {"", []string{`{"type":"hit.detected","title":"x","dedup_key":"h"}`}, []string{"trigger h"}, map[string]bool{keyA + " h": false}},
		"an incident": {"", []string{
			`{"type":"incident.created","title":"x","incident":"INC-7"}`,
			`{"type":"incident.updated","incident":"INC-7","data":{"change":{"verb":"note"}}}`,
			`{"type":"incident.updated","incident":"INC-7","data":{"change":{"verb":"update","changed":{"status":["new","active"]}}}}`,
			`{"type":"incident.closed","incident":"INC-7"}`,
			`{"type":"incident.updated","title":"x","incident":"INC-7","data":{"change":{"verb":"reopen","changed":{"status":["closed","active"]}}}}`,
		}, []string{"trigger INC-7", "acknowledge INC-7", "resolve INC-7", "trigger INC-7"}, map[string]bool{keyA + " INC-7": false}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, tt.settings)
			b.sends(tt.events...)
			if diff := cmp.Diff(tt.want, b.actions()); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(tt.open, b.open()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// With key_by incident, alerts of one incident share a page, which ends with the last of them or with the incident.
func TestByIncident(t *testing.T) {
	t.Parallel()
	in := func(eventType, key string) string { return said(eventType, key, `,"incident":"INC-7"`) }
	for name, tt := range map[string]struct {
		events []string
		want   []string
	}{
		"one alert": {[]string{in("alert.created", "a"), in("alert.resolved", "a")}, []string{"trigger INC-7", "resolve INC-7"}},
		"two alerts": {[]string{in("alert.created", "a"), in("alert.created", "b"), in("alert.resolved", "a"), in("alert.resolved", "b")},
			[]string{"trigger INC-7", "trigger INC-7", "resolve INC-7"}},
		"the incident ends it": {[]string{in("alert.created", "a"), in("alert.created", "b"), `{"type":"incident.closed","incident":"INC-7"}`, in("alert.created", "c"), in("alert.resolved", "c")},
			[]string{"trigger INC-7", "trigger INC-7", "resolve INC-7", "trigger INC-7", "resolve INC-7"}},
		"acknowledged": {[]string{in("alert.created", "a"), in("alert.acknowledged", "a")}, []string{"trigger INC-7", "acknowledge INC-7"}},
		"no incident":  {[]string{said("alert.created", "a", ""), said("alert.resolved", "a", "")}, []string{"trigger a", "resolve a"}},
		"a case of another system": {[]string{said("alert.created", "a", `,"incident":"CASE/77"`), said("alert.resolved", "a", `,"incident":"CASE/77"`)},
			[]string{"trigger CASE/77", "resolve CASE/77"}},
		"it comes under an incident later": {[]string{said("alert.created", "a", ""), in("alert.resolved", "a")}, []string{"trigger a", "resolve a"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, `,"key_by":"incident"`)
			b.sends(tt.events...)
			if diff := cmp.Diff(tt.want, b.actions()); diff != "" {
				t.Error(diff)
			}
			if len(b.open()) != map[bool]int{true: 1}[name == "acknowledged"] {
				t.Errorf("open: %v", b.open())
			}
		})
	}
}

// Whatever becomes of the keys and of the alert's severity: what follows a trigger goes with the trigger's key.
func TestKeysFollow(t *testing.T) {
	t.Parallel()
	created, resolved := said("alert.created", "a", ""), said("alert.resolved", "a", "")
	b := newBench(t, "")
	b.sends(created)
	// The key is changed. Without the old one nothing is sent that PagerDuty would drop.
	b.reopen(keyB, "")
	b.actions()
	err := b.send(resolved)
	if !connector.IsPermanent(err) || !strings.Contains(err.Error(), "previous_routing_keys") || strings.Contains(err.Error(), keyA) || len(b.actions()) != 0 {
		t.Errorf("without the old key: %v", err)
	}
	b.reopen(keyB, `,"previous_routing_keys":[{"name":"old","routing_key":"`+keyA+`"}]`)
	b.sends(said("alert.acknowledged", "a", ""), resolved)
	if len(b.open()) != 0 || b.dropped != 0 {
		t.Errorf("open %v, dropped %d", b.open(), b.dropped)
	}
	// A new page has the new key, and a resolve that comes again the old one's no more.
	b.sends(created)
	if diff := cmp.Diff(map[string]bool{keyB + " a": false}, b.open()); diff != "" {
		t.Error(diff)
	}
	b.sends(resolved)

	// Critical alerts go elsewhere; one that becomes critical stays where it is.
	b.reopen(keyB, `,"severity_routes":[{"severity":"critical","routing_key":"`+keyC+`"}]`)
	risen := `{"type":"alert.updated","title":"x","severity":"critical","dedup_key":"a"}`
	b.sends(created, risen, `{"type":"alert.created","title":"x","severity":"critical","dedup_key":"b"}`)
	if diff := cmp.Diff(map[string]bool{keyB + " a": false, keyC + " b": false}, b.open()); diff != "" {
		t.Error(diff)
	}
	b.sends(`{"type":"alert.resolved","severity":"critical","dedup_key":"a"}`, `{"type":"alert.resolved","severity":"info","dedup_key":"b"}`)
	if len(b.open()) != 0 || b.dropped != 0 {
		t.Errorf("open %v, dropped %d", b.open(), b.dropped)
	}
}

// An answer that is lost makes no second page, and is no reason to forget the key.
func TestLostAnswer(t *testing.T) {
	t.Parallel()
	b := newBench(t, "")
	b.mute = func(n int) bool { return n == 1 || n == 3 }
	created, resolved := said("alert.created", "a", ""), said("alert.resolved", "a", "")
	if err := b.send(created); err == nil || connector.IsPermanent(err) {
		t.Errorf("got %v", err)
	}
	b.reopen(keyB, `,"previous_routing_keys":[{"name":"old","routing_key":"`+keyA+`"}]`)
	b.sends(created)
	if diff := cmp.Diff(map[string]bool{keyA + " a": false}, b.open()); diff != "" {
		t.Error(diff)
	}
	if err := b.send(resolved); err == nil {
		t.Error("the third answer came")
	}
	b.sends(resolved)
	if a := b.alerts[keyA+" a"]; a.open || a.opened != 1 || b.dropped != 1 || len(b.alerts) != 1 {
		t.Errorf("%+v, dropped %d", a, b.dropped)
	}
}

// A storm is held back by PagerDuty, and every page comes through in the end.
func TestThrottled(t *testing.T) {
	t.Parallel()
	b := newBench(t, "")
	b.first = func(w http.ResponseWriter, n int, _ sent) bool {
		if n%3 == 0 {
			return false
		}
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusTooManyRequests)
		return true
	}
	for k := range 20 {
		for {
			err := b.send(said("alert.created", fmt.Sprint(k), ""))
			if err == nil {
				break
			}
			if after, ok := connector.IsThrottled(err); !ok || after.Seconds() != 1 {
				t.Fatalf("got %v", err)
			}
		}
	}
	if len(b.open()) != 20 {
		t.Errorf("%d pages", len(b.open()))
	}
}

func TestDedupKey(t *testing.T) {
	t.Parallel()
	for key, plain := range map[string]bool{
		"host-1/cpu": true, "a b": true, strings.Repeat("k", 255): true, "INC-7": true, "é": true,
		strings.Repeat("k", 256): false, strings.Repeat("é", 128): false, " a": false, "a ": false, "a\nb": false, "a\u202eb": false, "": false,
	} {
		got := dedupKey(key)
		if (got == key) != plain || len(got) > maxDedupKey || got != dedupKey(key) || got == "" {
			t.Errorf("%.20q (%d bytes) becomes %q", key, len(key), got)
		}
	}
}

// Whatever is in an event, the page is within PagerDuty's limits, and shows where it was cut.
func TestLimits(t *testing.T) {
	t.Parallel()
	b := newBench(t, "")
	control := strings.Repeat("\u0001", event.MaxName)
	var tags, entities []string
	for k := range 64 {
		tags = append(tags, fmt.Sprintf("%q", fmt.Sprint(k)+control[:200]))
		entities = append(entities, fmt.Sprintf(`{"type":"ip","value":%q}`, fmt.Sprint(k)+strings.Repeat("\u0001", 600)))
	}
	quoted := func(text string) string { return strings.ReplaceAll(fmt.Sprintf("%q", text), `\x01`, `\u0001`) }
	raw := fmt.Sprintf(`{"type":"alert.created","title":%s,"description":%s,"dedup_key":"a","tags":[%s],"entities":[%s],"data":{"text":%s,"more":%s}}`,
		quoted(strings.Repeat("é", 1000)), quoted(strings.Repeat("d", 60000)), strings.ReplaceAll(strings.Join(tags, ","), `\x01`, `\u0001`),
		strings.ReplaceAll(strings.Join(entities, ","), `\x01`, `\u0001`), quoted(strings.Repeat("x", 50000)), quoted(strings.Repeat("y", 10000)))
	b.sends(raw)
	s := b.requests[0]
	d := s.Payload.Details
	if len(s.raw) > maxBody || s.Payload.Summary != strings.Repeat("é", 1000) {
		t.Errorf("%d bytes, summary %.20q", len(s.raw), s.Payload.Summary)
	}
	if text := d["description"].(string); !strings.HasSuffix(text, cut) || len([]rune(text)) != maxDetail {
		t.Errorf("the description has %d characters and ends %q", len([]rune(text)), text[len(text)-40:])
	}
	if _, whole := d["data"].(map[string]any); !whole {
		t.Errorf("data is %.100v", d["data"])
	}
	if list := d["tags"].([]any); len(list) != maxItems+1 || list[maxItems] != "… and 14 more [cut by Tocsin]" {
		t.Errorf("%d tags, the last is %v", len(list), list[len(list)-1])
	}
	var large details
	for k := range 12 {
		large.text(fmt.Sprint(k), strings.Repeat("\u0001", maxDetail))
		large.object(fmt.Sprint("o", k), []byte(`"`+strings.Repeat("x", maxData-2)+`"`))
	}
	n := 0
	for {
		if raw, err := encode(large); err != nil || len(raw) <= maxBody {
			break
		}
		if !large.drop() {
			t.Fatal("nothing is left to leave out")
		}
		n++
	}
	if n == 0 || large[1].value != left || large[0].value == left {
		t.Errorf("%d were left out; %.50v %.50v", n, large[0].value, large[1].value)
	}
}
