package connectortest

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/event/card"
)

// complete fills in what follows from the rest.
func (h Harness) complete() Harness {
	if h.Titles == nil && h.Read != nil {
		h.Titles = func(r Request) ([]string, error) {
			readings, err := h.Read(r)
			var list []string
			for _, reading := range readings {
				list = append(list, reading.Texts["title"])
			}
			return list, err
		}
	}
	return h
}

// shows is the text of a field as the vendor's reader sees it.
func (h Harness) shows(field, text string) string {
	if h.Card && field != "url" {
		return strings.TrimSpace(card.Line(text))
	}
	if h.Shows == nil {
		return text
	}
	return h.Shows(field, text)
}

// perRequest is how many events go in one request of a batch connector here.
const perRequest = 40

// maxFailures bounds how many texts a test complains of.
const maxFailures = 5

// testFields feeds the hostile corpus through every field of an event, all fields at once and each text through each
// field. What the vendor's reader sees is the text, and around it nothing is other than with a harmless event that has the
// same fields.
func testFields(t *testing.T, h Harness) {
	if h.Read == nil {
		t.Skip("the harness has no Read")
	}
	f := &fieldTest{h: h, b: start(t, h, `{}`), controls: map[string]Reading{}}
	corpus := Corpus(t)
	if testing.Short() {
		corpus = sample(corpus, 8)
	}
	fields := TextFields()
	for first := 0; first < len(corpus) && f.failures < maxFailures; first += perRequest {
		var events []map[string]string
		for i := first; i < min(first+perRequest, len(corpus)); i++ {
			texts := map[string]string{}
			for n, field := range fields {
				texts[field] = hostileFor(field, corpus[(i+n*7)%len(corpus)])
			}
			events = append(events, texts)
		}
		f.try(t, events)
	}
}

func sample(texts []string, every int) []string {
	var some []string
	for i := 0; i < len(texts); i += every {
		some = append(some, texts[i])
	}
	return some
}

// hostileFor is a hostile text for a field: where an address decides what a projection does, it is none.
func hostileFor(field, text string) string {
	if _, err := netip.ParseAddr(text); err == nil && field == "entity.ip" {
		return Plain(field)
	}
	return text
}

// fieldTest is one run of testFields.
type fieldTest struct {
	h        Harness
	b        *bench
	controls map[string]Reading // harmless events, by the fields that they have not
	failures int
}

// try sends events and compares what is read of each.
func (f *fieldTest) try(t *testing.T, events []map[string]string) {
	t.Helper()
	readings, err := f.send(t, events)
	if err != nil {
		f.failures++
		t.Errorf("%v; the events: %.2000q", err, events)
		return
	}
	for i, texts := range events {
		control, err := f.control(t, texts)
		if err != nil {
			t.Fatal(err)
		}
		for _, fault := range f.h.compare(texts, control, readings[i]) {
			f.failures++
			t.Error(fault)
		}
		if f.failures >= maxFailures {
			return
		}
	}
}

// control is what is read of a harmless event that lacks the fields that are not shown of texts.
func (f *fieldTest) control(t *testing.T, texts map[string]string) (Reading, error) {
	t.Helper()
	plain := plainTexts()
	for field, text := range texts {
		if f.h.shows(field, text) == "" {
			plain[field] = ""
		}
	}
	key := strings.Join(slices.Sorted(maps.Keys(texts)), " ")
	for _, field := range slices.Sorted(maps.Keys(plain)) {
		key += "\x00" + plain[field]
	}
	if c, ok := f.controls[key]; ok {
		return c, nil
	}
	readings, err := f.send(t, []map[string]string{plain})
	if err != nil {
		return Reading{}, fmt.Errorf("a harmless event: %w", err)
	}
	f.controls[key] = readings[0]
	return readings[0], nil
}

// send delivers events and reads them back. A connector that sends one message at a time is opened for each event anew, so
// that nothing it remembers (its State) makes one event follow another; several messages for one event are one reading.
func (f *fieldTest) send(t *testing.T, events []map[string]string) ([]Reading, error) {
	t.Helper()
	var all []Reading
	batch, ok := f.b.instance.(connector.BatchSender)
	if c, chooses := f.b.instance.(connector.EngineChooser); ok && (!chooses || c.UsesBatch()) {
		ds := make([]connector.Delivery, len(events))
		for i, texts := range events {
			ds[i] = delivery(texts)
		}
		if err := batch.SendBatch(t.Context(), ds); err != nil {
			return nil, fmt.Errorf("delivering: %w", err)
		}
		all, err := f.read(events[0])
		if err == nil && len(all) != len(events) {
			err = fmt.Errorf("%d events were sent, %d are read back", len(events), len(all))
		}
		return all, err
	}
	for _, texts := range events {
		b := reopen(t, f.h, f.b.vendor)
		err := b.deliver(t, delivery(texts))
		b.close()
		if err != nil {
			return nil, fmt.Errorf("delivering: %w", err)
		}
		readings, err := f.read(texts)
		if err != nil {
			return nil, err
		}
		if len(readings) == 0 {
			return nil, errors.New("an event was sent and none is read back")
		}
		all = append(all, joined(readings))
	}
	return all, nil
}

func delivery(texts map[string]string) connector.Delivery {
	return connector.Delivery{Key: event.NewID().Text(event.PrefixDelivery), Record: RecordOf(event.NewID(), texts), Attempt: 1}
}

// joined makes one reading of the messages for one event.
func joined(list []Reading) Reading {
	if len(list) == 1 {
		return list[0]
	}
	one := Reading{Texts: map[string]string{}, Raw: map[string]string{}}
	for i, r := range list {
		for name, text := range r.Texts {
			one.Texts[fmt.Sprintf("%s#message %d", name, i)] = text
		}
		maps.Copy(one.Raw, r.Raw)
		one.Shape += fmt.Sprintf("message %d\n%s\n", i, r.Shape)
	}
	return one
}

// read reads what the vendor got since the last look. Of a harmless event it asks that whatever is in the request is
// read.
func (f *fieldTest) read(texts map[string]string) ([]Reading, error) {
	var all []Reading
	var body []byte
	for _, r := range f.b.vendor.seen() {
		readings, err := f.h.Read(r)
		if err != nil {
			return nil, fmt.Errorf("reading the request back: %w; it is %.2000q", err, r.Body)
		}
		if len(readings) > 0 {
			unpacked, err := Unpacked(r)
			if err != nil {
				return nil, err
			}
			body = append(body, unpacked...)
		}
		all = append(all, readings...)
	}
	if len(f.controls) == 0 && len(all) == 1 && texts["title"] == Plain("title") {
		if missed := unread(body, all[0]); len(missed) > 0 {
			return nil, fmt.Errorf("the request holds the event's %s, which Read does not give", strings.Join(missed, ", "))
		}
	}
	return all, nil
}

// unread are the fields whose harmless texts are in a body but not in what was read of it.
func unread(body []byte, r Reading) []string {
	var missed []string
	for _, field := range TextFields() {
		has := false
		for name, text := range r.Texts {
			made := !slices.Contains(TextFields(), fieldOf(name))
			has = has || fieldOf(name) == field || made && strings.Contains(text, Plain(field))
		}
		if !has && field != "url" && bytes.Contains(body, []byte(Plain(field))) {
			missed = append(missed, field)
		}
	}
	return missed
}

// fieldOf is the field of a name in Reading.Texts.
func fieldOf(name string) string {
	field, _, _ := strings.Cut(name, "#")
	return field
}

// compare says what differs, of a reading of a hostile event, from the texts that it should have and from the shape of a
// harmless one.
func (h Harness) compare(texts map[string]string, control, got Reading) []string {
	var faults []string
	names := map[string]string{}
	maps.Copy(names, control.Texts)
	maps.Copy(names, got.Texts)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		want := h.want(name, texts)
		raw, isRaw := got.Raw[name]
		if !isRaw {
			raw = got.Texts[name]
		}
		if fault := held(h.Limits, name, want, got.Texts[name], raw, isRaw); fault != "" {
			faults = append(faults, fmt.Sprintf("%s of %q: %s", name, brief(texts[fieldOf(name)]), fault))
		}
	}
	if diff := cmp.Diff(control.Shape, got.Shape); diff != "" {
		faults = append(faults, fmt.Sprintf("the structure is another one (-harmless +hostile) with %.3000q\n%s", texts, diff))
	}
	return faults
}

// want is what is seen under a name of Reading.Texts.
func (h Harness) want(name string, texts map[string]string) string {
	field := fieldOf(name)
	whole := h.Made[field]
	if whole == nil && !h.Card {
		return h.shows(field, texts[field])
	}
	seen := map[string]string{}
	if h.Card {
		seen = CardTexts(card.Of(RecordOf(event.ID{}, texts), publicURL))
	} else {
		for field, text := range texts {
			seen[field] = h.shows(field, text)
		}
	}
	if whole != nil {
		return whole(seen)
	}
	return seen[field]
}

// CardTexts are the texts of a card that come of an event, by name. What there may be many of is numbered from 0.
func CardTexts(c card.Card) map[string]string {
	texts := map[string]string{
		"title": c.Title, "description": c.Description, "project": c.Project, "alert_type": c.AlertType, "rule": c.Rule,
		"actor": c.Actor, "place": c.Place, "network": c.Network, "endpoint": c.Endpoint, "source": c.Source, "case": c.Case,
		"tlp": c.TLP, "url": c.URL,
	}
	for i, e := range c.Entities {
		n := fmt.Sprintf("entity.%d.", i)
		texts[n+"type"], texts[n+"value"], texts[n+"role"] = e.Type, e.Value, e.Role
	}
	for name, list := range map[string][]string{"host": c.Hosts, "mitre": c.Mitre, "tag": c.Tags} {
		for i, text := range list {
			texts[fmt.Sprintf("%s.%d", name, i)] = text
		}
	}
	return texts
}
