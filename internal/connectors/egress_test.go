package connectors

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"regexp"
	"slices"
	"testing"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/connectortest"
	"github.com/tocsin-hub/tocsin/internal/connector/egress/egresstest"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
	"github.com/tocsin-hub/tocsin/internal/form"
)

// destinations are the settings of a connector that say where it connects to, found by their form.
type destinations struct {
	kind string
	base map[string]any // settings that are valid but for the destinations: those that are required
	more map[string]any // settings that are not required, and that a destination may need
	urls []string       // settings that hold a URL, also those that are secret
	host []string       // settings that hold a host, with or without a port
}

// property is the part of a settings schema that is looked at.
type property struct {
	Type       any
	Format     string
	Enum       []string
	Pattern    string
	MinLength  int
	Examples   []string
	Properties map[string]property
	Required   []string
	Items      *property
}

// nested says whether a URL hides in an object or a list, where destinationsOf does not look.
func (p property) nested() bool {
	if p.Items != nil && (p.Items.Format == "uri" || p.Items.nested()) {
		return true
	}
	for _, sub := range p.Properties {
		if sub.Format == "uri" || sub.nested() {
			return true
		}
	}
	return false
}

// hostLike are names of settings that lead somewhere without being a URL.
var hostLike = regexp.MustCompile(`(^|_)(host|hosts|hostname|server|servers|address|addresses|endpoint|endpoints|broker|brokers|relay)$`)

// notDestinations are settings that are named like one and are none.
var notDestinations = map[string]string{
	"splunk.host": "the value of the field host in Splunk's index",
}

// secretURL are names of settings that hold a URL and are secret.
var secretURL = regexp.MustCompile(`(^|_)url$`)

func destinationsOf(t *testing.T, d connector.Definition) destinations {
	t.Helper()
	var schema property
	if err := json.Unmarshal(form.Schema(d.Settings()), &schema); err != nil {
		t.Fatal(err)
	}
	out := destinations{kind: d.Kind.Name, base: map[string]any{}, more: map[string]any{}}
	for name, p := range schema.Properties {
		switch {
		case p.nested():
			t.Errorf("%s.%s holds a URL below the first level: teach this test to fill it", d.Kind.Name, name)
		case p.Format == "uri", secretURL.MatchString(name):
			out.urls = append(out.urls, name)
		case hostLike.MatchString(name) && notDestinations[d.Kind.Name+"."+name] == "":
			out.host = append(out.host, name)
		case slices.Contains(schema.Required, name):
			out.base[name] = sample(p)
		case p.Type == "string" && p.Format == "" && !slices.Contains(connectionFields, name):
			out.more[name] = sample(p)
		}
	}
	slices.Sort(out.urls)
	return out
}

// TestNoConnectorReachesPrivateAddresses: every connector × every setting that says where to × every way to send × every
// spelling of what must not be reached.
func TestNoConnectorReachesPrivateAddresses(t *testing.T) {
	t.Parallel()
	outbound := 0
	for _, name := range slices.Sorted(maps.Keys(All())) {
		d := All()[name]
		to := destinationsOf(t, d)
		for _, setting := range append(slices.Clone(to.urls), to.host...) {
			outbound++
			t.Run(name+"/"+setting, func(t *testing.T) {
				t.Parallel()
				testDestination(t, d, to, setting)
			})
		}
	}
	if outbound < 2 {
		t.Errorf("only %d settings that lead outside were found", outbound)
	}
}

func testDestination(t *testing.T, d connector.Definition, to destinations, setting string) {
	t.Helper()
	dns, canary := &egresstest.DNS{}, egresstest.Listen(t)
	spellings := egresstest.Spellings(dns, canary.Port)
	for _, file := range []string{"ssrf-spellings.txt", "ssrf-lookalikes.txt"} {
		for _, line := range egresstest.Corpus(t, file) { // names among them lead to 127.0.0.1
			spellings = append(spellings, egresstest.Spelling{URL: line, Trick: file})
		}
	}
	env := connectortest.EnvOver(httpkit.NewMaker(httpkit.Config{
		Resolver: dns.Resolver(), OnConnect: canary.OnConnect,
	}), slog.New(slog.DiscardHandler))

	if fault := to.fill(setting, func(raw json.RawMessage) (bool, []error) {
		before := canary.Public()
		_, errs := attempt(t, d, env, raw)
		return canary.Public() > before, errs
	}); fault != "" {
		t.Fatal(fault)
	}
	opened := 0
	for _, s := range spellings {
		if s.Host == "" && slices.Contains(to.host, setting) {
			continue
		}
		before := canary.Public()
		isOpen, errs := attempt(t, d, env, to.settings(setting, s, public))
		if isOpen {
			opened++
		}
		for _, err := range errs {
			if err == nil {
				t.Errorf("%q (%s): was sent", s.URL, s.Trick)
			}
		}
		if n := canary.Public() - before; n > 0 && !s.Public {
			t.Errorf("%q (%s): dialled a public address %d times", s.URL, s.Trick, n)
		}
		canary.Check(t, fmt.Sprintf("%q (%s)", s.URL, s.Trick))
	}
	if len(spellings) < 1000 || opened < 100 {
		t.Errorf("only %d spellings, of which %d got past the settings", len(spellings), opened)
	}
	t.Logf("%d spellings, %d of them refused by the settings and the rest by the guard", len(spellings), len(spellings)-opened)
}

// public is a destination that may be dialled, private one that may not.
var (
	public  = egresstest.Spelling{URL: "https://93.184.216.34/", Host: "93.184.216.34"}
	private = egresstest.Spelling{URL: "https://127.0.0.1/", Host: "127.0.0.1"}
)

// fill finds the settings with which a destination is dialled: without the others if it can be, and with what is not
// required only if it must.
func (to *destinations) fill(setting string, dialled func(json.RawMessage) (bool, []error)) (fault string) {
	required := to.base
	for _, rest := range []egresstest.Spelling{private, public} {
		for _, more := range []map[string]any{nil, to.more} {
			to.base = maps.Clone(required)
			maps.Copy(to.base, more)
			raw := to.settings(setting, public, rest)
			ok, errs := dialled(raw)
			if ok {
				return ""
			}
			fault = fmt.Sprintf("a public destination was not dialled with %s (%v): where its pattern does not say what a setting takes, "+
				"give it a form.Placeholder that is an example", raw, errs)
		}
	}
	return fault
}

// settings puts a destination into a setting, and another one into the rest of those that want one.
func (to *destinations) settings(setting string, s, rest egresstest.Spelling) json.RawMessage {
	all := maps.Clone(to.base)
	for _, name := range to.urls {
		all[name] = rest.URL
	}
	for _, name := range to.host {
		all[name] = rest.Host
	}
	all[setting] = s.URL
	if slices.Contains(to.host, setting) {
		all[setting] = s.Host
	}
	raw, err := json.Marshal(all)
	if err != nil {
		panic(err)
	}
	return raw
}

// attempt opens the connector, if its settings are valid, and uses it in every way there is. It gives the error of each.
func attempt(t *testing.T, d connector.Definition, env connector.Env, raw json.RawMessage) (opened bool, errs []error) {
	t.Helper()
	instance, err := d.Open(raw, env)
	if err != nil {
		if _, ok := form.AsErrors(err); !ok {
			t.Errorf("opening with %s: %v", raw, err)
		}
		return false, []error{err}
	}
	if c, ok := instance.(interface{ Close() }); ok {
		defer c.Close()
	}
	if s, ok := instance.(connector.Sender); ok {
		errs = append(errs, s.Send(t.Context(), connectortest.Deliveries("hello")[0]))
	}
	if s, ok := instance.(connector.BatchSender); ok {
		errs = append(errs, s.SendBatch(t.Context(), connectortest.Deliveries("hello")))
	}
	if s, ok := instance.(connector.Tester); ok {
		errs = append(errs, s.Test(t.Context()))
	}
	return true, errs
}
