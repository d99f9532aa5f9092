package ingest

import (
	"encoding/json"
	"iter"
	"net/http"
	"net/url"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// Okta reads what Okta's event hooks send (https://developer.okta.com/docs/concepts/event-hooks/): one event for each
// entry of data.events. It reads bare entries of the System Log too, as an array, NDJSON, or in EventBridge's envelope.
//
//	type       by eventType, see oktaType; what is not listed there is identity.event
//	severity   DEBUG and INFO are info, WARN medium, ERROR high; something that failed is low at least
//	time       published
//	title      displayMessage and who did it; alert_type: eventType with underscores
//	status     outcome.result in lower case
//	actor      actor.alternateId
//	source     vendor okta, product okta, instance the host of the hook's source, id uuid
//	dedup_key  okta and uuid: an event that is delivered twice has the same
//	geo        client.geographicalContext; network: securityContext
//	entities   see oktaEntities
//	data       everything else; what the hook says about all of its events under hook
//
// Okta asks once whether the address is ours: see Handshake.
type Okta struct{}

// Name is the last part of the path.
func (Okta) Name() string { return "okta" }

// Decode reads what is described above.
func (Okta) Decode(body []byte, _ http.Header, lim event.Limits) iter.Seq2[Item, error] {
	return grouped{split: oktaGroup, decode: oktaItem}.items(body, lim)
}

// oktaChallenge is the header of Okta's question; its answer is the same text.
const oktaChallenge = "X-Okta-Verification-Challenge"

// Handshake answers the one GET with which Okta verifies an event hook.
func (Okta) Handshake(r *http.Request) (answer []byte, ok bool) {
	challenge := r.Header.Get(oktaChallenge)
	if !echoable(challenge) {
		return nil, false
	}
	return object{"verification": event.AppendString(nil, challenge)}.data(), true
}

func oktaGroup(o object) (iter.Seq[[]byte], object, bool) {
	data := o.object("data")
	list, ok := elements(data, "events")
	if !ok {
		return nil, nil, false
	}
	r := remainderOf(o)
	r.place("data")
	context := r.rest()
	inner := remainderOf(data)
	inner.place("events")
	context.setObject("data", inner.rest())
	return list, context, true
}

func oktaItem(o, hook object) (Item, error) {
	around := remainderOf(hook).rest()
	if detail := o.object("detail"); detail.text("eventType") != "" {
		r := remainderOf(o)
		r.place("detail")
		around.setObject("eventbridge", r.rest())
		o = detail
	}
	kind := o.text("eventType")
	if kind == "" {
		return Item{}, event.FieldErrors{{Field: "eventType", Detail: "is missing: not an event of Okta's System Log"}}
	}
	r := remainderOf(o)
	result := strings.ToLower(o.digText("outcome.result"))
	failed := result == "failure" || result == "deny"
	list := oktaEntities(o)
	e := event.Event{
		Type:      oktaType(kind, failed),
		Severity:  severityOf(event.Info, o.text("severity")),
		Time:      r.takeTime("published"),
		Title:     event.Clip(oktaTitle(o), event.MaxTitle),
		AlertType: slug(kind),
		Status:    event.Clip(result, event.MaxName),
		Actor:     event.Clip(o.digFirst("actor.alternateId", "actor.displayName"), event.MaxText),
		Geo:       oktaGeo(o.digObject("client.geographicalContext")),
		Network:   oktaNetwork(o.object("securityContext")),
		Entities:  list.all,
	}
	if failed && e.Severity == event.Info {
		e.Severity = event.Low
	}
	id := r.take("uuid", event.MaxText)
	e.Source = sourceOf("okta", "okta", oktaHost(hook.text("source")), id)
	if id != "" {
		e.DedupKey = dedupKey("okta", id)
	}
	data := r.rest()
	data.setObject(freeMember(data, "hook"), around)
	e.Data = data.data()
	return Item{Event: e}, nil
}

// oktaTitle says what was done, by whom, and to whom if that is somebody else.
func oktaTitle(o object) string {
	what := firstText(o, "displayMessage", "eventType")
	who := o.digFirst("actor.alternateId", "actor.displayName")
	for _, target := range o.objects("target") {
		if name := target.text("alternateId"); target.text("type") == "User" && name != who {
			who = joinTexts(" → ", who, name)
			break
		}
	}
	return joinTexts(": ", what, who)
}

// oktaHost is the organisation's host, out of the hook's address.
func oktaHost(source string) string {
	if u, err := url.Parse(source); err == nil && u.Host != "" {
		return u.Host
	}
	return source
}

func oktaGeo(g object) json.RawMessage {
	geo := object{}
	geo.setText("country", g.text("country"))
	geo.setText("region", g.text("state"))
	geo.setText("city", g.text("city"))
	location := g.object("geolocation")
	latitude, okLat := location.number("lat")
	longitude, okLon := location.number("lon")
	if okLat && okLon {
		geo["latitude"], geo["longitude"] = jsonNumber(latitude), jsonNumber(longitude)
	}
	return geo.data()
}

func oktaNetwork(s object) json.RawMessage {
	network := object{}
	if n, ok := s.integer("asNumber"); ok && n > 0 {
		network["asn"] = s["asNumber"]
	}
	network.setText("isp", firstText(s, "isp", "asOrg"))
	network.setText("domain", s.text("domain"))
	if s.has("isProxy") {
		network["is_proxy"] = json.RawMessage("false")
		if s.truth("isProxy") {
			network["is_proxy"] = json.RawMessage("true")
		}
	}
	return network.data()
}

// oktaEntities takes who did what to whom. Okta is where it happened: all are observed, but for the addresses that
// proxies on the way named.
//
//	user, app, group, …  actor (actor) and target (target), by alternateId, else displayName
//	ip                   client.ipAddress (source); those of request.ipChain are told of
func oktaEntities(o object) *entities {
	list := &entities{}
	actor := o.object("actor")
	list.addKind(oktaKind(actor.text("type")), oktaName(actor), "actor")
	list.addKind("ip", o.digText("client.ipAddress"), "source")
	for _, target := range o.objects("target") {
		list.addKind(oktaKind(target.text("type")), oktaName(target), "target")
	}
	list.tell(func() {
		request := o.object("request")
		for _, hop := range request.objects("ipChain") {
			list.addKind("ip", hop.text("ip"), "")
		}
	})
	return list
}

func oktaName(o object) string {
	for _, name := range []string{"alternateId", "displayName", "id"} {
		if v := o.text(name); !nothingWords[strings.ToLower(v)] {
			return v
		}
	}
	return ""
}

func oktaKind(kind string) string {
	switch kind {
	case "User", "SystemPrincipal", "PublicClientApp":
		return "user"
	case "AppInstance", "AppUser":
		return "app"
	case "UserGroup":
		return "group"
	}
	if k := slug(kind); k != "" && len(k) <= 64 {
		return k
	}
	return "resource"
}
