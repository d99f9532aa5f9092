package connectortest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
)

// testConcurrency: sends at the same time do not mix (and the race detector has something to look at).
func testConcurrency(t *testing.T, h Harness) {
	const senders, each = 8, 10
	b := start(t, h, `{}`)
	want := map[string]int{}
	var wg sync.WaitGroup
	for i := range senders {
		for j := range each {
			want[fmt.Sprintf("event %d-%d %s", i, j, strings.Repeat("x", 37*i*j))]++
		}
		wg.Go(func() {
			for j := range each {
				title := fmt.Sprintf("event %d-%d %s", i, j, strings.Repeat("x", 37*i*j))
				if err := b.deliver(t, Deliveries(title)...); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	got := map[string]int{}
	for _, r := range b.vendor.seen() {
		titles, err := h.Titles(r)
		if err != nil {
			t.Fatal(err)
		}
		for _, title := range titles {
			got[h.known(title)]++
		}
	}
	shown := map[string]int{}
	for title, n := range want {
		shown[h.known(h.show(title))] += n
	}
	if diff := cmp.Diff(shown, got); diff != "" {
		t.Errorf("(-sent +received)\n%s", diff)
	}
}

// known is what a title is known by where it may have been cut: its first two words.
func (h Harness) known(title string) string {
	if h.Read == nil {
		return title
	}
	words := strings.SplitN(title, " ", 3)
	return strings.Join(words[:min(2, len(words))], " ")
}

func (h Harness) show(title string) string {
	if h.Shown == nil {
		return title
	}
	return h.Shown(title)
}

// testHostile: no title changes the structure of a request. (Where the harness has Read, testFields says more.)
func testHostile(t *testing.T, h Harness) {
	if h.Read != nil {
		t.Skip("see every field")
	}
	b := start(t, h, `{}`)
	for _, title := range Hostile {
		if err := b.deliver(t, Deliveries(title, "neighbour", title)...); err != nil {
			t.Errorf("%.40q: %v", title, err)
			continue
		}
		var got []string
		for _, r := range b.vendor.seen() {
			titles, err := h.Titles(r)
			if err != nil {
				t.Errorf("%.40q: reading the request back: %v", title, err)
			}
			got = append(got, titles...)
		}
		if diff := cmp.Diff([]string{h.show(title), h.show("neighbour"), h.show(title)}, got); diff != "" {
			t.Errorf("%.40q (-sent +received)\n%s", title, diff)
		}
	}
}

// testDryRun: a request can be shown without being sent, with its secrets masked.
func testDryRun(t *testing.T, h Harness) {
	b := start(t, h, `{}`)
	e := &httpkit.Exchange{Full: true, DryRun: true}
	ctx := httpkit.WithExchange(t.Context(), e)
	var err error
	if batch, ok := b.instance.(connector.BatchSender); ok {
		err = batch.SendBatch(ctx, Deliveries("hello"))
	} else {
		err = b.instance.(connector.Sender).Send(ctx, Deliveries("hello")[0])
	}
	if !errors.Is(err, httpkit.ErrDryRun) || len(b.vendor.seen()) > 0 {
		t.Errorf("a dry run gave %v", err)
	}
	b.quietExchange(t, e)
	if !strings.Contains(string(e.RequestBody), "hello") {
		t.Errorf("the recorded body does not show the event: %.300s", e.RequestBody)
	}
}

func (b *bench) quietExchange(t *testing.T, e *httpkit.Exchange) {
	t.Helper()
	raw, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	b.quiet(t, "the recorded exchange", fmt.Sprintf("%s %s %s", raw, e.RequestBody, e.Answer))
}

// testTester: Test proves the credentials, says when they are refused, and alerts nobody.
func testTester(t *testing.T, h Harness) {
	if !h.Definition.Tests {
		t.Skip("this connector has no Test")
	}
	b := start(t, h, `{}`)
	if h.TestAnswer != nil {
		b.vendor.accept(h.TestAnswer)
	}
	for _, status := range []int{0, 401, 500} {
		if status != 0 {
			b.vendor.set(func(w http.ResponseWriter, _ *http.Request, r Request) {
				w.WriteHeader(status)
				fmt.Fprint(w, r.Header) //nolint:errcheck // the client may have gone
			})
		}
		e := &httpkit.Exchange{Full: true}
		err := b.instance.(connector.Tester).Test(httpkit.WithExchange(t.Context(), e))
		if (err != nil) != (status != 0) {
			t.Errorf("answered %d, Test says %v", status, err)
		}
		for _, r := range b.vendor.seen() {
			if h.Alerts(r) {
				t.Errorf("Test sent what alerts somebody: %s %s %s", r.Method, r.Path, r.Body)
			}
		}
		b.quietError(t, err)
		b.quietExchange(t, e)
	}
}
