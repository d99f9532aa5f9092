package event

import (
	"fmt"
	"strconv"
)

// rewrite makes the canonical Body of an event that cannot stay as its sender wrote it, and keeps the sender's bytes
// as Raw:
//   - fields come in the envelope's order, without white space between tokens, null ones left out;
//   - severity and time are written canonically;
//   - a sender's id becomes source.id, or data.id when there is a source.id or the id is no string or number;
//   - a sender's account is ignored, its received_at and account_parents move into data;
//   - fields that the envelope does not know move into data; where data has a member of that name already, the
//     moved one gets a number ("host_2").
func (p *Parser) rewrite(r *Record, b, raw []byte) {
	body := make([]byte, 0, len(raw)+64)
	body = append(body, '{')
	id := p.sourceID(b)
	for f := fieldType; f < fieldData; f++ {
		switch {
		case f == fieldSource && (p.at[f] != 0 || id != nil):
			body = p.appendSource(appendName(body, f), b, id)
		case p.at[f] == 0:
		case f == fieldTime:
			body = append(appendName(body, f), '"')
			body = append(r.Time.AppendFormat(body, timeLayout), '"')
		case f == fieldSeverity:
			body = append(appendName(body, f), quotedSeverities[r.Severity]...)
		default:
			body = appendCompact(appendName(body, f), p.value(f, b))
		}
	}
	body = p.appendData(body, b, id != nil)
	body = append(body, '}')
	if total := len(body) + len(raw); total > p.scan.lim.Bytes {
		p.errs.add("", fmt.Sprintf("the event must be rewritten, and with its original is %d bytes, more than %d: send it on one line with the envelope's fields only", total, p.scan.lim.Bytes))
		return
	}
	r.Body, r.Raw = body, raw
}

// appendName begins a member of the envelope.
func appendName(dst []byte, f field) []byte {
	dst = appendComma(dst)
	dst = append(dst, '"')
	dst = append(dst, fieldSpecs[f].name...)
	return append(dst, '"', ':')
}

// appendComma separates from what stands before, if anything does.
func appendComma(dst []byte) []byte {
	if dst[len(dst)-1] != '{' {
		dst = append(dst, ',')
	}
	return dst
}

// sourceID gives the sender's id as a JSON string when it is to become source.id, else nil.
func (p *Parser) sourceID(b []byte) []byte {
	if p.at[fieldID] == 0 {
		return nil
	}
	v := p.value(fieldID, b)
	if len(v) > MaxText || v[0] != '"' && v[0] != '-' && !isDigit(v[0]) {
		return nil
	}
	if p.at[fieldSource] != 0 {
		for w := walk(p.value(fieldSource, b)); ; {
			name, value, ok := w.member()
			if !ok {
				break
			}
			if string(plain(name)) == "id" && value[0] != 'n' && len(value) > len(`""`) {
				return nil
			}
		}
	}
	if v[0] != '"' {
		v = strconv.AppendQuote(nil, string(v))
	}
	return v
}

// appendSource writes the source; a non-nil id takes the place of its empty one.
func (p *Parser) appendSource(dst, b, id []byte) []byte {
	dst = append(dst, '{')
	if p.at[fieldSource] != 0 {
		for w := walk(p.value(fieldSource, b)); ; {
			name, value, ok := w.member()
			if !ok {
				break
			}
			if id != nil && string(plain(name)) == "id" {
				continue
			}
			dst = appendMember(dst, name, value)
		}
	}
	if id != nil {
		dst = appendMember(dst, []byte("id"), id)
	}
	return append(dst, '}')
}

// appendMember writes a member whose name is as written.
func appendMember(dst, name, value []byte) []byte {
	dst = append(appendComma(dst), '"')
	dst = append(dst, name...)
	return appendCompact(append(dst, '"', ':'), value)
}

// appendData writes data and, into it, what the envelope has no place for.
func (p *Parser) appendData(dst, b []byte, idPlaced bool) []byte {
	moved := p.moved(b, idPlaced)
	if p.at[fieldData] == 0 && len(moved) == 0 {
		return dst
	}
	dst = append(appendName(dst, fieldData), '{')
	taken := map[string]bool{}
	if p.at[fieldData] != 0 {
		for w := walk(p.value(fieldData, b)); ; {
			name, value, ok := w.member()
			if !ok {
				break
			}
			dst = appendMember(dst, name, value)
			if len(moved) > 0 {
				taken[string(plain(name))] = true
			}
		}
	}
	for i := range moved {
		// What is to be moved has its name before any that gets a number.
		if name := string(moved[i].plainName(b)); !taken[name] {
			taken[name] = false
		}
	}
	for i := range moved {
		name := moved[i].name(b)
		if taken[string(moved[i].plainName(b))] {
			name = freeName(name, taken)
		}
		dst = appendMember(dst, name, moved[i].value(b))
	}
	return append(dst, '}')
}

// moved lists the members that go into data.
func (p *Parser) moved(b []byte, idPlaced bool) []member {
	var list []member
	for _, m := range p.scan.members {
		switch m.field {
		case fieldNone:
			list = append(list, m)
		case fieldID:
			if !idPlaced && b[m.start] != 'n' {
				list = append(list, m)
			}
		case fieldReceivedAt, fieldAccountParents:
			if b[m.start] != 'n' {
				list = append(list, m)
			}
		}
	}
	return list
}

// freeName adds a number to a name so that it is not taken, and takes it. A name that is in the map, even as false,
// is somebody's.
func freeName(name []byte, taken map[string]bool) []byte {
	for n := 2; ; n++ {
		next := append(append([]byte(nil), name...), '_')
		next = strconv.AppendInt(next, int64(n), 10)
		if _, known := taken[string(plain(next))]; !known {
			taken[string(plain(next))] = true
			return next
		}
	}
}
