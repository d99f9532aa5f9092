package form

import (
	"encoding/json"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// SecretTexts gives the text at every place of raw that holds a secret, by path: the value, Mask, or whatever stands in
// for the value. Empty places are left out.
func SecretTexts(f Form, raw json.RawMessage) map[string]string {
	texts := map[string]string{}
	walkSecrets(build(f), parseLenient(raw), "", func(path string, obj map[string]any, name string) {
		texts[path] = obj[name].(string)
	})
	return texts
}

// ReplaceSecrets is raw with every text at a place that holds a secret replaced by what with says.
func ReplaceSecrets(f Form, raw json.RawMessage, with func(path, text string) string) json.RawMessage {
	s := build(f)
	obj := parseLenient(raw)
	walkSecrets(s, obj, "", func(path string, obj map[string]any, name string) {
		obj[name] = with(path, obj[name].(string))
	})
	return encode(s, obj)
}

// Destinations gives what decides who receives the secrets of a form: the fields with the option [Destination] and all
// URL fields, by path ("endpoints.0.url": what is kept beside it belongs to that item), each with its values in a form
// that compares: of a URL the scheme, host and port, in lower case, without a trailing dot and with the scheme's own
// port; of other texts the same of the host and port that they name. An unset field has the value "". A switch has a
// value only while it is not at its default, which is the safe side. Values are sorted and without duplicates.
func Destinations(f Form, raw json.RawMessage) map[string][]string {
	s := build(f)
	obj := parseLenient(raw)
	fillDefaults(s, obj)
	found := map[string][]string{}
	walkDestinations(s, obj, "", func(name, value string) { found[name] = append(found[name], value) })
	for name, values := range found {
		slices.Sort(values)
		found[name] = slices.Compact(values)
	}
	return found
}

func walkDestinations(s *Set, obj map[string]any, prefix string, visit func(name, value string)) {
	for _, f := range s.fields {
		name, v := prefix+f.name, obj[f.name]
		switch f.kind {
		case kindObject:
			sub, _ := v.(map[string]any)
			walkDestinations(f.sub, sub, name+".", visit)
			continue
		case kindList:
			list, _ := v.([]any)
			for i, item := range list {
				sub, _ := item.(map[string]any)
				walkDestinations(f.sub, sub, name+"."+strconv.Itoa(i)+".", visit)
			}
			continue
		}
		if f.destination || f.kind == kindURL {
			for _, value := range f.destinations(v) {
				visit(name, value)
			}
		}
	}
}

// destinations gives the values of one field.
func (f *field) destinations(v any) []string {
	switch v := v.(type) {
	case nil:
		return []string{""}
	case bool:
		if def, ok := f.def.(bool); ok && v == def {
			return nil
		}
		return []string{strconv.FormatBool(v)}
	case string:
		if f.kind == kindPEM {
			return []string{strings.Join(strings.Fields(v), " ")}
		}
		return []string{destination(v)}
	case []any:
		values := []string{}
		for _, e := range v {
			text, _ := e.(string)
			values = append(values, destination(text))
		}
		if len(values) == 0 {
			return []string{""}
		}
		return values
	}
	b, err := json.Marshal(v)
	if err != nil {
		return []string{"?"} // parsed values always encode
	}
	return []string{string(b)}
}

// schemePorts are the ports that a URL need not name.
var schemePorts = map[string]string{"http": "80", "https": "443", "ws": "80", "wss": "443"}

// destination is the comparable form of a URL, or of a host with or without a port. What is neither stays as it is.
func destination(text string) string {
	text = strings.TrimSpace(text)
	if !strings.Contains(text, "://") {
		return hostPort(text, "")
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return text
	}
	scheme := strings.ToLower(u.Scheme)
	return scheme + "://" + hostPort(u.Host, schemePorts[scheme])
}

// hostPort writes a host and its port the one way; port is what is meant when there is none.
func hostPort(text, port string) string {
	host := text
	if h, p, err := net.SplitHostPort(text); err == nil {
		host = h
		if p != "" {
			port = p
		}
	}
	host = strings.ToLower(strings.TrimSuffix(strings.TrimSuffix(strings.TrimPrefix(host, "["), "]"), "."))
	if a, err := netip.ParseAddr(host); err == nil {
		host = a.String()
		if a.Is6() {
			host = "[" + host + "]"
		}
	}
	if port == "" {
		return host
	}
	return host + ":" + port
}
