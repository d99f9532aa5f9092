package email

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/connectortest"
	"github.com/tocsin-hub/tocsin/internal/event"
)

func goldenAlert(t testing.TB, change func(*event.Event)) *event.Record {
	t.Helper()
	risk := 82.5
	e := event.Event{
		Type: "alert.created", Time: noon, Severity: event.High, Title: "Brute force against the VPN gateway", Project: "production-api",
		Description: "143 failed logins for 12 users from one address within 5 minutes, then one that succeeded.\nThe session is still open.",
		AlertType:   "brute_force", DedupKey: "bf-203.0.113.7", Incident: "INC-1042", Endpoint: "vpn-01", Rule: &event.Rule{ID: "r-17", Name: "VPN brute force"},
		Mitre: []string{"T1110", "T1078"}, RiskScore: &risk, Status: "open", Actor: "jdoe", Tags: []string{"vpn", "pci"}, TLP: "amber",
		Labels: map[string]string{"env": "production", "team": "network"},
		Entities: []event.Entity{
			{Type: "ip", Value: "203.0.113.7", Role: "source", Observed: true}, {Type: "user", Value: "jdoe", Role: "target"},
			{Type: "host", Value: "vpn-01.example.com", Role: "target", Observed: true},
		},
		Geo:    json.RawMessage(`{"country":"NL","city":"Amsterdam","asn":64500}`),
		URL:    "https://siem.example.com/alerts/4711",
		Source: &event.Source{Vendor: "Example", Product: "SIEM", Instance: "eu-1", ID: "4711"},
		Data:   json.RawMessage(`{"failed_logins":143,"window":"5m","gateway":{"version":"9.1"}}`),
	}
	if change != nil {
		change(&e)
	}
	body, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	return &event.Record{
		ID: event.BlockFrom(event.ID{1, 147}, 1).At(0), Account: event.DefaultAccount, Type: e.Type, Severity: e.Severity, DedupKey: e.DedupKey,
		Time: e.Time, Received: e.Time.Add(time.Second), Body: body,
	}
}

// letters are mails of each kind.
func letters(t testing.TB) map[string]*event.Record {
	t.Helper()
	acknowledged := goldenAlert(t, func(e *event.Event) {
		e.Type, e.Status = "alert.acknowledged", "acknowledged"
		e.Data = json.RawMessage(`{"alert":{"id":"alr_1","status":"acknowledged","count":3,"first_seen":"2026-11-20T11:00:00Z","last_seen":"2026-11-20T12:00:00Z",
			"assignee":"dana@example.com"},"change":{"verb":"acknowledge","by":"dana@example.com","via":"console","note":"Looking into it.",
			"changed":{"status":["open","acknowledged"]}}}`)
	})
	acknowledged.Flags |= event.Internal
	incident := goldenAlert(t, func(e *event.Event) {
		e.Type, e.Status, e.Title, e.DedupKey = "incident.closed", "closed", "Stolen VPN account", ""
		e.Data = json.RawMessage(`{"incident":{"number":"INC-1042","status":"closed","severity":"high","owner":"dana@example.com",
			"classification":"true_positive","reason":"Account locked, session ended.","alerts":4},"change":{"verb":"resolve","by":"dana@example.com","via":"api"}}`)
	})
	incident.Flags |= event.Internal
	held, digest := sample(t, event.TypeHeldBack), sample(t, event.TypeDigest)
	held.Flags |= event.Test
	digest.Flags |= event.Internal
	return map[string]*event.Record{
		"alert": goldenAlert(t, nil), "acknowledged": acknowledged, "incident": incident,
		"grouped": goldenAlert(t, func(e *event.Event) {
			e.Data = json.RawMessage(`{"group":{"count":12,"first":"2026-11-20T11:00:00Z","last":"2026-11-20T11:09:00Z",
				"severities":{"high":2,"medium":10},"events":["evt_01jg000000e000000000000001","evt_01jg000000e000000000000002"],
				"entities":[{"type":"user","value":"root"},{"type":"user","value":"admin"}]}}`)
		}),
		"held": held, "digest": digest,
	}
}

// sample is the catalogue's of a type.
func sample(t testing.TB, eventType string) *event.Record {
	t.Helper()
	raw, ok := event.Sample(eventType)
	if !ok {
		t.Fatalf("there is no %s", eventType)
	}
	r, err := event.Parse(raw, event.DefaultAccount, noon, event.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	r.ID = event.BlockFrom(event.ID{1, 148}, 1).At(0)
	return r
}

func TestGolden(t *testing.T) {
	t.Parallel()
	for name, r := range letters(t) {
		raw, _ := write(t, r)
		again, _ := write(t, r)
		if diff := cmp.Diff(string(raw), string(again)); diff != "" {
			t.Errorf("%s is not the same twice:\n%s", name, diff)
		}
		m := read(t, raw)
		head, _, _ := strings.Cut(string(raw), "\r\n\r\n")
		connectortest.Golden(t, name+".txt", []byte(strings.ReplaceAll(head, "\r\n", "\n")+"\n\n"+m.text))
		connectortest.Golden(t, name+".html", []byte(m.html))
	}
}

// TestSamples: there is a mail for every type of event.
func TestSamples(t *testing.T) {
	t.Parallel()
	for _, c := range event.Types() {
		raw, l := write(t, sample(t, c.Name))
		if m := read(t, raw); l.Title == "" || len(m.titles(t)) != 1 || m.titles(t)[0] != l.Title {
			t.Errorf("%s: the title is %q, read as %q", c.Name, l.Title, m.titles(t))
		}
	}
}

// TestThreads: mails of one alert belong together, over integrations and accounts they do not.
func TestThreads(t *testing.T) {
	t.Parallel()
	w := testWriter(t)
	root := func(w *writer, r *event.Record) string {
		e, err := r.Event()
		if err != nil {
			t.Fatal(err)
		}
		m, err := w.write(compose(r, &e, ""), "dlv_1", noon)
		if err != nil {
			t.Fatal(err)
		}
		h := read(t, m.bytes).header
		if h.Get("In-Reply-To") != h.Get("References") {
			t.Errorf("In-Reply-To %q, References %q", h.Get("In-Reply-To"), h.Get("References"))
		}
		return h.Get("References")
	}
	all := letters(t)
	alert := root(w, all["alert"])
	if alert == "" || alert != root(w, all["acknowledged"]) {
		t.Errorf("an alert and its acknowledgement are in the threads %q and %q", alert, root(w, all["acknowledged"]))
	}
	other := *w
	other.integration = "int_other"
	for what, thread := range map[string]string{
		"another integration": root(&other, all["alert"]), "its incident": root(w, all["incident"]), "a digest": root(w, all["digest"]),
		"another alert": root(w, goldenAlert(t, func(e *event.Event) { e.DedupKey = "other" })),
	} {
		if thread == alert {
			t.Errorf("%s is in the thread of the alert", what)
		}
	}
	if root(w, all["incident"]) == "" || root(w, all["digest"]) != "" {
		t.Errorf("an incident is in the thread %q, a digest in %q", root(w, all["incident"]), root(w, all["digest"]))
	}
}

// TestLimits: long lists are cut, and say so.
func TestLimits(t *testing.T) {
	t.Parallel()
	r := goldenAlert(t, func(e *event.Event) {
		e.Labels = map[string]string{}
		data := map[string]any{}
		for i := range 500 {
			e.Entities = append(e.Entities, event.Entity{Type: "ip", Value: strings.Repeat("9", 600)})
			e.Tags = append(e.Tags, strings.Repeat("t", i))
			e.Labels[strings.Repeat("l", i+1)] = strings.Repeat("v", i)
			data[strings.Repeat("d", i+1)] = strings.Repeat("v", i)
		}
		e.Data, _ = json.Marshal(data)
		e.Description = strings.Repeat("long ", 50_000)
	})
	raw, _ := write(t, r)
	m := read(t, raw)
	for _, mark := range []string{"… and 453 more, which", "and 472 more tags", "… and 470 more, which", "[cut: "} {
		if !strings.Contains(m.text, mark) || !strings.Contains(m.html, strings.ReplaceAll(mark, "'", "&#39;")) {
			t.Errorf("%q does not show", mark)
		}
	}
	if len(raw) > 512<<10 {
		t.Errorf("%d bytes", len(raw))
	}
}

// TestSummary: one mail with a row for each event; what is addressed stands alone.
func TestSummary(t *testing.T) {
	t.Parallel()
	p := newPost(t, securityTLS, nil)
	b := start(t, p, securityTLS, map[string]any{"mode": "summary"})
	if !b.UsesBatch() {
		t.Error("summary is no batch")
	}
	ds := connectortest.Deliveries("one", "two", "three")
	ds = append(ds, connector.Delivery{Key: "dlv_digest", Record: sample(t, event.TypeDigest), Attempt: 1})
	if err := b.SendBatch(t.Context(), ds); err != nil {
		t.Fatal(err)
	}
	mails := p.taken()
	if len(mails) != 2 {
		t.Fatalf("%d mails", len(mails))
	}
	digest, summary := read(t, mails[0].Raw), read(t, mails[1].Raw)
	if !strings.Contains(digest.subject, "Daily digest") || summary.subject != "[Tocsin] 3 events: 3 high" {
		t.Errorf("subjects %q and %q", digest.subject, summary.subject)
	}
	for _, title := range []string{"one", "two", "three"} {
		if !strings.Contains(summary.html, ">"+title+"<") || !strings.Contains(summary.text, title) {
			t.Errorf("%s is missing", title)
		}
	}
	if err := b.SendBatch(t.Context(), ds[:1]); err != nil {
		t.Fatal(err)
	}
	if got := p.taken(); len(got) != 1 || read(t, got[0].Raw).titles(t)[0] != "one" {
		t.Error("a summary of one event is not its mail")
	}
}

func TestReadme(t *testing.T) {
	t.Parallel()
	connectortest.Readme(t, Definition())
}
