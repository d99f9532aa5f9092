package app

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/tocsin-hub/tocsin/internal/config"
	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
	"github.com/tocsin-hub/tocsin/internal/connectors/splunk"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/ingest/syslog"
)

// until waits for an integration's captures to satisfy ok, and gives them.
func (o *house) until(owner event.Account, integration string, ok func([]gjson.Result) bool) []gjson.Result {
	o.t.Helper()
	var list []gjson.Result
	if !within(20*time.Second, func() bool {
		list = o.must(owner, "GET", "/api/v1/captures?integration="+integration, "").Get("items").Array()
		return ok(list)
	}) {
		o.t.Fatalf("only this was captured: %v", list)
	}
	return list
}

func atLeast(n int) func([]gjson.Result) bool {
	return func(list []gjson.Result) bool { return len(list) >= n }
}

// TestSyslog: what comes to a listener becomes an event of its account, with the listener's project and labels, and is
// delivered.
func TestSyslog(t *testing.T) {
	t.Parallel()
	o := newHouse(t)
	h := o.hub
	capture := o.must("child", "POST", "/api/v1/integrations", `{"kind":"capture","name":"logs","subscription":{"types":["log.*","telemetry.*"]}}`).Get("id").Str
	cfg, err := config.Load(config.Sources{Flags: map[string]string{
		"syslog.listen": "udp://127.0.0.1:0,tcp://127.0.0.1:0?project=edge", "syslog.account": "child", "syslog.labels": "site=x",
	}})
	if err != nil {
		t.Fatal(err)
	}
	h.cfg.Syslog = cfg.Syslog
	if err := h.openSyslog(t.Context()); err != nil {
		t.Fatal(err)
	}
	var loops sync.WaitGroup
	h.startSyslog(&loops, make(chan error, 1))
	for _, l := range h.syslog {
		c, err := net.Dial(l.Addr().Network(), l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(c, "<34>1 2026-02-28T10:00:00Z web-1 su - - - over "+l.Addr().Network()+"\n"); err != nil {
			t.Error(err)
		}
		_ = c.Close()
	}
	got := map[string]string{}
	for _, c := range o.until("child", capture, atLeast(2)) {
		e := c.Get("payload")
		got[e.Get("title").Str] = e.Get("type").Str + " " + e.Get("severity").Str + " " + e.Get("account").Str + " " + e.Get("project").Str + " " +
			e.Get("labels.site").Str + " " + e.Get("data.syslog.from").Str
	}
	if got["over udp"] != "log.message critical child  x 127.0.0.1" || got["over tcp"] != "log.message critical child edge x 127.0.0.1" {
		t.Errorf("%v", got)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	h.stopSyslog(ctx)
	loops.Wait()

	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
	r.RemoteAddr = "127.0.0.1:1"
	o.handler.ServeHTTP(w, r)
	for _, want := range []string{
		`tocsin_syslog_messages_total{listener="tcp://127.0.0.1:0"} 1`, `tocsin_syslog_dropped_total{listener="udp://127.0.0.1:0",reason="kernel"} 0`,
		`tocsin_ingest_events_total{result="accepted",source="syslog"} 2`,
	} {
		if !strings.Contains(w.Body.String(), want+"\n") {
			t.Errorf("the metrics lack %s", want)
		}
	}
}

// TestSyslogDropsAreSaid: an event tells of messages that were dropped.
func TestSyslogDropsAreSaid(t *testing.T) {
	t.Parallel()
	said, err := sayDropped("child", syslog.Drops{Listener: "udp://0.0.0.0:514", Queue: 3, Kernel: 4}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	e := gjson.ParseBytes(said.Event)
	if said.Account != "child" || e.Get("type").Str != "telemetry.events_dropped" || e.Get("data.kernel_buffer_full").Int() != 4 ||
		!strings.HasPrefix(e.Get("title").Str, "7 syslog messages to udp://0.0.0.0:514 were dropped") {
		t.Errorf("%+v %s", said, said.Event)
	}
}

func TestSyslogNeedsItsAccount(t *testing.T) {
	t.Parallel()
	cfg := config.Default()
	cfg.DataDir = t.TempDir()
	cfg.Syslog.Listen = []config.SyslogListener{{Network: "tcp", Address: "127.0.0.1:0", Account: "nobody"}}
	if _, err := open(t.Context(), cfg, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), `there is no account "nobody"`) {
		t.Errorf("%v", err)
	}
}

// TestSplunkIntegrationSpeaksHEC: a hub's own Splunk integration can point at another hub, and its events come out as
// they went in.
func TestSplunkIntegrationSpeaksHEC(t *testing.T) {
	t.Parallel()
	o := newHouse(t)
	capture := o.must("child", "POST", "/api/v1/integrations", `{"kind":"capture","name":"all","subscription":{"types":["alert.*"]}}`).Get("id").Str
	server := httptest.NewServer(o.handler)
	t.Cleanup(server.Close)
	for _, packed := range []string{"false", "true"} {
		settings := `{"url":"` + server.URL + `","token":"` + o.keys["child"] + `","gzip":` + packed + `}`
		instance, err := splunk.Definition().Open(json.RawMessage(settings), connector.Env{
			Log: slog.New(slog.DiscardHandler), Now: time.Now, HTTP: httpkit.NewMaker(httpkit.Config{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}),
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := instance.(connector.Tester).Test(t.Context()); err != nil {
			t.Errorf("the connection test: %v", err)
		}
		var batch []connector.Delivery
		for _, title := range []string{"one of " + packed, "two \u2028 of " + packed} {
			r, err := event.FromEvent(&event.Event{
				Type: "alert.created", Severity: event.High, Title: title, Time: time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC), DedupKey: "k/" + title,
				Data: json.RawMessage(`{"a":{"b":[1,"x"]}}`), Source: &event.Source{Vendor: "v"},
			}, event.Origin{Account: "elsewhere", Received: time.Now()}, event.DefaultLimits())
			if err != nil {
				t.Fatal(err)
			}
			r.ID = event.NewID()
			batch = append(batch, connector.Delivery{Record: r})
		}
		if err := instance.(connector.BatchSender).SendBatch(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
		for _, d := range batch {
			list := o.until("child", capture, func(list []gjson.Result) bool { return titled(list, d.Record) != nil })
			e := titled(list, d.Record)
			if e.Get("account").Str != "child" || e.Get("source.id").Str != d.Record.ID.Text(event.PrefixEvent) || e.Get("source.vendor").Str != "v" ||
				e.Get("data.a").Raw != `{"b":[1,"x"]}` || e.Get("severity").Str != "high" || e.Get("time").Str != "2026-03-01T10:00:00Z" {
				t.Errorf("%s", e.Raw)
			}
		}
	}
}

// titled finds the capture of an event that has the record's dedup key.
func titled(list []gjson.Result, r *event.Record) *gjson.Result {
	for _, c := range list {
		if e := c.Get("payload"); e.Get("dedup_key").Str == r.DedupKey {
			return &e
		}
	}
	return nil
}
