package payload

import (
	"encoding/json"
	"strconv"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// object is a JSON object whose members are looked at one by one, by their exact names and kinds.
type object map[string]json.RawMessage

func objectOf(raw json.RawMessage) object {
	var o object
	if len(raw) == 0 || raw[0] != '{' || json.Unmarshal(raw, &o) != nil {
		return nil
	}
	return o
}

func (o object) object(name string) object { return objectOf(o[name]) }

// text is a member that is a string, else empty.
func (o object) text(name string) string {
	var s string
	if v := o[name]; len(v) == 0 || v[0] != '"' || json.Unmarshal(v, &s) != nil {
		return ""
	}
	return s
}

// number is a member that is a number, as it was written.
func (o object) number(name string) (json.Number, bool) {
	v := o[name]
	return json.Number(v), len(v) > 0 && (v[0] == '-' || v[0] >= '0' && v[0] <= '9')
}

// integer is a member that is a whole number of 64 bits.
func (o object) integer(name string) (int64, bool) {
	n, err := strconv.ParseInt(string(o[name]), 10, 64)
	return n, err == nil
}

// truth is a member that is true or false, else nil.
func (o object) truth(name string) *bool {
	v := string(o[name])
	if v != "true" && v != "false" {
		return nil
	}
	is := v == "true"
	return &is
}

// texts is a member that is an array, with its strings.
func (o object) texts(name string) []string {
	var all []json.RawMessage
	if v := o[name]; len(v) == 0 || v[0] != '[' || json.Unmarshal(v, &all) != nil {
		return nil
	}
	texts := []string{}
	for _, v := range all {
		var s string
		if v[0] == '"' && json.Unmarshal(v, &s) == nil {
			texts = append(texts, s)
		}
	}
	return texts
}

func (o object) numberOrNull(name string) *json.Number {
	if n, ok := o.number(name); ok {
		return &n
	}
	return nil
}

// scalar is a member that is a string or a number, as text.
func (o object) scalar(name string) string {
	if n, ok := o.number(name); ok {
		return string(n)
	}
	return o.text(name)
}

// scalarOrNull is a member that is a string or a number, as that; else nil.
func (o object) scalarOrNull(name string) any {
	if n, ok := o.number(name); ok {
		return n
	}
	if s := o.text(name); s != "" {
		return s
	}
	return nil
}

// numbers is a member that is an array, with its numbers.
func (o object) numbers(name string) []json.Number {
	numbers := []json.Number{}
	var all []json.RawMessage
	if v := o[name]; len(v) == 0 || v[0] != '[' || json.Unmarshal(v, &all) != nil {
		return numbers
	}
	for _, v := range all {
		if n, ok := (object{"": v}).number(""); ok {
			numbers = append(numbers, n)
		}
	}
	return numbers
}

// strings gives the members that are strings.
func (o object) strings() map[string]string {
	all := map[string]string{}
	for name, v := range o {
		if v[0] == '"' {
			all[name] = o.text(name)
		}
	}
	return all
}

// members is an object that is written in the order in which it is filled. Names are always ours.
type members []member

type member struct {
	name  string
	value any
}

func (m *members) add(name string, value any) { *m = append(*m, member{name, value}) }

// MarshalJSON writes the members in their order.
func (m members) MarshalJSON() ([]byte, error) {
	b := []byte{'{'}
	for i, one := range m {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(event.AppendString(b, one.name), ':')
		var err error
		if b, err = appendValue(b, one.value); err != nil {
			return nil, err
		}
	}
	return append(b, '}'), nil
}
