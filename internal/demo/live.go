package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"time"

	"github.com/tocsin-hub/tocsin/internal/client"
	"github.com/tocsin-hub/tocsin/internal/event"
)

// step is how often Live sends.
const step = time.Second

// Live connects the ticket desk and goes on sending, between none and four events a second, until ctx is done. told gets what
// went wrong, once for as long as it goes wrong.
func (w *World) Live(ctx context.Context, hub *client.Client, now func() time.Time, told func(error)) error {
	existing, err := list[identified](ctx, hub, integrationsPath, nil)
	if err != nil {
		return fmt.Errorf("looking for the demo's integrations: %w", err)
	}
	if err := put(ctx, hub, w.desk(), existing); err != nil {
		return err
	}
	w.Desk.turnMoody()
	tick := time.NewTicker(step)
	defer tick.Stop()
	failing := false
	for n := 0; ; n++ {
		err := sendAll(ctx, hub, moment(n, now()))
		if err != nil && !failing && ctx.Err() == nil {
			told(err)
		}
		failing = err != nil
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// desk is the integration that fails at times.
func (w *World) desk() *Integration {
	return &Integration{
		Kind: "webhook", Name: deskName, Enabled: true,
		Settings:     map[string]any{"url": w.Desk.URL() + "/tickets", "signing_secret": w.state.SigningSecret},
		Subscription: Subscription{Types: []event.TypeFilter{"alert.created"}, MinSeverity: event.Medium},
	}
}

func sendAll(ctx context.Context, hub *client.Client, events []event.Event) error {
	if len(events) == 0 {
		return nil
	}
	var body bytes.Buffer
	lines := json.NewEncoder(&body)
	for i := range events {
		if err := lines.Encode(&events[i]); err != nil {
			return fmt.Errorf("writing an event: %w", err)
		}
	}
	_, err := hand(ctx, hub, Sample{Name: "an event", Path: "/api/v1/events", ContentType: "application/x-ndjson", Body: body.Bytes()})
	return err
}

// Of the events that Live sends, these are alerts: the first few at once, then one every alertEvery steps. It goes round
// liveAlerts keys, and ends each alert when openAlerts later ones have come, so that a hub that runs for days has no more.
const (
	firstAlerts = 3
	alertEvery  = 15
	liveAlerts  = 24
	openAlerts  = 10
)

// moment is what is sent at a step.
func moment(n int, now time.Time) []event.Event {
	var events []event.Event
	switch {
	case n < firstAlerts:
		events = liveAlert(n, now)
	case n%alertEvery == 0:
		events = liveAlert(firstAlerts-1+n/alertEvery, now)
	}
	for i := range quiet(n) {
		kind := routine[(n*7+i*3)%len(routine)]
		events = append(events, event.Event{
			Type: kind.name, Time: now, Severity: kind.severity, Title: kind.title, Project: dayProjects[(n+i)%len(dayProjects)],
			Actor: dayPeople[(n*3+i)%len(dayPeople)], Source: &event.Source{Vendor: "example", Product: kind.source},
		})
	}
	return events
}

// quiet is how many events of everyday life a step has: a wave of a minute and a half, and now and then a little more.
func quiet(n int) int {
	wave := 1.2 + 1.2*math.Sin(2*math.Pi*float64(n)/90)
	if n%17 == 0 {
		wave++
	}
	return int(math.Round(wave))
}

// liveAlert is the n-th alert, and the end of the one that has been open for long.
func liveAlert(n int, now time.Time) []event.Event {
	key := n % liveAlerts
	alert := dayAlert(key, now)
	alert.DedupKey = liveKey(n)
	// People and hosts of its own: nothing that these alerts share makes an incident of them.
	if about := &alert.Entities[1]; about.Type == "host" {
		about.Value = fmt.Sprintf("node-%d", key)
	} else {
		about.Value = fmt.Sprintf("user-%d", key)
		alert.Actor = about.Value
	}
	events := []event.Event{alert}
	if n >= openAlerts {
		events = append(events, dayChange("alert.resolved", liveKey(n-openAlerts), "Closed by the on-call analyst", now))
	}
	return events
}

func liveKey(n int) string { return fmt.Sprintf("demo-live:%02d", n%liveAlerts) }

// routine is what happens all day long in a company.
var routine = []struct {
	name, title, source string
	severity            event.Severity
}{
	{"auth.login.success", "Signed in with a second factor", "idp", event.Info},
	{"network.flow", "Connection to the update server", "firewall", event.Info},
	{"auth.mfa.challenge", "Second factor asked for", "idp", event.Info},
	{"data.accessed", "Customer record was read", "crm", event.Info},
	{"auth.login.failure", "Wrong password", "idp", event.Low},
	{"network.dns", "Name of a content network was resolved", "resolver", event.Info},
	{"server.ssh.login.success", "Signed in at the build server", "sshd", event.Info},
	{"data.downloaded", "Report was saved", "crm", event.Info},
	{"server.sudo.used", "Package list refreshed as root", "sudo", event.Low},
	{"auth.session.expired", "Session ended by itself", "idp", event.Info},
	{"network.drop", "Packet to a closed port was dropped", "firewall", event.Low},
	{"admin.setting.changed", "Dashboard was renamed", "console", event.Info},
}
