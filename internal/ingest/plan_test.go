package ingest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/journal"
)

// planned is a handler with a plan: so many events a month, so many in a request.
type planned struct {
	*bench
	left, counted, flagged int
	flag                   bool
	asked                  int
}

func newPlanned(left, batch int, flag bool) *planned {
	p := &planned{bench: newBench(Limits{}), left: left, flag: flag}
	p.admit = func(_ event.Account, n int) (uint64, error) {
		p.asked++
		over := max(p.counted+n-p.left, 0)
		if over > 0 && !p.flag {
			return 0, &Refusal{Status: http.StatusTooManyRequests, Code: "PLAN_LIMIT", Detail: "the month is used up", RetryAfter: 90 * time.Second}
		}
		p.counted += n
		p.flagged += min(over, n)
		return uint64(min(over, n)), nil
	}
	p.release = func(_ event.Account, n int, over uint64) { p.counted -= n; p.flagged -= int(over) }
	p.maxBatch = func(event.Account) int { return batch }
	return p
}

func list(n int) string {
	return "[" + strings.TrimSuffix(strings.Repeat(`{"type":"a.b"},`, n), ",") + "]"
}

func TestPlanRefuses(t *testing.T) {
	t.Parallel()
	p := newPlanned(5, 0, false)
	if w := p.post(EventsPath, list(4)); w.Code != 202 {
		t.Fatal(w.Body)
	}
	w := p.post(EventsPath, list(2)) // one would fit: the request is refused as a whole
	want := `{"type":"about:blank","title":"Too Many Requests","status":429,"detail":"the month is used up",` +
		`"error":"PLAN_LIMIT","message":"the month is used up","retry_after":90}` + "\n"
	if diff := cmp.Diff(want, w.Body.String()); diff != "" || w.Header().Get("Retry-After") != "90" {
		t.Errorf("%v %s", w.Header(), diff)
	}
	if n := len(p.journal.all()); n != 4 || p.counted != 4 {
		t.Errorf("%d journalled, %d counted", n, p.counted)
	}
	if w := p.post(EventsPath, list(1)); w.Code != 202 {
		t.Error(w.Body)
	}
	p.admit = func(event.Account, int) (uint64, error) { return 0, errors.New("out of order") }
	if w := p.post(EventsPath, list(1)); w.Code != 503 || strings.Contains(w.Body.String(), "out of order") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestPlanFlags(t *testing.T) {
	t.Parallel()
	p := newPlanned(3, 0, true)
	w := p.post(EventsPath, list(3))
	if w.Code != 202 || w.Header().Get("X-Tocsin-Over-Quota") != "" || strings.Contains(w.Body.String(), "over_quota") {
		t.Errorf("%v %s", w.Header(), w.Body)
	}
	w = p.post(EventsPath, list(2))
	var a struct {
		Accepted  int `json:"accepted"`
		OverQuota int `json:"over_quota"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil {
		t.Fatal(err)
	}
	if w.Code != 202 || w.Header().Get("X-Tocsin-Over-Quota") != "2" || a.Accepted != 2 || a.OverQuota != 2 {
		t.Errorf("%v %s", w.Header(), w.Body)
	}
}

// TestReplayIsNotCounted sends one request three times with its Idempotency-Key, when there is room for it only once.
func TestReplayIsNotCounted(t *testing.T) {
	t.Parallel()
	p := newPlanned(2, 0, false)
	for n := range 3 {
		if w := p.post(EventsPath, list(2), "Idempotency-Key", "k"); w.Code != 202 {
			t.Fatalf("%d: %s", n, w.Body)
		}
	}
	if p.asked != 1 || p.counted != 2 || len(p.journal.all()) != 2 {
		t.Errorf("asked %d times, %d counted, %d journalled", p.asked, p.counted, len(p.journal.all()))
	}
	// A refused request leaves its key free: it is taken when there is room.
	if w := p.post(EventsPath, list(1), "Idempotency-Key", "l"); w.Code != 429 {
		t.Error(w.Body)
	}
	p.left = 10
	if w := p.post(EventsPath, list(1), "Idempotency-Key", "l"); w.Code != 202 || w.Header().Get("Idempotency-Replayed") != "" {
		t.Error(w.Body)
	}
}

func TestNotJournalledIsNotCounted(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err     error
		counted int
	}{
		{journal.ErrQuota, 0}, {fmt.Errorf("x: %w", journal.ErrFull), 0}, {journal.ErrTooLarge, 0},
		{journal.ErrFailed, 3}, // they may be durable
	} {
		p := newPlanned(1, 0, true)
		p.journal.fail(c.err)
		p.post(EventsPath, list(3))
		if p.counted != c.counted || c.counted == 0 && p.flagged != 0 {
			t.Errorf("%v: %d counted, %d flagged", c.err, p.counted, p.flagged)
		}
	}
}

func TestPlanBatch(t *testing.T) {
	t.Parallel()
	falco := `{"output":"o","priority":"Warning","rule":"r","time":"2026-03-01T10:15:30Z","output_fields":{}}`
	for _, c := range []struct {
		name, path, media, body string
		status                  int
	}{
		{"as many as allowed", EventsPath, "application/json", list(3), 202},
		{"array", EventsPath, "application/json", list(4), 413},
		{"lines", EventsPath, "application/x-ndjson", strings.Repeat(`{"type":"a.b"}`+"\n", 4), 413},
		{"bad ones count", EventsPath, "application/json", `[1,2,3,{"type":"a.b"}]`, 413},
		{"cloud events", EventsPath, "application/cloudevents-batch+json", "[" + strings.Repeat(`{"specversion":"1.0","id":"1","source":"s","type":"a.b"},`, 3) +
			`{"specversion":"1.0","id":"1","source":"s","type":"a.b"}]`, 413},
		{"dialect", SourcePath + "falco", "application/json", "[" + strings.Repeat(falco+",", 3) + falco + "]", 413},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := newPlanned(100, 3, false)
			w := p.post(c.path, c.body, "Content-Type", c.media)
			if w.Code != c.status {
				t.Fatalf("%d %s", w.Code, w.Body)
			}
			if c.status == 202 {
				return
			}
			a := read(t, w)
			if a.Detail != "the account's plan allows at most 3 events in one request: nothing of it was taken; send several" ||
				!strings.Contains(w.Body.String(), `"error":"PLAN_LIMIT"`) || len(p.journal.all()) > 0 || p.asked > 0 {
				t.Errorf("%s, %d asked", w.Body, p.asked)
			}
		})
	}
	p := newPlanned(100, 1, false) // a plan without batches
	if w := p.post(EventsPath, `{"type":"a.b"}`); w.Code != 202 {
		t.Error(w.Body)
	}
	p = newPlanned(100, 20_000, false) // more than the hub takes
	if w := p.post(EventsPath, list(10_001)); !strings.Contains(w.Body.String(), "one request may hold at most 10000 events") {
		t.Error(w.Body)
	}
}

func TestRateHeaders(t *testing.T) {
	t.Parallel()
	rate := Rate{Limit: 30, Remaining: 7, Reset: testNow.Add(1500 * time.Millisecond)}
	refused := Rate{Limit: 600, Reset: testNow.Add(time.Minute)}
	for _, c := range []struct {
		name, body string
		principal  Principal
		err        error
		status     int
		want       [3]string
	}{
		{"accepted", list(1), Principal{Account: "a", Rate: rate}, nil, 202, [3]string{"30", "7", "1772360132"}},
		{"not valid", "[1]", Principal{Account: "a", Rate: rate}, nil, 422, [3]string{"30", "7", "1772360132"}},
		{"no limit", list(1), Principal{Account: "a"}, nil, 202, [3]string{}},
		{"refused", list(1), Principal{}, &Refusal{Status: 429, Rate: refused, RetryAfter: time.Minute, Detail: "600 requests per minute"}, 429, [3]string{"600", "0", "1772360190"}},
		{"no key", list(1), Principal{}, Unauthorized("a key is needed"), 401, [3]string{}},
		{"spent more than there was", list(1), Principal{Account: "a", Rate: Rate{Limit: 1, Remaining: -3, Reset: testNow}}, nil, 202, [3]string{"1", "0", "1772360130"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(Limits{})
			b.authenticate = func(*http.Request) (Principal, error) { return c.principal, c.err }
			w := b.post(EventsPath, c.body)
			h := w.Header()
			got := [3]string{h.Get("X-RateLimit-Limit"), h.Get("X-RateLimit-Remaining"), h.Get("X-RateLimit-Reset")}
			if w.Code != c.status || got != c.want {
				t.Errorf("%d %v", w.Code, got)
			}
			if c.status == 429 && !strings.Contains(w.Body.String(), `"error":"RATE_LIMITED","message":"600 requests per minute","retry_after":60}`) {
				t.Error(w.Body)
			}
		})
	}
}

func TestEventTypeNotAllowed(t *testing.T) {
	t.Parallel()
	b := newBench(Limits{})
	w := b.post(EventsPath, `[{"type":"ip.blocked"},{"type":"user.created"}]`, "X-API-Key", "alerts-only")
	a := read(t, w)
	if w.Code != 403 || a.Detail != `this key may not send events of type "ip.blocked"` || a.RejectedTotal != 2 ||
		!strings.Contains(w.Body.String(), `"error":"EVENT_TYPE_NOT_ALLOWED","message":"this key may not send events of type \"ip.blocked\""`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	w = b.post(EventsPath, `[{"type":"ip.blocked"},7]`, "X-API-Key", "alerts-only") // not only for that
	if w.Code != 422 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func BenchmarkSingleWithPlan(b *testing.B) {
	h := newBench(Limits{})
	h.admit = func(event.Account, int) (uint64, error) { return 0, nil }
	h.maxBatch = func(event.Account) int { return 100 }
	h.authenticate = func(*http.Request) (Principal, error) {
		return Principal{Account: event.DefaultAccount, Rate: Rate{Limit: 1000, Remaining: 500, Reset: testNow}}, nil
	}
	benchmarkHandler(b, h, []byte(kibEvent), "application/json", 1)
}
