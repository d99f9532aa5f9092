package splunk

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/connectortest"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
)

func TestAckReplies(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"acks":{"0":true,"1":false}}`:                "",
		`{"text":"Data channel is missing","code":10}`: "drops the header",
		`{"text":"Invalid data channel","code":11}`:    "changes the header",
		`{"text":"ACK is disabled","code":14}`:         "switch indexer acknowledgement on",
		`{"text":"ack service unavailable","code":19}`: "throttled",
		`{"text":"queues full","code":20}`:             "throttled",
		`{"text":"Server is busy","code":9}`:           "throttled",
		`{"text":"Invalid token","code":4}`:            "permanent",
	} {
		status := map[bool]int{true: 200, false: 400}[want == ""]
		err := judgeAck(&httpkit.Response{Status: status, Header: http.Header{}, Body: []byte(body)}, time.Now())
		_, throttled := connector.IsThrottled(err)
		switch {
		case want == "" && err != nil, want == "throttled" && !throttled, want == "permanent" && !connector.IsPermanent(err):
			t.Errorf("%s: %v, want %s", body, err, want)
		case want != "" && want != "throttled" && want != "permanent" && (err == nil || connector.IsPermanent(err) || !strings.Contains(err.Error(), want)):
			t.Errorf("%s: %v, want %s, and not for good", body, err, want)
		}
	}
}

func TestAckWire(t *testing.T) {
	t.Parallel()
	if got := string(ackQuestion([]int64{7, 0, 3})); got != `{"acks":[0,3,7]}` {
		t.Error(got)
	}
	indexed, ok := ackAnswer([]byte(`{"acks":{"0":true,"1":false,"x":true,"9":true}}`))
	if diff := cmp.Diff(map[int64]bool{0: true, 9: true}, indexed); !ok || diff != "" {
		t.Error(diff)
	}
	for _, bad := range []string{``, `[]`, `{}`, `{"acks":null}`, `{"acks":{"0":"true"}}`, `{"text":"Success","code":0}`} {
		if _, ok := ackAnswer([]byte(bad)); ok {
			t.Errorf("%s is an answer", bad)
		}
	}
	for body, want := range map[string]int64{`{"ackId":0}`: 0, `{"text":"Success","code":0,"ackId":41}`: 41, `{"ackId":-1}`: -1, `{}`: -1, `{"ackId":null}`: -1, `{"ackId":"7"}`: -1, `{"ackId":1e400}`: -1} {
		id, ok := ackIDOf([]byte(body))
		if ok != (want >= 0) || ok && id != want {
			t.Errorf("%s: %d %v", body, id, ok)
		}
	}
	a, b := channelOf("default", "int_a"), channelOf("default", "int_b")
	if a == b || a != channelOf("default", "int_a") || len(a) != 36 || channelOf("other", "int_a") == a {
		t.Errorf("channels %s and %s", a, b)
	}
	for endpoint, want := range map[string]string{
		"https://s.example.com:8088/services/collector/event":       "https://s.example.com:8088/services/collector/ack",
		"https://s.example.com:8088/services/collector/event/1.0":   "https://s.example.com:8088/services/collector/ack",
		"https://s.example.com/splunk/services/collector/event?x=1": "https://s.example.com/splunk/services/collector/ack?x=1",
		"https://s.example.com/hec":                                 "https://s.example.com/services/collector/ack",
	} {
		if got := ackEndpoint(endpoint); got != want {
			t.Errorf("%s: %s, want %s", endpoint, got, want)
		}
	}
}

func TestAckCookies(t *testing.T) {
	t.Parallel()
	var kept []*http.Cookie
	set := func(lines ...string) string {
		kept = keepCookies(kept, http.Header{"Set-Cookie": lines})
		return cookieHeader(kept)
	}
	if got := set("AWSALB=one; Path=/", "b=two; HttpOnly"); got != "AWSALB=one; b=two" {
		t.Error(got)
	}
	if got := set("AWSALB=three", "b=; Max-Age=0", "x="+strings.Repeat("y", maxCookieBytes)); got != "AWSALB=three" {
		t.Error(got)
	}
	for i := range 100 {
		set(fmt.Sprintf("c%d=1", i))
	}
	if len(kept) > maxCookies {
		t.Errorf("%d cookies are kept", len(kept))
	}
}

func TestAckSettings(t *testing.T) {
	t.Parallel()
	for more, bad := range map[string]bool{
		`"ack":"on"`: false, `"ack":"yes"`: true, `"ack":"on","ack_interval":"2s","ack_timeout":"1s"`: true,
		`"ack":"on","ack_timeout":"31m"`: true, `"ack_interval":"10ms"`: true, `"ack":"on","ack_interval":"1s","ack_timeout":"1m"`: false,
	} {
		_, err := Definition().Open(json.RawMessage(`{"url":"https://x.example.com","token":"x",`+more+`}`), connectortest.Env(nil))
		if (err != nil) != bad {
			t.Errorf("%s: %v", more, err)
		}
	}
}

// The rhythm of questions: never more often than the first pause, never later than the longest after the last one, and
// soon after a new batch.
func TestAckRhythm(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		now := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
		first, longest := 250*time.Millisecond, 10*time.Second
		r := newRhythm(first, longest, now)
		last := now
		for range 50 {
			if rapid.Bool().Draw(t, "a new batch") {
				now = now.Add(min(time.Duration(rapid.IntRange(0, 3000).Draw(t, "ms"))*time.Millisecond, r.next.Sub(now)))
				r.fresh(now)
				if late := r.next.Sub(now); late > first && r.notBefore.Before(r.next) {
					t.Fatalf("a new batch is asked for after %v", late)
				}
			} else {
				now = r.next
				r.asked(now, time.Duration(rapid.SampledFrom([]int{0, 0, 0, 3}).Draw(t, "pause"))*time.Second)
				last = now
			}
			if gap := r.next.Sub(last); gap < first || gap > longest || r.next.Before(r.notBefore) {
				t.Fatalf("%v between two questions", gap)
			}
		}
	})
}

func FuzzAckAnswer(f *testing.F) {
	f.Add([]byte(`{"acks":{"0":true,"1":false}}`))
	f.Add([]byte(`{"text":"Success","code":0,"ackId":41}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		if indexed, ok := ackAnswer(body); ok {
			for id, is := range indexed {
				if !is || !strings.Contains(string(body), fmt.Sprint(id)) && id >= 0 && id < 10 {
					t.Errorf("%d: %v", id, is)
				}
			}
		}
		if id, ok := ackIDOf(body); ok && id < 0 {
			t.Error(id)
		}
	})
}

// BenchmarkAcked is the throughput of as many batches at once as a lane sends, to a model that takes a second to index.
func BenchmarkAcked(b *testing.B) {
	m := newModel(b, time.Second)
	c := acked(b, m, "")
	c.acks.interval = defaultAckInterval
	ds := thousand()
	b.ResetTimer()
	var wg sync.WaitGroup
	work := make(chan struct{}, b.N)
	for range b.N {
		work <- struct{}{}
	}
	close(work)
	for range c.BatchesInFlight() {
		wg.Go(func() {
			for range work {
				if err := c.SendBatch(b.Context(), ds); err != nil {
					b.Error(err)
				}
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(len(ds))*float64(b.N)/b.Elapsed().Seconds(), "events/s")
}
