package payload

import (
	"net/netip"
	"strings"
)

// hitField is one field of a hit.
type hitField struct {
	name string
	kind byte // see value
	from int  // the first form that has it
	to   int  // the last, 0: it has not gone
	skip int  // a form between that has it not
	// known gives what the event says of it, nil when nothing.
	known func(r *reading) any
}

// hitFields are the fields of a hit in all forms.
var hitFields = []hitField{
	{name: "anomality", kind: 'n', from: wallarmV1, to: wallarmV1, known: func(r *reading) any { return numberOr(r.hit(), "anomaly") }},
	{name: "domain", kind: 's', from: wallarmV1, to: wallarmV3, known: hitHost},
	{name: "host", kind: 's', from: wallarmV4, known: hitHost},
	{name: "heur_distance", kind: 'n', from: wallarmV1},
	{name: "method", kind: 's', from: wallarmV1, known: func(r *reading) any { return orNil(objectOf(r.Data).text("method")) }},
	{name: "parameter", kind: 's', from: wallarmV1},
	{name: "path", kind: 's', from: wallarmV1, known: func(r *reading) any { return orNil(r.Endpoint) }},
	{name: "payloads", kind: 't', from: wallarmV1},
	{name: "point", kind: 't', from: wallarmV1},
	{name: "probability", kind: 'n', from: wallarmV1},
	{name: "remote_country", kind: '0', from: wallarmV1, known: func(r *reading) any { return orNil(objectOf(r.Geo).text("country_code")) }},
	{name: "remote_port", kind: 'n', from: wallarmV1},
	{name: "remote_addr4", kind: '0', from: wallarmV1, known: func(r *reading) any { return r.remote(netip.Addr.Is4) }},
	{name: "remote_addr6", kind: '0', from: wallarmV1, known: func(r *reading) any { return r.remote(netip.Addr.Is6) }},
	{name: "datacenter", kind: 's', from: wallarmV1, skip: wallarmV2, known: func(r *reading) any { return first(objectOf(r.Network).text("datacenter"), "unknown") }},
	{name: "tor", kind: 's', from: wallarmV1, known: hitTor},
	{name: "request_time", kind: 'n', from: wallarmV1, known: func(r *reading) any { return r.Time.Unix() }},
	{name: "create_time", kind: 'n', from: wallarmV1, known: func(r *reading) any { return r.record.Received.Unix() }},
	{name: "response_len", kind: 'n', from: wallarmV1},
	{name: "response_status", kind: 'n', from: wallarmV1, known: func(r *reading) any { return numberOr(objectOf(r.Data), "response_status") }},
	{name: "response_time", kind: 'n', from: wallarmV1},
	{name: "stamps", kind: 'a', from: wallarmV1},
	{name: "regex", kind: 'a', from: wallarmV1},
	{name: "stamps_hash", kind: 'n', from: wallarmV1},
	{name: "regex_hash", kind: 'n', from: wallarmV1},
	{name: "type", kind: 's', from: wallarmV1, known: hitType},
	{name: "block_status", kind: 's', from: wallarmV1, known: hitStatus},
	{name: "brute_counter", kind: '0', from: wallarmV3},
	{name: "final_wallarm_mode", kind: '0', from: wallarmV3},
	{name: "libproton_version", kind: '0', from: wallarmV3},
	{name: "lom_id", kind: 'N', from: wallarmV3},
	{name: "protocol", kind: 's', from: wallarmV3, known: func(*reading) any { return "none" }},
	{name: "proxy_type", kind: '0', from: wallarmV3, known: func(r *reading) any { return orNil(objectOf(r.Network).text("proxy_type")) }},
	{name: "request_id", kind: '0', from: wallarmV3, known: func(r *reading) any { return orNil(objectOf(r.Data).text("request_id")) }},
	{name: "wallarm_mode", kind: '0', from: wallarmV3},
	{name: "id", kind: 't', from: wallarmV1, known: func(r *reading) any { return []string{"tocsin", r.id()} }},
	{name: "object_type", kind: 's', from: wallarmV1, known: func(*reading) any { return "hit" }},
	{name: "anomaly", kind: 'n', from: wallarmV2},
	{name: "applications", kind: 't', from: wallarmV3, known: hitApplications},
}

// wallarmHit is a hit in one of the forms. Of a hit that came from Wallarm every field is as it came.
func wallarmHit(r *reading, version int) members {
	var out members
	own := r.hit()
	for _, f := range hitFields {
		if version < f.from || f.to != 0 && version > f.to || version == f.skip {
			continue
		}
		v := f.value(own)
		if v == nil && f.known != nil {
			v = f.known(r)
		}
		if v == nil {
			v = f.zero()
		}
		out.add(f.name, v)
	}
	return out
}

// hit is the hit as Wallarm sent it, if it did. It has the names of the present form.
func (r *reading) hit() object { return r.own.object("hit") }

// value is the member of a hit that has the field's name and is of its kind, else nil.
func (f hitField) value(own object) any {
	switch f.kind {
	case 's', '0':
		if v, there := own[f.name]; there && v[0] == '"' {
			return own.text(f.name)
		}
	case 'n', 'N':
		return numberOr(own, f.name)
	case 't':
		if texts := own.texts(f.name); texts != nil {
			return texts
		}
	case 'a':
		if _, there := own[f.name]; there {
			return own.numbers(f.name)
		}
	}
	return nil
}

// zero is what stands for nothing: an empty text (s), null (0, N), zero (n), or an empty list (t, a).
func (f hitField) zero() any {
	switch f.kind {
	case 's':
		return ""
	case 'n':
		return 0
	case 't', 'a':
		return []string{}
	}
	return nil
}

func numberOr(o object, name string) any {
	if n, ok := o.number(name); ok {
		return n
	}
	return nil
}

func orNil(text string) any {
	if text == "" {
		return nil
	}
	return text
}

func hitHost(r *reading) any {
	return orNil(first(r.hit().text("host"), r.entity("target", "host", "domain")))
}

// remote is the address that attacked, if it is of the wanted family.
func (r *reading) remote(family func(netip.Addr) bool) any {
	if a := r.address("source"); a.IsValid() && family(a) {
		return a.String()
	}
	return nil
}

func hitTor(r *reading) any {
	if is := objectOf(r.Network).truth("is_tor"); is != nil && *is {
		return "tor"
	}
	return "none"
}

func hitType(r *reading) any {
	return first(webAttacks[r.Type], r.AlertType, "other")
}

func hitStatus(r *reading) any {
	if status := strings.ToLower(r.Status); status == "blocked" || status == "monitored" {
		return status
	}
	return "monitored"
}

func hitApplications(r *reading) any {
	if r.Project == "" {
		return nil
	}
	return []string{r.Project}
}
