package ingest

import (
	"fmt"
	"iter"
	"maps"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// socwardenIntake reads only the events of SOCWarden's intake: what its SDKs and agent post to /v1/events.
type socwardenIntake struct{}

func (socwardenIntake) Name() string { return "socwarden" }

func (socwardenIntake) Decode(body []byte, _ http.Header, lim event.Limits) iter.Seq2[Item, error] {
	return jsonItems(body, lim, socwardenEvent)
}

// maxSOCWardenEvent is the longest name of an event at the intake, in bytes.
const maxSOCWardenEvent = 100

// socwardenFields are all that an event at the intake may have, with the first byte of the JSON that they must be.
var socwardenFields = map[string]byte{
	"event": '"', "source": '"', "actor_id": '"', "actor_email": '"', "user_agent": '"', "ip": '"', "timestamp": '"',
	"metadata": '{', "context": '{',
}

// socwardenEvent reads one event of the intake. It refuses what the vendor refuses: an unknown field, a name that does
// not fit the pattern or is too long, an ip that is none.
//
//	type      event, as it is
//	severity  the type's default
//	time      timestamp
//	title     event, actor and ip in words
//	actor     actor_email, else actor_id
//	endpoint  context.request.path
//	source    vendor socwarden, product source (sdk, agent, browser), instance context.server.hostname
//	dedup_key socwarden/event/actor/ip
//	entities  ip (source; observed unless a browser says it), actor_id as a user and actor_email as an email (actor),
//	          metadata.resource_type and resource_id as a resource (target): only the ip is observed
//	data      everything but event, timestamp and ip; context is what clients say of themselves: it is kept for people to
//	          read, and no entity is made of it
func socwardenEvent(o object) (Item, error) {
	if errs := socwardenCheck(o); len(errs) > 0 {
		return Item{}, errs
	}
	name, id, mail, ip := o.text("event"), o.text("actor_id"), o.text("actor_email"), o.text("ip")
	actor := mail
	if actor == "" {
		actor = id
	}
	title := name
	if actor != "" {
		title += " by " + actor
	}
	if ip != "" {
		title += " from " + ip
	}
	context := o.object("context")
	e := event.Event{
		Type:     name,
		Severity: event.DefaultSeverity(name),
		Title:    event.Clip(title, event.MaxTitle),
		Actor:    event.Clip(actor, event.MaxText),
		Endpoint: event.Clip(context.object("request").text("path"), event.MaxText),
		Source: &event.Source{
			Vendor: "socwarden", Product: o.text("source"),
			Instance: event.Clip(context.object("server").text("hostname"), event.MaxText),
		},
		DedupKey: dedupKey("socwarden", name, actor, ip),
	}
	if o.has("timestamp") {
		e.Time, _ = event.ParseTime(o.text("timestamp"))
	}
	list := entities{told: o.text("source") == "browser"}
	list.addIP(ip, "source")
	list.told = true
	list.add("user", id, "actor")
	list.add("email", mail, "actor")
	metadata := o.object("metadata")
	list.add("resource", joinTexts("/", metadata.scalar("resource_type"), metadata.scalar("resource_id")), "target")
	e.Entities = list.all
	e.Data = o.without("event", "timestamp", "ip").data()
	return Item{Event: e}, nil
}

// socwardenCheck says what is wrong with an event of the intake, field by field.
func socwardenCheck(o object) (errs event.FieldErrors) {
	wrong := func(field, format string, args ...any) {
		if len(errs) < event.MaxFieldErrors {
			errs = append(errs, event.FieldError{Field: event.Clip(field, event.MaxName), Detail: fmt.Sprintf(format, args...)})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(o)) {
		kind, known := socwardenFields[name]
		switch {
		case !known:
			wrong(name, "is not a field of an event: known are event, source, actor_id, actor_email, user_agent, ip, timestamp, metadata and context")
		case o.has(name) && o[name][0] != kind:
			wrong(name, "want %s", map[byte]string{'"': "a string", '{': "an object"}[kind])
		}
	}
	switch name := o.text("event"); {
	case !o.has("event"):
		wrong("event", "is missing")
	case len(name) > maxSOCWardenEvent:
		wrong("event", "%d bytes are more than %d", len(name), maxSOCWardenEvent)
	case !event.ValidType(name):
		wrong("event", "%q is not the name of an event such as \"auth.login.failure\": want %s", event.Clip(name, 64), event.TypePattern)
	}
	if source := o.text("source"); source != "" && source != "sdk" && source != "agent" && source != "browser" {
		wrong("source", "%q is none of sdk, agent and browser", event.Clip(source, 64))
	}
	if ip := o.text("ip"); ip != "" {
		if _, err := netip.ParseAddr(ip); err != nil {
			wrong("ip", "%q is not an address", event.Clip(ip, 64))
		}
	}
	if at := o.text("timestamp"); at != "" && !rfc3339(at) {
		wrong("timestamp", "%q is not a time such as \"2026-03-27T10:29:58Z\"", event.Clip(at, 64))
	}
	return errs
}

// rfc3339 says whether text is a time of RFC 3339 that an event can have.
func rfc3339(text string) bool {
	if _, err := time.Parse(time.RFC3339, strings.ToUpper(text)); err != nil {
		return false
	}
	_, ok := event.ParseTime(text)
	return ok
}

// intakeAnswer is the 202 at IntakePath. One event gets exactly what the vendor answers; a list gets that in front of the
// answer that Tocsin's own paths give.
func intakeAnswer(b *batch, own []byte) []byte {
	if b.single {
		return []byte(`{"status":"accepted"}`)
	}
	return append([]byte(`{"status":"accepted",`), own[1:]...)
}

// oneObject says whether a body is one object rather than a list or lines.
func oneObject(body []byte, lim event.Limits) bool {
	at := skipSpace(body, 0)
	return at < len(body) && body[at] != '[' && !manyLines(body, lim)
}
