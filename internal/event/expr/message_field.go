package expr

import (
	"fmt"
	"slices"
	"strings"

	"cel.dev/cel-go/common"
)

// operatorHints say what to write instead of an operator of other languages.
var operatorHints = map[string]string{
	"=": "use == to compare",
	"&": "use && for and",
	"|": "use || for or",
}

// parts are the fields of what has a type of its own, by the name of the event's field, and by the name of its type.
var parts = []struct {
	field, kind string
	members     []partField
}{{"rule", "Rule", ruleFields}, {"source", "Source", sourceFields}, {"entities", "Entity", entityFields}}

// ownerAt is the name before the dot at a place of an expression: "source" of event.source.name. It is empty where no dot is.
func ownerAt(source string, at common.Location) string {
	lines := strings.Split(source, "\n")
	if at.Line() < 1 || at.Line() > len(lines) {
		return ""
	}
	line := []rune(lines[at.Line()-1])
	end := at.Column()
	if end < 0 || end >= len(line) || line[end] != '.' {
		return ""
	}
	begin := end
	for begin > 0 && isNameRune(line[begin-1]) {
		begin--
	}
	return string(line[begin:end])
}

func isNameRune(r rune) bool {
	return r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
}

// missingField says that an object has no such field, and which it has.
func missingField(owner, name string) string {
	known := fieldsOf(owner)
	near := didYouMean(name, known)
	if near == "" && owner != "event" && owner != "" {
		near = fmt.Sprintf(": %s has %s", clip(owner), strings.Join(known, ", "))
	}
	return fmt.Sprintf("there is no field %q%s", clip(name), near)
}

// fieldsOf are the fields of the object with a name. Whatever is no field of the event is one of its entities, in a macro
// such as event.entities.exists(e, e.value == "x").
func fieldsOf(owner string) []string {
	var names []string
	if owner == "event" || owner == "" {
		for _, f := range eventFields {
			names = append(names, f.name)
		}
		return names
	}
	members := entityFields
	for _, p := range parts {
		if p.field == owner {
			members = p.members
		}
	}
	for _, m := range members {
		names = append(names, m.name)
	}
	return names
}

// comparePart says what to compare of an object, if one of the types that an operator was used with is an object's.
func comparePart(kinds string) string {
	for _, p := range parts {
		if slices.Contains(strings.FieldsFunc(kinds, func(r rune) bool { return r == '(' || r == ')' || r == ',' || r == ' ' }), p.kind) {
			return fmt.Sprintf(": compare one of its fields: %s", strings.Join(fieldsOf(p.field), ", "))
		}
	}
	return ""
}
