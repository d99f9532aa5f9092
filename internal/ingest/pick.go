package ingest

import (
	"net/netip"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// pick says which entity the member below a dotted path is.
type pick struct{ path, kind, role string }

// pick adds the entities of a list of paths. The member may be a text, a number or an array of texts.
func (l *entities) pick(o object, list []pick) {
	inside := insides{"": o}
	for _, p := range list {
		parent, name := splitPath(p.path)
		v := inside.at(parent)[name]
		if len(v) == 0 {
			continue
		}
		one := object{"": v}
		values := one.texts("")
		if n := one.scalar(""); n != "" {
			values = []string{n}
		}
		for _, value := range values {
			l.addKind(p.kind, value, p.role)
		}
	}
}

// insides are the objects below one, by their dotted paths. Each is parsed once, however many members are looked for.
type insides map[string]object

func (in insides) at(path string) object {
	if o, known := in[path]; known {
		return o
	}
	parent, name := splitPath(path)
	o := in.at(parent).object(name)
	in[path] = o
	return o
}

// splitPath cuts the last name off a dotted path.
func splitPath(path string) (parent, name string) {
	i := strings.LastIndexByte(path, '.')
	return path[:max(i, 0)], path[i+1:]
}

// addKind adds one entity; an "ip" must be an address, and a "host" that is one becomes an "ip".
func (l *entities) addKind(kind, value, role string) {
	switch {
	case nothingWords[strings.ToLower(value)]:
	case kind == "ip":
		l.addIP(addressOf(value), role)
	case kind == "host":
		l.addHost(value, role)
	case kind == "domain":
		l.addDomain(value, role)
	case kind == "email":
		l.add(kind, mailbox(value), role)
	default:
		l.add(kind, value, role)
	}
}

// mailbox is the address in "Name <address>".
func mailbox(text string) string {
	if _, rest, ok := strings.Cut(text, "<"); ok {
		if address, _, ok := strings.Cut(rest, ">"); ok && address != "" {
			return address
		}
	}
	return text
}

// nothingWords are texts that stand for nothing.
var nothingWords = map[string]bool{"": true, "-": true, "unknown": true, "n/a": true, "<na>": true, "null": true, "none": true, "(null)": true, "<empty>": true, "<none>": true, "(no user)": true, "null sid": true}

// addressOf cuts a port and brackets off an address.
func addressOf(text string) string {
	if a, err := netip.ParseAddrPort(text); err == nil {
		return a.Addr().String()
	}
	return strings.TrimSuffix(strings.TrimPrefix(text, "["), "]")
}

// addDomain adds a name that one side of a connection claims (a Host header, an SNI, a question to a name server). When
// it is written as an address, that address was only claimed: whoever sends it could have a third party blocked, so it
// is not observed.
func (l *entities) addDomain(name, role string) {
	name = strings.TrimSuffix(name, ".")
	if _, err := netip.ParseAddr(addressOf(name)); err == nil {
		l.tell(func() { l.addIP(addressOf(name), role) })
		return
	}
	l.add("domain", name, role)
}

// tell adds what was told of rather than seen.
func (l *entities) tell(add func()) {
	before := l.told
	l.told = true
	add()
	l.told = before
}

// firstOf is the value of the first entity of a kind, and of a role if one is given.
func (l *entities) firstOf(kind, role string) string {
	for _, e := range l.all {
		if e.Type == kind && (role == "" || e.Role == role) {
			return e.Value
		}
	}
	return ""
}

// addHashes adds the hashes that stand in members with such names.
func (l *entities) addHashes(o object, role string, names ...string) {
	for _, name := range names {
		if v := strings.ToLower(o.text(name)); isHash(v) {
			l.add("hash", v, role)
		}
	}
}

// isHash says whether a text is an MD5, SHA-1, SHA-224, SHA-256, SHA-384 or SHA-512 in hex.
func isHash(text string) bool {
	switch len(text) {
	case 32, 40, 56, 64, 96, 128:
	default:
		return false
	}
	return strings.Trim(text, "0123456789abcdefABCDEF") == ""
}

// sourceOf makes the source of an event with texts of any length.
func sourceOf(vendor, product, instance, id string) *event.Source {
	return &event.Source{
		Vendor: event.Clip(vendor, event.MaxText), Product: event.Clip(product, event.MaxText),
		Instance: event.Clip(instance, event.MaxText), ID: event.Clip(id, event.MaxText),
	}
}
