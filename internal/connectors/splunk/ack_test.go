package splunk

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/connectortest"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
	"github.com/tocsin-hub/tocsin/internal/event"
)

func events(n int) []connector.Delivery {
	ds := make([]connector.Delivery, n)
	for i := range ds {
		ds[i] = connector.Delivery{Key: fmt.Sprint(i), Record: connectortest.Record(event.NewID(), "x"), Attempt: 1}
	}
	return ds
}

// A batch succeeds when it is in the index, and not before.
func TestAckConfirms(t *testing.T) {
	t.Parallel()
	m := newModel(t, 300*time.Millisecond)
	c := acked(t, m, "")
	began := time.Now()
	if err := c.SendBatch(t.Context(), events(3)); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took < 300*time.Millisecond {
		t.Errorf("it succeeded after %v, before the index had it", took)
	}
	if n, twice := m.copies(); n != 3 || twice != 0 {
		t.Errorf("%d in the index, %d twice", n, twice)
	}
	if c.Grade() != connector.Confirmed || c.BatchesInFlight() != maxUnacked || m.proofs != 1 {
		t.Errorf("grade %s, %d in flight, %d proofs", c.Grade(), c.BatchesInFlight(), m.proofs)
	}
	off := openAt(t, `{"url":"https://splunk.example.com","token":"x"}`)
	if off.Grade() != connector.Accepted || off.BatchesInFlight() != 0 {
		t.Error("without ack a success is said to be confirmed")
	}
}

// Batches under way share one question, and more than the bound are not posted.
func TestAckBatchesTheQuestions(t *testing.T) {
	t.Parallel()
	m := newModel(t, 500*time.Millisecond)
	c := acked(t, m, "")
	const batches = maxUnacked + 10
	var wg sync.WaitGroup
	errs := make(chan error, batches)
	for range batches {
		wg.Go(func() { errs <- c.SendBatch(t.Context(), events(2)) })
	}
	wg.Wait()
	for range batches {
		if err := <-errs; err != nil {
			t.Fatal(err)
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	c.acks.mu.Lock()
	defer c.acks.mu.Unlock()
	if m.most < maxUnacked/2 || m.most > maxUnacked || len(m.asked) > 25 {
		t.Errorf("%d questions for %d batches, the largest for %d", len(m.asked), batches, m.most)
	}
	if len(c.acks.waiting) != 0 || c.acks.stop != nil {
		t.Error("something is left behind")
	}
}

// However the model misbehaves, sending what failed again gets every event into the index, and never is an event that is
// not there taken for one that is.
func TestAckMisbehaviour(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*model){
		"a lost batch":          func(m *model) { m.lose = func(n int) bool { return n == 2 } },
		"an answer that is cut": func(m *model) { m.mute = func(n int) bool { return n == 2 } },
		"the same, and the first is lost": func(m *model) {
			m.lose = func(n int) bool { return n == 1 }
			m.mute = func(n int) bool { return n == 2 }
		},
		"503 for a while": func(m *model) {
			n := 0
			m.answer = func(w http.ResponseWriter, _ *http.Request) bool {
				if n++; n%3 == 0 {
					return false
				}
				w.WriteHeader(503)
				fmt.Fprint(w, `{"text":"busy","code":9}`)
				return true
			}
		},
		"acknowledgements are not available for a while": func(m *model) {
			n := 0
			m.answer = func(w http.ResponseWriter, r *http.Request) bool {
				if n++; !strings.HasSuffix(r.URL.Path, "/ack") || n%2 == 0 {
					return false
				}
				w.WriteHeader(503)
				fmt.Fprint(w, `{"text":"ack service unavailable","code":19}`)
				return true
			}
		},
		"a balancer": func(m *model) { m.balanced = true },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newModel(t, 50*time.Millisecond)
			spoil(m)
			c := acked(t, m, "")
			c.acks.timeout = 700 * time.Millisecond
			var wg sync.WaitGroup
			for range 4 {
				wg.Go(func() { persist(t, c, m, events(3)) })
			}
			wg.Wait()
		})
	}
}

// persist sends a batch until it succeeds, and then all of it must be in the index.
func persist(t *testing.T, c *Connector, m *model, ds []connector.Delivery) {
	for range 200 {
		err := c.SendBatch(t.Context(), ds)
		if err == nil {
			m.mu.Lock()
			defer m.mu.Unlock()
			m.settle()
			for _, d := range ds {
				if m.index[d.Record.ID.Text(event.PrefixEvent)] == 0 {
					t.Error("a success without the event in the index")
				}
			}
			return
		}
		if connector.IsPermanent(err) {
			t.Errorf("given up: %v", err)
			return
		}
	}
	t.Error("it never succeeded")
}

// A restart of Splunk forgets the ids that wait, and counts anew: an old id must not be confirmed by a new batch's.
func TestAckRestart(t *testing.T) {
	t.Parallel()
	m := newModel(t, time.Hour)
	c := acked(t, m, "")
	first := make(chan error, 3)
	for range 3 {
		go func() { first <- c.SendBatch(t.Context(), events(1)) }()
	}
	until(t, "three batches", func() bool { return m.posts == 3 }, m)
	m.restart()
	m.set(func() { m.delay = 0 })
	if err := c.SendBatch(t.Context(), events(1)); err != nil {
		t.Fatalf("the batch after the restart: %v", err)
	}
	for range 3 {
		if err := <-first; !errors.Is(err, errForgotten) || connector.IsPermanent(err) {
			t.Errorf("a batch from before the restart: %v", err)
		}
	}
	if n, _ := m.copies(); n != 1 {
		t.Errorf("%d events in the index", n)
	}
}

func until(t *testing.T, what string, cond func() bool, m *model) {
	t.Helper()
	deadline := time.After(10 * time.Second)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for {
		m.mu.Lock()
		done := cond()
		m.mu.Unlock()
		if done {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("it never happened: %s", what)
		}
	}
}

// A token without acknowledgement takes batches and acknowledges none: nothing may be posted to it.
func TestAckDisabledToken(t *testing.T) {
	t.Parallel()
	m := newModel(t, 0)
	m.noAck = true
	c := acked(t, m, "")
	for range 5 {
		err := c.SendBatch(t.Context(), events(1))
		if err == nil || connector.IsPermanent(err) || !strings.Contains(err.Error(), "switch indexer acknowledgement on for this token") {
			t.Fatalf("got %v", err)
		}
	}
	if m.posts != 0 {
		t.Errorf("%d batches were posted", m.posts)
	}
	if err := c.Test(t.Context()); err == nil || !strings.Contains(err.Error(), "code 14") {
		t.Errorf("the test says %v", err)
	}
	m.set(func() { m.noAck = false })
	if err := c.SendBatch(t.Context(), events(1)); err != nil {
		t.Fatal(err)
	}
	if err := c.Test(t.Context()); err != nil || m.posts != 1 {
		t.Errorf("the test says %v; %d posts", err, m.posts)
	}
	// It is switched off while the hub runs: one batch goes out, and no more.
	m.set(func() { m.noAck = true })
	for range 5 {
		if err := c.SendBatch(t.Context(), events(1)); err == nil || connector.IsPermanent(err) {
			t.Fatalf("got %v", err)
		}
	}
	if m.posts != 2 {
		t.Errorf("%d batches were posted", m.posts)
	}
}

func TestAckNeverComes(t *testing.T) {
	t.Parallel()
	m := newModel(t, time.Hour)
	c := acked(t, m, "")
	c.acks.timeout = 300 * time.Millisecond
	err := c.SendBatch(t.Context(), events(1))
	if err == nil || connector.IsPermanent(err) || !strings.Contains(err.Error(), "may be found twice") {
		t.Fatalf("got %v", err)
	}
	if _, throttled := connector.IsThrottled(err); throttled {
		t.Error("a lost batch is said to be throttled: it would spend no attempt")
	}
	// The last question's trouble is told, without its class.
	m.set(func() {
		m.answer = func(w http.ResponseWriter, r *http.Request) bool {
			if strings.HasSuffix(r.URL.Path, "/ack") {
				w.WriteHeader(503)
				fmt.Fprint(w, `{"text":"no","code":19}`)
				return true
			}
			return false
		}
	})
	err = c.SendBatch(t.Context(), events(1))
	if _, throttled := connector.IsThrottled(err); throttled || err == nil || !strings.Contains(err.Error(), "acknowledgement service is not available") {
		t.Errorf("got %v", err)
	}
	// A question that is refused ends the waiting at once.
	m.set(func() {
		m.answer = func(w http.ResponseWriter, r *http.Request) bool {
			if strings.HasSuffix(r.URL.Path, "/ack") {
				w.WriteHeader(403)
				fmt.Fprint(w, `{"text":"Invalid token","code":4}`)
				return true
			}
			return false
		}
	})
	c.acks.timeout = time.Minute
	err = c.SendBatch(t.Context(), events(1))
	if connector.IsPermanent(err) || err == nil || !strings.Contains(err.Error(), "check the token") {
		t.Errorf("got %v", err)
	}
}

func TestAckCancel(t *testing.T) {
	t.Parallel()
	m := newModel(t, time.Hour)
	c := acked(t, m, "")
	ctx, cancel := context.WithCancel(t.Context())
	const batches = maxUnacked + 4 // some wait for room
	errs := make(chan error, batches)
	for range batches {
		go func() { errs <- c.SendBatch(ctx, events(1)) }()
	}
	until(t, "they are posted", func() bool { return m.posts == maxUnacked }, m)
	began := time.Now()
	cancel()
	for range batches {
		if err := <-errs; !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("cancelling took %v", took)
	}
	c.acks.mu.Lock()
	defer c.acks.mu.Unlock()
	if len(c.acks.waiting) != 0 || c.acks.stop != nil {
		t.Error("the poller goes on")
	}
}

// A preview shows the batch, and asks nothing.
func TestAckPreview(t *testing.T) {
	t.Parallel()
	m := newModel(t, 0)
	c := acked(t, m, "")
	e := &httpkit.Exchange{Full: true, DryRun: true}
	err := c.SendBatch(httpkit.WithExchange(t.Context(), e), events(1))
	if !errors.Is(err, httpkit.ErrDryRun) || !strings.Contains(string(e.RequestBody), `"event"`) || e.RequestHeader.Get(channelHeader) != c.acks.channel || m.proofs != 0 {
		t.Errorf("%v %s %v", err, e.RequestBody, e.RequestHeader)
	}
}
