package fact

import (
	"encoding/json"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

var now = time.Date(2026, 3, 1, 10, 15, 28, 0, time.UTC)

var types = []string{TypePending, TypeRejected, TypeBlocked, TypeVerified, TypeFailed, TypeDrifted, TypeEvicted, TypeUnblock}

func block(target string) *store.Block {
	return &store.Block{
		ID: event.NewID(), Account: "acme", Target: netip.MustParsePrefix(target), State: store.BlockActive, Reason: "brute force against login",
		Requester: store.BlockActor{Kind: "user", ID: "usr_1", Name: "dana@example.com"}, CreatedAt: now, ActiveAt: now, TTL: 24 * time.Hour,
		ExpiresAt: now.Add(24 * time.Hour), Version: 1,
	}
}

func parse(t testing.TB, s store.Said) *event.Record {
	t.Helper()
	if len(s.Event) > store.MaxSaidBytes {
		t.Fatalf("%d bytes, want at most %d", len(s.Event), store.MaxSaidBytes)
	}
	r, err := event.Parse(s.Event, s.Account, s.At, event.DefaultLimits())
	if err != nil {
		t.Fatalf("the fact is no event: %v\n%s", err, s.Event)
	}
	if len(r.Raw) > 0 && string(r.Raw) != string(r.Body) {
		t.Errorf("the fact is rewritten when it is read:\n%s\n%s", r.Raw, r.Body)
	}
	return r
}

func TestTitles(t *testing.T) {
	t.Parallel()
	edge := &Responder{ID: "int_1", Name: "edge", Kind: "cloudflare"}
	for _, c := range []struct {
		typ    string
		target string
		change func(*store.Block)
		detail Detail
		title  string
		status string
	}{
		{TypePending, "203.0.113.0/24", func(b *store.Block) { b.State = store.BlockPending }, Detail{}, "Block of 203.0.113.0/24 waits for approval", "pending_approval"},
		{TypeRejected, "203.0.113.7/32", func(b *store.Block) { b.State = store.BlockRejected }, Detail{}, "Block of 203.0.113.7 was rejected", "rejected"},
		{TypeRejected, "203.0.113.7/32", func(b *store.Block) { b.State = store.BlockLapsed }, Detail{}, "Block of 203.0.113.7 was not approved in time", "lapsed"},
		{TypeBlocked, "203.0.113.7/32", nil, Detail{Responder: edge}, "203.0.113.7 is blocked for 24h", "blocked"},
		{TypeBlocked, "2001:db8::/64", func(b *store.Block) { b.TTL, b.ExpiresAt = 0, time.Time{} }, Detail{}, "2001:db8::/64 is blocked for good", "blocked"},
		{TypeVerified, "203.0.113.7/32", nil, Detail{Responder: edge}, "Block of 203.0.113.7 is in force at edge", "verified"},
		{TypeFailed, "203.0.113.7/32", nil, Detail{Responder: edge}, "Block of 203.0.113.7 failed at edge", "failed"},
		{TypeDrifted, "203.0.113.7/32", nil, Detail{Responder: edge, Wanted: Blocked, Found: Absent}, "Block of 203.0.113.7 has disappeared at edge", "drifted"},
		{TypeDrifted, "203.0.113.7/32", nil, Detail{Responder: edge, Wanted: Absent, Found: Blocked}, "Block of 203.0.113.7 has ended, and is still there at edge", "drifted"},
		{TypeEvicted, "203.0.113.7/32", nil, Detail{Responder: edge}, "Block of 203.0.113.7 made room at edge", "evicted"},
		{TypeUnblock, "203.0.113.7/32", func(b *store.Block) { b.State = store.BlockExpired }, Detail{}, "Block of 203.0.113.7 ran out", "unblocked"},
		{TypeUnblock, "203.0.113.7/32", func(b *store.Block) { b.State = store.BlockRemoved }, Detail{}, "Block of 203.0.113.7 was lifted", "unblocked"},
	} {
		b := block(c.target)
		if c.change != nil {
			c.change(b)
		}
		c.detail.At = now
		r := parse(t, Of(c.typ, b, c.detail))
		e, err := r.Event()
		if err != nil {
			t.Fatal(err)
		}
		if e.Title != c.title || e.Status != c.status || e.Severity != event.DefaultSeverity(c.typ) || r.Type != c.typ {
			t.Errorf("%s: %q, %s, %s; want %q, %s", c.typ, e.Title, e.Status, e.Severity, c.title, c.status)
		}
	}
}

func TestOf(t *testing.T) {
	t.Parallel()
	b := block("203.0.113.7/32")
	b.Rule, b.Alert, b.Event, b.Incident = event.NewID(), event.NewID(), event.NewID(), 1042
	d := Detail{
		At: now, Responder: &Responder{ID: "int_1", Name: "edge", Kind: "cloudflare"}, Responders: []Responder{{Name: "edge"}, {Name: "waf"}},
		Cause: "the token lacks a permission", Attempts: 3, RemoteID: "rule-7", PublicURL: "https://h", Hops: 2, NotTo: "int_1", Verified: 1, Failed: 1,
	}
	s := Of(TypeFailed, b, d)
	if s.ID.IsZero() || s.Account != "acme" || s.Type != TypeFailed || s.Origin != "int_1" || s.Hops != 2 || !s.At.Equal(now) {
		t.Errorf("said: %+v", s)
	}
	r := parse(t, s)
	if r.DedupKey != "block/203.0.113.7" || !r.Time.Equal(now) {
		t.Errorf("dedup key %q at %s", r.DedupKey, r.Time)
	}
	for path, want := range map[string]string{
		"url": "https://h/blocks/" + b.ID.Text(event.PrefixBlock), "incident": "INC-1042", "rule.id": b.Rule.Text(event.PrefixResponse),
		"actor": "dana@example.com", "entities.0.type": "ip", "entities.0.value": "203.0.113.7", "entities.0.role": "target", "entities.0.observed": "true",
		"data.block.id": b.ID.Text(event.PrefixBlock), "data.block.alert": b.Alert.Text(event.PrefixAlert), "data.block.event": b.Event.Text(event.PrefixEvent),
		"data.block.incident": "INC-1042", "data.block.expires_at": "2026-03-02T10:15:28Z", "data.block.ttl": "24h", "data.expires_in": "24h",
		"data.cause": "the token lacks a permission", "data.responder": "edge", "data.responder_kind": "cloudflare", "data.responders.1": "waf",
		"data.attempts": "3", "data.remote_id": "rule-7", "data.verified": "1",
	} {
		if got := gjson.GetBytes(r.Body, path).String(); got != want {
			t.Errorf("%s is %q, want %q", path, got, want)
		}
	}
	r.Flags |= event.Internal
	if got, want := r.Link("https://h"), "https://h/blocks/"+b.ID.Text(event.PrefixBlock); got != want {
		t.Errorf("the link is %s, want %s", got, want)
	}
	if r := parse(t, Of(TypeBlocked, block("203.0.113.0/24"), Detail{})); gjson.GetBytes(r.Body, "entities.0.type").String() != "cidr" || r.Time.IsZero() {
		t.Errorf("a range: %s", r.Body)
	}
	b.State, b.Decider = store.BlockRejected, store.BlockActor{Name: "kim@example.com"}
	if r := parse(t, Of(TypeRejected, b, Detail{At: now})); gjson.GetBytes(r.Body, "actor").String() != "kim@example.com" || gjson.GetBytes(r.Body, "data.expires_at").Exists() {
		t.Errorf("a rejected one: %s", r.Body)
	}
}

// TestSamplesAreLikeFacts: the samples of the catalogue have the members that facts have, and no others.
func TestSamplesAreLikeFacts(t *testing.T) {
	t.Parallel()
	b := block("203.0.113.7/32")
	b.Decider, b.EndedAt, b.State, b.ApproveBy = b.Requester, now, store.BlockPending, now
	known := map[string]bool{}
	d := Detail{
		At: now, Responder: &Responder{ID: "int_1", Name: "edge", Kind: "cloudflare"}, Responders: []Responder{{Name: "edge"}}, Cause: "c", Attempts: 1,
		Wanted: Blocked, Found: Absent, Action: "a", RemoteID: "r", Verified: 1, Failed: 1,
	}
	collect(gjson.ParseBytes(Of(TypeFailed, b, d).Event), "", known)
	known["alert_type"] = true
	for _, typ := range types {
		sample, ok := event.Sample(typ)
		if !ok || event.Category(typ) != "response" {
			t.Errorf("%s is not in the catalogue", typ)
			continue
		}
		has := map[string]bool{}
		collect(gjson.ParseBytes(sample), "", has)
		for path := range has {
			if !known[path] {
				t.Errorf("the sample of %s has %s, and no fact has", typ, path)
			}
		}
		for _, path := range []string{"data.block.id", "data.block.state", "data.reason", "title", "status", "dedup_key", "entities.0.observed"} {
			if !has[path] {
				t.Errorf("the sample of %s lacks %s", typ, path)
			}
		}
	}
}

func collect(v gjson.Result, path string, into map[string]bool) {
	v.ForEach(func(k, x gjson.Result) bool {
		p := strings.TrimPrefix(path+"."+k.String(), ".")
		if x.IsObject() || x.IsArray() && x.Get("0").IsObject() {
			collect(x, p, into)
		} else {
			into[p] = true
		}
		return true
	})
}

// TestHostileTexts: whatever texts are in a block, the fact fits, is well-formed, and its structure is its own.
func TestHostileTexts(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"long": strings.Repeat("x", 1<<20), "long in runes": strings.Repeat("😀", 1<<16), "escapes": strings.Repeat("\x01\"\\", 1<<14),
		"invalid": "a\xff\xfe\xc3", "json": `","data":{"block":{"id":"x"}},"x":"`, "lines": "a\r\nb\u2028c\x00", "markup": "<!channel> <script>",
	} {
		for _, typ := range types {
			hostile(t, name, typ, text)
		}
	}
}

func hostile(t testing.TB, name, typ, text string) {
	b := block("203.0.113.7/32")
	b.Reason, b.Requester.Name, b.Decider.ID, b.Cause, b.Rule = text, text, text, text, event.NewID()
	r1 := Responder{ID: text, Name: text, Kind: text}
	s := Of(typ, b, Detail{
		At: now, Responder: &r1, Responders: slices.Repeat([]Responder{r1}, 100), Cause: text, Wanted: text, Found: text, Action: text, RemoteID: text,
	})
	r := parse(t, s)
	if !json.Valid(r.Body) {
		t.Fatalf("%s: %s is no JSON", name, r.Body)
	}
	if gjson.GetBytes(r.Body, "data.block.id").String() != b.ID.Text(event.PrefixBlock) || gjson.GetBytes(r.Body, "data.block.target").String() != "203.0.113.7" {
		t.Errorf("%s, %s: the block is another in %s", name, typ, r.Body)
	}
	if text != "" && gjson.GetBytes(r.Body, "data.reason").String() == "" {
		t.Errorf("%s, %s: the reason is lost in %s", name, typ, r.Body)
	}
	if len(gjson.GetBytes(r.Body, "title").String()) > 300 {
		t.Errorf("%s, %s: the title is long", name, typ)
	}
}

func FuzzOf(f *testing.F) {
	for _, s := range []string{"", "brute force", "a\xff", "\x00", `"}`, strings.Repeat("é", 5000)} {
		f.Add(s, uint8(len(s)))
	}
	f.Fuzz(func(t *testing.T, text string, typ uint8) { hostile(t, "fuzz", types[int(typ)%len(types)], text) })
}
