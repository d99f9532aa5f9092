package event

import (
	"fmt"
	"strings"
	"sync"
	"time"
)

// Parser turns senders' JSON into records. It checks each event in one pass and allocates records in slabs, so that a
// batch costs little more than its bytes; the records of one slab are freed together. It is not safe for concurrent
// use. A Parser is good for any number of events.
type Parser struct {
	scan    *Scanner
	account Account
	now     time.Time
	slab    []Record
	next    int               // how many records the next slab has
	at      [fieldCount]int32 // 1 + the index of the field's member; 0: absent
	errs    FieldErrors
	view    view
}

// NewParser makes a parser with the given limits.
func NewParser(lim Limits) *Parser { return &Parser{scan: NewScanner(lim)} }

// Slabs grow from the first number of records to the second: small requests waste little, large ones allocate rarely.
const (
	firstSlab = 4
	largeSlab = 64
)

// Begin says whose events come next, when they were received, and how many are expected (0: unknown).
func (p *Parser) Begin(account Account, received time.Time, expect int) {
	p.account, p.now = account, received.UTC()
	p.slab, p.next = nil, firstSlab
	if expect > 0 {
		p.next = min(expect, largeSlab)
	}
}

// End lets go of everything that belongs to the events parsed since Begin.
func (p *Parser) End() {
	p.slab, p.errs = nil, nil
	p.scan.b, p.view = nil, view{}
}

// Next reads the event that begins at b[at] and gives the offset after it. The record has no ID yet; it points into b,
// which must not change any more.
//
// An event whose known fields have the right kinds, canonical severity and RFC 3339 time, no fields that Tocsin gives
// or does not know, and no line breaks, becomes the record's Body as it is. Any other is rewritten: see rewrite.
//
// The error is a *ScanError or FieldErrors; end is right unless it is a *ScanError that is Malformed.
func (p *Parser) Next(b []byte, at int) (r *Record, end int, err error) {
	start, end, err := p.scan.scan(b, at)
	if err != nil {
		return nil, end, err
	}
	if b[start] != '{' {
		return nil, end, FieldErrors{{Detail: "want an event (a JSON object), got " + kindName(b[start])}}
	}
	p.errs = nil
	slow := p.members(b) || p.scan.newlines
	if len(p.slab) == 0 {
		p.slab = make([]Record, p.next)
		p.next = min(4*p.next, largeSlab)
	}
	r = &p.slab[0]
	slow = p.fill(r, b) || slow
	raw := b[start:end:end]
	if slow && len(p.errs) == 0 {
		p.rewrite(r, b, raw)
	} else {
		r.Body = raw
	}
	if len(p.errs) > 0 {
		*r = Record{}
		return nil, end, p.errs
	}
	p.slab = p.slab[1:]
	return r, end, nil
}

// members finds the known fields and checks them. It says whether something has to be rewritten.
func (p *Parser) members(b []byte) (slow bool) {
	p.at = [fieldCount]int32{}
	for i := range p.scan.members {
		m := &p.scan.members[i]
		switch {
		case m.field == fieldNone:
			slow = true
			name := m.plainName(b)
			if like := foldedField(name); like != fieldNone {
				p.errs.add(string(name), fmt.Sprintf("differs from %q only in letter case", fieldSpecs[like].name))
			}
		case b[m.start] == 'n': // null is the same as absent
			slow = true
		case m.field >= fieldID: // those that Tocsin gives
			p.at[m.field] = int32(i) + 1
			slow = true
		case p.check(m, i, b):
			p.at[m.field] = int32(i) + 1
			slow = slow || m.nameEscaped // a known name is to be written plainly
		}
	}
	return slow
}

// check checks one known field, the i-th member. It says whether the value has the wanted kind.
func (p *Parser) check(m *member, i int, b []byte) bool {
	spec, kind := &fieldSpecs[m.field], b[m.start]
	switch {
	case spec.kind == kind:
		if kind == '"' && int(m.end-m.start)-2 > spec.max {
			p.errs.text(spec.name, m.value(b), 0, spec.max)
		}
	case spec.kind == 0, spec.kind == '0' && (kind == '-' || isDigit(kind)):
	default:
		p.errs.want(spec.name, wanted(m.field), m.value(b))
		return false
	}
	if spec.check != nil {
		p.view.b, p.view.value, p.view.nodes = b, m.value(b), p.nodes(i)
		spec.check(&p.errs, spec.name, &p.view)
	}
	return true
}

// fill sets the record's own fields. It says whether something has to be rewritten.
func (p *Parser) fill(r *Record, b []byte) (slow bool) {
	r.Account, r.Received = p.account, p.now
	r.Type = p.text(fieldType, b)
	if r.Type == "" {
		if p.at[fieldType] != 0 || p.scan.seen&(1<<fieldType) == 0 || len(p.errs) == 0 {
			p.errs.add("type", "is missing")
		}
	} else if !ValidType(r.Type) {
		p.errs.add("type", fmt.Sprintf("%q is not an event type such as \"alert.created\": want two to four dotted parts of a-z, 0-9 and _", Clip(r.Type, 64)))
	}
	r.Project = p.text(fieldProject, b)
	r.AlertType = p.text(fieldAlertType, b)
	r.DedupKey = p.text(fieldDedupKey, b)
	r.OrderingKey = p.text(fieldOrderingKey, b)
	if r.OrderingKey == "" {
		r.OrderingKey = p.text(fieldIncident, b)
	}
	if r.OrderingKey == "" {
		r.OrderingKey = r.DedupKey
	}
	slow = p.severity(r, b)
	return p.time(r, b) || slow
}

// wanted words what a field must be.
func wanted(f field) string {
	switch fieldSpecs[f].kind {
	case '{':
		return "an object"
	case '[':
		return "an array"
	case '0':
		return "a number from 0 to 100"
	}
	return "a string"
}

func (p *Parser) value(f field, b []byte) []byte {
	m := &p.scan.members[p.at[f]-1]
	return b[m.start:m.end]
}

// nodes gives what the scanner noted below the i-th member.
func (p *Parser) nodes(i int) []node {
	end := len(p.scan.nodes)
	if i+1 < len(p.scan.members) {
		end = int(p.scan.members[i+1].firstNode)
	}
	return p.scan.nodes[p.scan.members[i].firstNode:end]
}

// text is the value of a field that is a string; it copies only when there are escapes.
func (p *Parser) text(f field, b []byte) string {
	if p.at[f] == 0 {
		return ""
	}
	m := &p.scan.members[p.at[f]-1]
	raw := b[m.start+1 : m.end-1]
	if m.escaped {
		raw = unescape(make([]byte, 0, len(raw)), raw)
	}
	return stringOf(raw)
}

func (p *Parser) severity(r *Record, b []byte) (slow bool) {
	if p.at[fieldSeverity] == 0 {
		r.Flags |= NoSeverity
		r.Severity = DefaultSeverity(r.Type)
		return false
	}
	name := p.text(fieldSeverity, b)
	s, ok := ParseSeverity(name)
	if !ok {
		p.errs.add("severity", fmt.Sprintf("%q is none of %s", Clip(name, 64), strings.Join(severityNames[:], ", ")))
		return false
	}
	r.Severity = s
	return string(p.value(fieldSeverity, b)) != quotedSeverities[s]
}

var quotedSeverities = [...]string{`"info"`, `"low"`, `"medium"`, `"high"`, `"critical"`}

func (p *Parser) time(r *Record, b []byte) (slow bool) {
	if p.at[fieldTime] == 0 {
		r.Flags |= NoTime
		r.Time = p.now
		return false
	}
	v := p.value(fieldTime, b)
	m := &p.scan.members[p.at[fieldTime]-1]
	var ok bool
	switch {
	case v[0] == '"' && !m.escaped:
		if r.Time, ok = strictTime(v[1 : len(v)-1]); ok {
			return false
		}
		r.Time, ok = ParseTime(stringOf(v[1 : len(v)-1]))
	case v[0] == '"':
		r.Time, ok = ParseTime(p.text(fieldTime, b))
	case v[0] == '-' || isDigit(v[0]):
		r.Time, ok = parseEpoch(stringOf(v))
	default:
		p.errs.want("time", "a time (RFC 3339, or seconds or milliseconds since 1970)", v)
		return false
	}
	if !ok {
		p.errs.add("time", fmt.Sprintf("%s is not a time from 1970 to 2261 (RFC 3339, or seconds or milliseconds since 1970)", clipBytes(v, 64)))
	}
	return true
}

// One reads the event that begins at b[at], after which nothing but white space may follow.
func (p *Parser) One(b []byte, at int) (*Record, error) {
	r, end, err := p.Next(b, at)
	if err != nil {
		return nil, err
	}
	if err := p.scan.Trailing(b, end); err != nil {
		return nil, err
	}
	return r, nil
}

// SetLimits changes the limits for what comes next.
func (p *Parser) SetLimits(lim Limits) { p.scan.lim = lim.orDefaults() }

var parsers = sync.Pool{New: func() any { return NewParser(Limits{}) }}

// Parse reads one event that is all of b. It is Parser.One for a caller with a single event. The record has no ID yet
// and points into b, which must not change any more.
func Parse(b []byte, account Account, received time.Time, lim Limits) (*Record, error) {
	p := parsers.Get().(*Parser)
	defer parsers.Put(p)
	defer p.End()
	p.SetLimits(lim)
	p.Begin(account, received, 1)
	return p.One(b, 0)
}
