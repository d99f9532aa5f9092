package app

import (
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/tocsin-hub/tocsin/internal/connectors/elastic/elastictest"
	"github.com/tocsin-hub/tocsin/internal/event"
)

// TestElastic: 50,000 events through the whole hub into a cluster (a model of one) that is busy, loses answers, cuts them
// off, and refuses single events for now or for good. Every event is there once, under its own id, but for those that were
// refused for good: they are in the mailbox, with the reason.
func TestElastic(t *testing.T) {
	t.Parallel()
	events, each := 50_000, 1000
	if testing.Short() {
		events = 5000
	}
	model := elastictest.New(trouble())
	s := httptest.NewUnstartedServer(model)
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // lost answers are told there
	s.Start()
	t.Cleanup(s.Close)
	o := newHouse(t)
	id := o.must("other", "POST", "/api/v1/integrations", `{"kind":"elastic","name":"siem","settings":{"url":"`+s.URL+
		`","batch":{"max_events":1000,"max_wait":"1ms"}},"subscription":{"types":["custom.load"]}}`).Get("id").Str
	for from := 0; from < events; from += each {
		var b strings.Builder
		for i := from; i < from+each; i++ {
			fmt.Fprintf(&b, `{"type":"custom.load","title":"event %d"}`+"\n", i)
		}
		a := o.call("POST", "/api/v1/events", b.String(), "X-API-Key", o.keys["other"], "Content-Type", "application/x-ndjson")
		if a.status != http.StatusAccepted {
			t.Fatal(a)
		}
	}
	wrong := events / wrongEvery
	if !within(3*time.Minute, func() bool {
		_, _, created, _ := model.Counts()
		return created >= events-wrong && len(mailbox(o, id)) >= wrong
	}) {
		_, _, created, _ := model.Counts()
		t.Fatalf("%d of %d are there, %d in the mailbox", created, events, len(mailbox(o, id)))
	}
	titles := map[string]int{}
	for id, doc := range model.Documents("logs-tocsin.alerts-default") {
		text := string(doc)
		if _, err := event.ParseID(event.PrefixEvent, id); err != nil || !strings.Contains(text, `"id":"`+id+`"`) {
			t.Fatalf("%s: %s", id, text)
		}
		_, title, _ := strings.Cut(text, `"message":"`)
		title, _, _ = strings.Cut(title, `"`)
		titles[title]++
	}
	for i := range events {
		want := 1
		if i%wrongEvery == wrongAt {
			want = 0
		}
		if got := titles[fmt.Sprintf("event %d", i)]; got != want {
			t.Errorf("event %d is there %d times, want %d", i, got, want)
		}
	}
	if failed := mailbox(o, id); len(failed) != wrong || !strings.Contains(failed[0].Raw, "failed to parse field [x]") {
		t.Errorf("%d in the mailbox, the first: %s", len(failed), failed[0].Raw)
	}
	requests, operations, _, conflicts := model.Counts()
	t.Logf("%d events in %d requests: %d operations, of which %d were there already", events, requests, operations, conflicts)
}

// One in so many events has a document that no mapping takes.
const wrongEvery, wrongAt = 1000, 17

// trouble is what goes wrong with the cluster.
func trouble() elastictest.Options {
	chance := rand.New(rand.NewPCG(3, 4)) // the same in every run
	return elastictest.Options{
		Fault: func(int) elastictest.Fault {
			switch chance.IntN(15) {
			case 0:
				return elastictest.Fault{Status: http.StatusTooManyRequests}
			case 1:
				return elastictest.Fault{Lose: true}
			case 2:
				return elastictest.Fault{Cut: true}
			}
			return elastictest.Fault{}
		},
		Refuse: func(_, _ string, document []byte) (int, string, string) {
			var n int
			if _, title, ok := strings.Cut(string(document), `"message":"event `); ok {
				fmt.Sscanf(title, "%d", &n) //nolint:errcheck // another title
			}
			switch {
			case n%wrongEvery == wrongAt:
				return http.StatusBadRequest, "document_parsing_exception", "failed to parse field [x]"
			case chance.IntN(500) == 0:
				return http.StatusTooManyRequests, "es_rejected_execution_exception", "rejected execution"
			}
			return 0, "", ""
		},
	}
}

// mailbox are an integration's failed deliveries.
func mailbox(o *house, integration string) []gjson.Result {
	return o.must("other", "GET", "/api/v1/mailbox?limit=200&integration="+integration, "").Get("items").Array()
}
