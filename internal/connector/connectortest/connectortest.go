// Package connectortest is what every connector must prove. A connector's test describes it with a Harness and calls
// Run; golden files and the check of its README are here too.
package connectortest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
)

// Canary must stand in every secret of a Harness's settings, but for private keys: nothing that a connector says may
// hold it.
const Canary = "canary-5f3b1c"

// Harness describes a connector to Run.
type Harness struct {
	Definition connector.Definition
	// Settings is valid JSON that sends to url (a base such as "http://127.0.0.1:12345") and sets every secret there is.
	Settings func(url string) string
	// Without names the secrets that Settings leaves out because others of them exclude these; another Run has them.
	Without []string
	// Accept answers a request the way the vendor takes it; nil answers 200 without a body.
	Accept http.HandlerFunc
	// Read reads a request back, with a parser that is not the connector's own, and gives each event or message in it as
	// the vendor's reader would see it; nothing for a request that carries none. Titles may be left out then.
	Read func(Request) ([]Reading, error)
	// Shows is how the text of a field (see TextFields) looks to the vendor's reader if it is changed on purpose, and ""
	// where it is not shown at all; nil means unchanged. Texts that are cut to a limit are no concern of it: see Limits.
	Shows func(field, text string) string
	// Card says that messages are made of a card (see package card): what Read gives is held against the card's texts, by
	// the names that CardTexts gives them, and Shows is not asked.
	Card bool
	// Made are texts that the connector makes of several others, by names that Read gives them and that are nobody else's:
	// "person" is "actor at endpoint". A function gets what is seen of each field (see Shows), or the card's texts.
	Made map[string]func(seen map[string]string) string
	// Limits are the most that the vendor takes of what Read gives. A text may have several, in different units.
	Limits []Limit
	// Check holds a request against the vendor's own schema (see Schema, OpenAPI); nil: there is none. Every request that
	// Run sees is checked.
	Check func(Request) error
	// Titles is Read for titles alone.
	Titles func(Request) ([]string, error)
	// Shown is Shows for titles alone.
	Shown func(title string) string
	// Keys gives the delivery keys, or what stands for them, from the place where the vendor (or a receiver) looks for
	// duplicates; nil if there is no such place.
	Keys func(Request) []string
	// TestAnswer answers what Test asks when the credentials are good; nil means Accept.
	TestAnswer http.HandlerFunc
	// Alerts says whether a request would have told somebody of an event.
	Alerts func(Request) bool
	// Blocks makes a model of the vendor, for a connector that blocks. One that does not send needs nothing else but
	// Definition and Settings.
	Blocks func() BlockVendor
}

// accepting answers as the vendor does when all is well.
func (h Harness) accepting() http.HandlerFunc {
	if h.Definition.Responds() {
		return h.Blocks().ServeHTTP
	}
	return h.Accept
}

// Reading is one event or message as the vendor's reader sees it.
type Reading struct {
	// Texts are what is seen of the event's texts, by field (see TextFields): "title", "entity.value". A text that is seen
	// in several places has a name for each: "title", "title#fallback". A field that the vendor is not told is left out.
	Texts map[string]string
	// Shape is the structure around the texts, in any form (see JSONShape, HTMLShape): it is the same whatever they are.
	Shape string
	// Raw are texts as the vendor counts them for Limits, where that is not what is seen: "header", or "title" with its
	// escapes. A text of the same name may then be cut where its Raw is full.
	Raw map[string]string
}

// Request is a request as the vendor got it.
type Request struct {
	Method string
	Path   string
	Header http.Header
	Body   []byte
}

// bench is a connector, opened against a fake vendor, with everything it says recorded.
type bench struct {
	h        Harness
	vendor   *vendor
	instance connector.Instance
	log      *logBuffer
	secrets  []string
}

// vendor is the fake on the other side.
type vendor struct {
	url    string
	answer func(http.ResponseWriter, *http.Request, Request)

	check    func(Request) error
	mu       sync.Mutex
	requests []Request
	faults   []error // what check found
}

func (v *vendor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var body bytes.Buffer
	if _, err := body.ReadFrom(r.Body); err != nil {
		return // the client has gone
	}
	r.Body = io.NopCloser(bytes.NewReader(body.Bytes())) // for whoever answers
	req := Request{Method: r.Method, Path: r.URL.RequestURI(), Header: r.Header.Clone(), Body: body.Bytes()}
	fault := v.check(req)
	v.mu.Lock()
	v.requests = append(v.requests, req)
	if fault != nil && len(v.faults) < maxFaults {
		v.faults = append(v.faults, fault)
	}
	answer := v.answer
	v.mu.Unlock()
	if answer != nil {
		answer(w, r, req)
	}
}

// maxFaults bounds what is told of one vendor's requests.
const maxFaults = 5

// blame fails the test for what check found.
func (v *vendor) blame(t *testing.T) {
	t.Helper()
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, err := range v.faults {
		t.Error(err)
	}
}

// seen gives the requests so far and forgets them.
func (v *vendor) seen() []Request {
	v.mu.Lock()
	defer v.mu.Unlock()
	r := v.requests
	v.requests = nil
	return r
}

// logBuffer collects log lines of several goroutines.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// reopen opens the connector once more, with a State of its own, against the same vendor.
func reopen(t *testing.T, h Harness, v *vendor) *bench {
	t.Helper()
	b := &bench{h: h, vendor: v, log: &logBuffer{}}
	instance, err := h.Definition.Open(json.RawMessage(h.Settings(v.url)), Env(nil))
	if err != nil {
		t.Fatalf("opening: %v", err)
	}
	b.instance = instance
	return b
}

// close closes the instance, if it can be closed.
func (b *bench) close() {
	if c, ok := b.instance.(interface{ Close() }); ok {
		c.Close()
	}
}

// open opens the connector with its settings, changed by patch, against url.
func open(t *testing.T, h Harness, v *vendor, url, patch string) *bench {
	t.Helper()
	f := h.Definition.Settings()
	raw := form.Merge(f, json.RawMessage(h.Settings(url)), json.RawMessage(patch))
	b := &bench{h: h, vendor: v, log: &logBuffer{}, secrets: form.SecretValues(f, raw)}
	log := slog.New(slog.NewTextHandler(b.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	if v.check == nil {
		v.check = h.check
		t.Cleanup(func() { v.blame(t) })
	}
	instance, err := h.Definition.Open(raw, Env(log))
	if err != nil {
		t.Fatalf("opening: %v", err)
	}
	b.instance = instance
	if c, ok := instance.(interface{ Close() }); ok {
		t.Cleanup(c.Close)
	}
	return b
}

// Env is a connector's environment for tests: it may reach 127.0.0.0/8, and its clock is the real one.
func Env(log *slog.Logger) connector.Env {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return EnvOver(httpkit.NewMaker(httpkit.Config{
		Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Log: log, UserAgent: "Tocsin/0.0.0-test",
	}), log)
}

// publicURL is where the hub of tests is reached.
const publicURL = "https://tocsin.example.com"

// EnvOver is a connector's environment for tests whose ways out are those of maker.
func EnvOver(maker *httpkit.Maker, log *slog.Logger) connector.Env {
	return connector.Env{
		Account: event.DefaultAccount, Integration: "int_test", Log: log, Now: time.Now, Version: "0.0.0-test",
		HTTP: maker, Dial: maker.Dialer(), PublicURL: publicURL, State: new(State), Tickets: new(Tickets),
		Turns: new(connector.Turns),
	}
}

// deliver sends through whichever engine the instance wants. Of one that has none, what is blocked is read.
func (b *bench) deliver(t *testing.T, ds ...connector.Delivery) error {
	t.Helper()
	ctx := httpkit.WithExchange(t.Context(), new(httpkit.Exchange))
	if b.h.Definition.Responds() {
		_, err := b.instance.(connector.Blocker).Blocked(ctx)
		return err
	}
	batch, ok := b.instance.(connector.BatchSender)
	if c, chooses := b.instance.(connector.EngineChooser); ok && (!chooses || c.UsesBatch()) {
		return batch.SendBatch(ctx, ds)
	}
	for _, d := range ds {
		if err := b.instance.(connector.Sender).Send(ctx, d); err != nil {
			return err
		}
	}
	return nil
}

// quiet fails the test if a text holds a secret.
func (b *bench) quiet(t *testing.T, what, text string) {
	t.Helper()
	for _, s := range b.secrets {
		for _, piece := range pieces(s) {
			if strings.Contains(text, piece) {
				t.Errorf("%s shows a secret: %.300s", what, text)
				return
			}
		}
	}
	if strings.Contains(text, Canary) {
		t.Errorf("%s shows a canary: %.300s", what, text)
	}
}

// pieces are the parts of a secret whose appearance is a leak: the value, or each line of a private key.
func pieces(secret string) []string {
	if !strings.Contains(secret, "-----BEGIN") {
		return []string{secret}
	}
	return slices.DeleteFunc(strings.Split(secret, "\n"), func(line string) bool {
		return len(line) < 32 || strings.HasPrefix(line, "-----")
	})
}

// quietError checks an error in all its printed forms.
func (b *bench) quietError(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		b.quiet(t, "an error", fmt.Sprintf("%v %+v %s", err, err, err))
	}
	b.quiet(t, "the log", b.log.String())
}

// Deliveries makes one delivery for each title, with fresh events.
func Deliveries(titles ...string) []connector.Delivery {
	ds := make([]connector.Delivery, len(titles))
	for i, title := range titles {
		r := Record(event.NewID(), title)
		ds[i] = connector.Delivery{Key: event.NewID().Text(event.PrefixDelivery), Record: r, Attempt: 1}
	}
	return ds
}

// Record makes an alert with a title and every field that a connector could show, all of them hostile if the title is.
func Record(id event.ID, title string) *event.Record {
	at := time.Date(2026, 11, 20, 12, 0, 0, 123456000, time.UTC)
	risk := 75.0
	e := event.Event{
		Type: "alert.created", Time: at, Severity: event.High, Title: title, Description: title, Project: "production-api",
		AlertType: "intrusion", DedupKey: "dedup-1", Incident: "INC-1042", Rule: &event.Rule{ID: "r-1", Name: title},
		Mitre: []string{"T1110"}, RiskScore: &risk, Actor: title, Tags: []string{title}, Labels: map[string]string{"env": title},
		Entities: []event.Entity{{Type: "ip", Value: "203.0.113.7", Role: "source", Observed: true}, {Type: "user", Value: title}},
		URL:      "https://console.example.com/alerts/1", Source: &event.Source{Vendor: "Example", Product: "Sensor", ID: "s-1"},
	}
	body, err := json.Marshal(e)
	if err != nil {
		panic("connectortest: encoding an event: " + err.Error())
	}
	return &event.Record{
		ID: id, Account: event.DefaultAccount, Type: e.Type, Severity: e.Severity, Project: e.Project, AlertType: e.AlertType,
		DedupKey: e.DedupKey, OrderingKey: e.Incident, Time: at, Received: at.Add(time.Second), Body: body,
	}
}

var listIndex = regexp.MustCompile(`\.[0-9]+(\.|$)`)

// checkSettings makes sure that the harness itself is worth something: every secret is set and is a canary.
func checkSettings(t *testing.T, h Harness) {
	t.Helper()
	f := h.Definition.Settings()
	_, secrets, err := form.Split(f, json.RawMessage(h.Settings("http://127.0.0.1:1")))
	if err != nil {
		t.Fatal(err)
	}
	set := map[string]bool{}
	for path, s := range secrets {
		set[listIndex.ReplaceAllString(path, "[]$1")] = true
		if v := s.Reveal(); !strings.Contains(v, Canary) && !strings.Contains(v, "-----BEGIN") && !strings.HasPrefix(v, "whsec_") && !strings.HasPrefix(v, "whsk_") {
			t.Errorf("the harness's secret %s is no canary", path)
		}
	}
	for _, name := range form.SecretFields(f) {
		if !set[name] && !slices.Contains(h.Without, name) {
			t.Errorf("the harness does not set the secret %s", name)
		}
	}
}
