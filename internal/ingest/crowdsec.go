package ingest

import (
	"encoding/json"
	"iter"
	"net/http"
	"strconv"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// CrowdSec reads what CrowdSec's HTTP notification sends by its default template: an array of alerts
// (https://docs.crowdsec.net/docs/local_api/notification_plugins/http, and the alert of its local API).
//
//	type       detection.scenario
//	severity   medium: CrowdSec has none; info when the scenario only runs in simulation
//	time       stop_at, when the scenario had seen enough; else created_at, start_at
//	title      the scenario and what it is about; description: message
//	rule       id: scenario_hash, name: scenario; alert_type: the scenario's own name in lower case
//	mitre      the techniques among labels and meta ("attack.T1110")
//	status     the type of the first decision ("ban")
//	tags       labels; "simulated" for a simulation
//	source     vendor crowdsec, product crowdsec, instance machine_id, id uuid, else id
//	dedup_key  crowdsec, the machine, the scenario and what it is about
//	geo        cn, latitude, longitude; network: as_number, as_name, range
//	entities   source.ip (observed), or what source.scope says value is; its range, the users that were tried and
//	           the site that was asked for (told of)
//	data       everything else, decisions and events whole
//
// Without scenario an item is refused, as CrowdSec's own API does; decisions, labels and events may be null.
type CrowdSec struct{}

// Name is the last part of the path.
func (CrowdSec) Name() string { return "crowdsec" }

// Decode reads one alert, an array or NDJSON.
func (CrowdSec) Decode(body []byte, _ http.Header, lim event.Limits) iter.Seq2[Item, error] {
	return jsonItems(body, lim, crowdsecItem)
}

func crowdsecItem(o object) (Item, error) {
	scenario, source := o.text("scenario"), o.object("source")
	if scenario == "" {
		return Item{}, event.FieldErrors{{Field: "scenario", Detail: "is missing: not an alert of CrowdSec"}}
	}
	r := remainderOf(o)
	e := event.Event{
		Type:        "detection.scenario",
		Severity:    event.Medium,
		Time:        r.takeTime("stop_at", "created_at", "start_at"),
		Description: r.take("message", event.MaxDescription),
		Rule:        &event.Rule{ID: r.take("scenario_hash", event.MaxText), Name: r.take("scenario", event.MaxText)},
		AlertType:   slug(scenario[strings.LastIndexByte(scenario, '/')+1:]),
		Mitre:       techniques(crowdsecMarks(o)...),
		Tags:        r.takeTags("labels"),
		Geo:         crowdsecGeo(source),
		Network:     crowdsecNetwork(source),
	}
	id := r.take("uuid", event.MaxText)
	if id == "" {
		id = r.take("id", event.MaxText)
	}
	e.Source = sourceOf("crowdsec", "crowdsec", r.take("machine_id", event.MaxText), id)
	about := firstScalar(source, "value", "ip", "range")
	e.Title = event.Clip(joinTexts(": ", scenario, joinTexts(" ", source.text("scope"), about)), event.MaxTitle)
	for _, d := range o.objects("decisions") {
		e.Status = event.Clip(d.text("type"), event.MaxName)
		break
	}
	if o.truth("simulated") {
		e.Severity, e.Tags = event.Info, tagsOf(append([]string{"simulated"}, e.Tags...))
	}
	list := crowdsecEntities(o, source)
	e.Entities = list.all
	e.DedupKey = dedupKey("crowdsec", e.Source.Instance, scenario, about)
	e.Data = r.rest().data()
	return Item{Event: e}, nil
}

// crowdsecEntities takes what the alert is about, and the users that were tried: their names come from whoever tried
// them.
func crowdsecEntities(o, source object) *entities {
	list := &entities{}
	list.addIP(source.text("ip"), "source")
	value := source.text("value")
	switch scope := strings.ToLower(source.text("scope")); scope {
	case "ip":
		list.addIP(value, "source")
	case "range":
		list.add("range", value, "source")
	case "username", "user":
		list.addKind("user", value, "actor")
	case "as", "country", "":
	default:
		if kind := slug(scope); len(kind) <= 64 && kind != "" {
			list.addKind(kind, value, "source")
		}
	}
	list.tell(func() {
		list.add("range", source.text("range"), "source") // looked up for the address: nobody saw all of it attack
		for _, pair := range crowdsecMeta(o) {
			if name := pair.text("key"); name == "target_user" || name == "username" {
				list.addKind("user", pair.text("value"), "target")
			} else if name == "target_fqdn" {
				list.addKind("domain", pair.text("value"), "target")
			}
		}
	})
	return list
}

// crowdsecMeta lists the key-value pairs of the alert and its events, "Events" being how older tools spell it.
func crowdsecMeta(o object) []object {
	pairs := o.objects("meta")
	for _, name := range []string{"events", "Events"} {
		for _, e := range o.objects(name) {
			pairs = append(pairs, e.objects("meta")...)
		}
	}
	return pairs
}

// crowdsecMarks lists the texts that may name a technique.
func crowdsecMarks(o object) []string {
	marks := o.texts("labels")
	for _, pair := range o.objects("meta") {
		if key := pair.text("key"); key == "classification" || key == "mitre" || key == "attack" {
			marks = append(marks, pair.text("value"))
		}
	}
	return marks
}

func crowdsecGeo(source object) json.RawMessage {
	geo := object{}
	if cn := source.text("cn"); len(cn) == 2 {
		geo.setText("country_code", strings.ToUpper(cn))
	} else {
		geo.setText("country", cn)
	}
	latitude, okLat := source.number("latitude")
	longitude, okLon := source.number("longitude")
	if okLat && okLon && (latitude != 0 || longitude != 0) {
		geo["latitude"], geo["longitude"] = jsonNumber(latitude), jsonNumber(longitude)
	}
	return geo.data()
}

func crowdsecNetwork(source object) json.RawMessage {
	network := object{}
	if n, err := strconv.ParseUint(source.scalar("as_number"), 10, 32); err == nil && n > 0 {
		network["asn"] = strconv.AppendUint(nil, n, 10)
	}
	network.setText("isp", source.text("as_name"))
	network.setText("range", source.text("range"))
	return network.data()
}

// jsonNumber writes a number that was read from JSON.
func jsonNumber(n float64) json.RawMessage { return strconv.AppendFloat(nil, n, 'g', -1, 64) }
