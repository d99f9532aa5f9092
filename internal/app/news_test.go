package app

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/news"
)

// TestNews: whoever changes an alert, an incident, a block or a job, those who watch that account are told, and nobody else.
func TestNews(t *testing.T) {
	t.Parallel()
	o := newHouse(t)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		o.hub.alerts.Run(ctx)
	}()
	t.Cleanup(func() { stop(); <-done })
	all := []news.Topic{news.Alerts, news.Incidents, news.Blocks, news.Jobs}
	read := func(a event.Account) *news.Reader {
		r := o.hub.news.Read(a, all...)
		t.Cleanup(r.Close)
		return r
	}
	alert := func(name string) news.Row { return news.Row{ID: event.AlertID("parent", name)} }
	idOf := func(prefix, text string) news.Row {
		id, err := event.ParseID(prefix, text)
		if err != nil {
			t.Fatal(err)
		}
		return news.Row{ID: id}
	}
	watch, others := read("parent"), []*news.Reader{read("child"), read("other"), read(event.DefaultAccount)}
	// The furniture of all accounts is folded first.
	o.must("parent", "POST", "/api/v1/events", `{"type":"alert.created","title":"first","dedup_key":"first"}`)
	if !within(10*time.Second, func() bool { return slices.Contains(watch.Take(news.Alerts, news.MaxRows).Rows, alert("first")) }) {
		t.Fatal("nothing is folded")
	}
	o.must("parent", "POST", "/api/v1/events", `{"type":"alert.created","title":"second","dedup_key":"second"}`)
	if !within(10*time.Second, func() bool { return slices.Contains(watch.Take(news.Alerts, news.MaxRows).Rows, alert("second")) }) {
		t.Fatal("nothing is folded")
	}
	for _, r := range append(others, watch) {
		for _, topic := range all {
			r.Take(topic, news.MaxRows)
		}
	}
	var path, block string
	for _, step := range []struct {
		what  string
		do    func()
		topic news.Topic
		want  func() []news.Row
	}{
		{"an event is folded", func() {
			o.must("parent", "POST", "/api/v1/events", `{"type":"alert.created","title":"x","dedup_key":"k"}`)
		}, news.Alerts, func() []news.Row { return []news.Row{alert("k")} }},
		{"a person changes an alert", func() {
			o.must("parent", "POST", "/api/v1/alerts/"+alert("k").ID.Text(event.PrefixAlert)+"/acknowledge", "")
		}, news.Alerts, func() []news.Row { return []news.Row{alert("k")} }},
		{"an incident is made of an alert", func() {
			made := o.must("parent", "POST", "/api/v1/incidents", `{"title":"Case","alerts":["`+alert("k").ID.Text(event.PrefixAlert)+`"]}`)
			path = "/api/v1/incidents/" + made.Get("id").Str
		}, news.Incidents, func() []news.Row { return []news.Row{{Number: 2}} }},
		{"and the alert is under it", func() {}, news.Alerts, func() []news.Row { return []news.Row{alert("k")} }},
		{"a note", func() { o.must("parent", "POST", path+"/notes", `{"text":"a note"}`) }, news.Incidents, func() []news.Row { return []news.Row{{Number: 2}} }},
		{"another incident takes the alert", func() {
			o.must("parent", "POST", "/api/v1/incidents", `{"title":"Other","alerts":["`+alert("k").ID.Text(event.PrefixAlert)+`"]}`)
		}, news.Incidents, func() []news.Row { return []news.Row{{Number: 3}, {Number: 2}} }},
		{"an attachment", func() { o.must("parent", "POST", path+"/attachments?name=a.txt", "x") }, news.Incidents, func() []news.Row { return []news.Row{{Number: 2}} }},
		{"a block is made", func() {
			block = o.must("parent", "POST", "/api/v1/blocks", `{"target":"203.0.113.99","reason":"a test"}`).Get("id").Str
		}, news.Blocks, func() []news.Row { return []news.Row{idOf(event.PrefixBlock, block)} }},
		{"a block ends", func() { o.must("parent", "DELETE", "/api/v1/blocks/"+block, "") }, news.Blocks, func() []news.Row { return []news.Row{idOf(event.PrefixBlock, block)} }},
		{"a job", func() { path = o.must("parent", "POST", "/api/v1/mailbox/replay", `{"filter":{}}`).Get("id").Str },
			news.Jobs, func() []news.Row { return []news.Row{idOf(event.PrefixJob, path)} }},
	} {
		if step.topic == news.Alerts {
			// What the step before did to alerts is told by now, unless this step is about that.
			if step.want()[0] == alert("k") && step.what != "and the alert is under it" {
				watch.Take(news.Alerts, news.MaxRows)
			}
		}
		step.do()
		var got []news.Row
		if !within(10*time.Second, func() bool {
			for _, row := range watch.Take(step.topic, news.MaxRows).Rows {
				if !slices.Contains(got, row) {
					got = append(got, row)
				}
			}
			for _, row := range step.want() {
				if !slices.Contains(got, row) {
					return false
				}
			}
			return true
		}) {
			t.Fatalf("%s: told of %v, want %v", step.what, got, step.want())
		}
		if step.topic != news.Blocks && len(got) != len(step.want()) {
			t.Errorf("%s: told of %v, want %v", step.what, got, step.want())
		}
		for _, r := range others {
			for _, topic := range all {
				if taken := r.Take(topic, 1); len(taken.Rows) > 0 || taken.Many {
					t.Fatalf("%s: told another account of %v", step.what, taken)
				}
			}
		}
	}
	// A cycle of the reconciler: its receiver is dead, and so the placement of a new block fails.
	made := idOf(event.PrefixBlock, o.must("parent", "POST", "/api/v1/blocks", `{"target":"203.0.113.98","reason":"a test"}`).Get("id").Str)
	watch.Take(news.Blocks, news.MaxRows)
	cycles, end := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		o.hub.reconcile.Run(cycles)
	}()
	t.Cleanup(func() { end(); <-ended })
	if !within(10*time.Second, func() bool { return slices.Contains(watch.Take(news.Blocks, news.MaxRows).Rows, made) }) {
		t.Error("nothing is told of what the reconciler found")
	}
}

// TestPulseOfTheHub: what the hub does is in its pulse, of the account that it does it for.
func TestPulseOfTheHub(t *testing.T) {
	t.Parallel()
	o := newHouse(t)
	o.hub.pulse.Look()
	id := o.must("parent", "POST", "/api/v1/integrations", `{"kind":"capture","name":"all","subscription":{"types":["custom.*"]}}`).Get("id").Str
	o.must("parent", "POST", "/api/v1/events", `[{"type":"custom.one"},{"type":"custom.two"},{"type":"login.failed"}]`)
	if !within(10*time.Second, func() bool {
		return o.must("parent", "GET", "/api/v1/integrations/"+id+"/stats", "").Get("counts.delivered").Int() == 2
	}) {
		t.Fatal("nothing is delivered")
	}
	o.hub.pulse.Look()
	sum := func(account event.Account, query, field string) (n int64) {
		for _, p := range o.must(account, "GET", "/api/v1/pulse?"+query, "").Get("points").Array() {
			n += p.Get(field).Int()
		}
		return n
	}
	if r, d := sum("parent", "window=1h", "received"), sum("parent", "window=1h", "delivered"); r != 3 || d != 2 {
		t.Errorf("received %d and delivered %d", r, d)
	}
	if r, d := sum("parent", "integration="+id, "received"), sum("parent", "integration="+id, "delivered"); r != 2 || d != 2 {
		t.Errorf("the integration was given %d and delivered %d", r, d)
	}
	for _, other := range []event.Account{"child", "other"} {
		if n := sum(other, "window=24h", "received"); n != 0 {
			t.Errorf("%s received %d", other, n)
		}
	}
	now := o.must("parent", "GET", "/api/v1/pulse", "").Get("now")
	if now.Get("mailbox").Int() != 1 || now.Get("delivered_per_second").Num <= 0 || !now.Get("p50_ms").Exists() {
		t.Errorf("now it is %s", now.Raw)
	}
	if n := o.must("parent", "GET", "/api/v1/pulse/integrations", "").Get("items.#").Int(); n != 2 {
		t.Errorf("%d spark lines", n)
	}
}
