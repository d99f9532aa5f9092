package event

import (
	"fmt"
	"strconv"
	"strings"
)

// The functions of this file check the fields that have a shape of their own, over the nodes that the scanner noted.
// Members they do not know are left where they are; members whose names differ from a known one only in letter case
// are refused, because a careless reader would take the one for the other, and an entity may become the target of a
// block.

// view is one field's value and the nodes below it, in the order of the text.
type view struct {
	b     []byte // what the nodes' ranges are in
	value []byte
	nodes []node
}

func checkRule(e *FieldErrors, name string, v *view) { e.texts(name, v, "id", "name") }

func checkSource(e *FieldErrors, name string, v *view) {
	e.texts(name, v, "vendor", "product", "instance", "id")
}

// texts checks an object whose known members are strings or null.
func (e *FieldErrors) texts(name string, v *view, known ...string) {
	for i := range v.nodes {
		n := &v.nodes[i]
		key, value := n.plainName(v.b), n.value(v.b)
		if !isOne(key, known) {
			e.lookAlike(name, key, known)
			continue
		}
		if value[0] != 'n' && (value[0] != '"' || len(value) > MaxText) { // the path is made only when something looks wrong
			e.text(name+"."+string(key), value, 0, MaxText)
		}
	}
}

func isOne(key []byte, known []string) bool {
	for _, k := range known {
		if string(key) == k {
			return true
		}
	}
	return false
}

// foldsTo says whether key equals known as a careless JSON reader compares: in any letter case.
func foldsTo(key []byte, known string) bool {
	// A folded letter has at most three bytes (the Kelvin sign for k).
	return len(key) >= len(known) && len(key) <= 3*len(known) && strings.EqualFold(stringOf(key), known)
}

// lookAlike refuses a member that could be taken for one of the known ones.
func (e *FieldErrors) lookAlike(name string, key []byte, known []string) {
	for _, k := range known {
		if foldsTo(key, k) {
			e.add(name, fmt.Sprintf("member %q differs from %q only in letter case", key, k))
		}
	}
}

func checkRiskScore(e *FieldErrors, name string, v *view) {
	score, err := strconv.ParseFloat(stringOf(v.value), 64)
	if err != nil || score < 0 || score > 100 {
		e.add(name, "want a number from 0 to 100, got "+string(clipBytes(v.value, 32)))
	}
}

func checkMitre(e *FieldErrors, name string, v *view) { e.strings(name, v, MaxMitre) }

func checkTags(e *FieldErrors, name string, v *view) { e.strings(name, v, MaxTags) }

// strings checks an array of non-empty strings.
func (e *FieldErrors) strings(name string, v *view, count int) {
	if len(v.nodes) > count {
		e.add(name, fmt.Sprintf("%d entries are more than %d", len(v.nodes), count))
		return
	}
	for i := range v.nodes {
		value := v.nodes[i].value(v.b)
		if value[0] != '"' || len(value) == 2 || len(value) > MaxName {
			e.text(fmt.Sprintf("%s[%d]", name, i), value, 1, MaxName)
		}
	}
}

func checkLabels(e *FieldErrors, name string, v *view) {
	if len(v.nodes) > MaxLabels {
		e.add(name, fmt.Sprintf("%d entries are more than %d", len(v.nodes), MaxLabels))
		return
	}
	for i := range v.nodes {
		n := &v.nodes[i]
		if key := n.plainName(v.b); len(key) > MaxName {
			e.add(name, "a name of "+tooLong(len(key), MaxName))
			continue
		}
		if value := n.value(v.b); value[0] != '"' || len(value) > MaxText {
			e.text(name+"."+string(n.plainName(v.b)), value, 0, MaxText)
		}
	}
}

func checkEntities(e *FieldErrors, name string, v *view) {
	count := 0
	for i := 0; i < len(v.nodes); count++ {
		if count == MaxEntities {
			e.add(name, fmt.Sprintf("more than %d entries", MaxEntities))
			return
		}
		element := &v.nodes[i]
		below := i + 1
		for i++; i < len(v.nodes) && v.nodes[i].start < element.end; i++ {
		}
		if v.b[element.start] != '{' {
			e.want(fmt.Sprintf("%s[%d]", name, count), "an object", element.value(v.b))
			continue
		}
		one := view{b: v.b, nodes: v.nodes[below:i]}
		if !one.plainEntity() {
			e.entity(fmt.Sprintf("%s[%d]", name, count), &one)
		}
	}
}

// plainEntity says quickly whether an entity has nothing but what is certainly right.
func (v *view) plainEntity() bool {
	seen := 0
	for i := range v.nodes {
		n := &v.nodes[i]
		value := v.b[n.start:n.end]
		switch string(n.name(v.b)) {
		case "type":
			seen |= 1
			if !entityType(value) {
				return false
			}
		case "value":
			seen |= 2
			if value[0] != '"' || len(value) < 3 || len(value) > MaxURL {
				return false
			}
		case "role":
			if value[0] != '"' || len(value) > MaxName {
				return false
			}
		case "observed":
			if value[0] != 't' && value[0] != 'f' {
				return false
			}
		default:
			return false
		}
	}
	return seen == 3
}

// entityType says whether a value is a string of 1 to 64 of a-z, 0-9, "_", "." and "-".
func entityType(v []byte) bool {
	if v[0] != '"' || len(v) < 3 || len(v) > 66 {
		return false
	}
	for _, c := range v[1 : len(v)-1] {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' && c != '-' && c != '.' {
			return false
		}
	}
	return true
}

var entityMembers = []string{"type", "value", "role", "observed"}

// entity says what is wrong with an entity, if anything.
func (e *FieldErrors) entity(path string, v *view) {
	var hasType, hasValue bool
	for i := range v.nodes {
		key, value := v.nodes[i].plainName(v.b), v.nodes[i].value(v.b)
		switch string(key) {
		case "type":
			hasType = true
			if value[0] != '"' {
				e.want(path+".type", "a string", value)
			} else if !entityType(value) {
				e.add(path+".type", `want 1 to 64 of a-z, 0-9, "_", "-" and "."`)
			}
		case "value":
			hasValue = true
			e.text(path+".value", value, 1, MaxURL)
		case "role":
			if value[0] != 'n' {
				e.text(path+".role", value, 0, MaxName)
			}
		case "observed":
			if value[0] != 't' && value[0] != 'f' && value[0] != 'n' {
				e.want(path+".observed", "a boolean", value)
			}
		default:
			e.lookAlike(path, key, entityMembers)
		}
	}
	if !hasType {
		e.add(path+".type", "is missing")
	}
	if !hasValue {
		e.add(path+".value", "is missing")
	}
}
