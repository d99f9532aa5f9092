package expr

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/cost"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/interpreter"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// maxMessage bounds a message, in bytes.
const maxMessage = 400

// clip shortens what is quoted in a message.
func clip(text string) string { return event.Clip(text, 64) }

// wordIssues says what is wrong with an expression in the words of somebody who has not read CEL's source. The first
// error counts: others mostly follow from it.
func wordIssues(source string, issues *cel.Issues) *Error {
	list := issues.Errors()
	if len(list) == 0 {
		return &Error{Message: event.Clip(issues.Err().Error(), maxMessage)}
	}
	slices.SortStableFunc(list, func(a, b *cel.Error) int {
		return cmp.Or(cmp.Compare(a.Location.Line(), b.Location.Line()), cmp.Compare(a.Location.Column(), b.Location.Column()))
	})
	first := list[0]
	e := &Error{Message: event.Clip(wordMessage(first.Message, ownerAt(source, first.Location)), maxMessage)}
	if first.Location.Line() > 0 {
		e.Line, e.Column = first.Location.Line(), first.Location.Column()+1
	}
	return e
}

var (
	undeclared = regexp.MustCompile(`^undeclared reference to '([^']*)'`)
	undefined  = regexp.MustCompile(`^undefined field '(.*)'$`)
	overload   = regexp.MustCompile(`^found no matching overload for '(.*)' applied to '(.*)'$`)
	unread     = regexp.MustCompile(`^Syntax error: token recognition error at: '(.)`)
	expecting  = regexp.MustCompile(`^Syntax error: (.*?) expecting .*$`)
)

// wordMessage words one of CEL's errors; owner is the name before the dot that it points to, if it does.
func wordMessage(text, owner string) string {
	if m := undeclared.FindStringSubmatch(text); m != nil {
		return undeclaredMessage(m[1])
	}
	if m := undefined.FindStringSubmatch(text); m != nil {
		return missingField(owner, m[1])
	}
	if m := overload.FindStringSubmatch(text); m != nil {
		name := m[1]
		if shown, ok := operators.FindReverse(name); ok && shown != "" {
			name = shown
		}
		return fmt.Sprintf("%s cannot be used with %s%s", name, m[2], comparePart(m[2]))
	}
	if m := unread.FindStringSubmatch(text); m != nil && operatorHints[m[1]] != "" {
		return "syntax error: " + operatorHints[m[1]]
	}
	if m := expecting.FindStringSubmatch(text); m != nil {
		return "syntax error: " + m[1]
	}
	return strings.Replace(text, "Syntax error:", "syntax error:", 1)
}

func undeclaredMessage(name string) string {
	if slices.ContainsFunc(eventFields, func(f eventField) bool { return f.name == name }) {
		return fmt.Sprintf("the name %q is not known: did you mean event.%s?", name, name)
	}
	names := []string{"event"}
	for _, l := range levels {
		names = append(names, l.name)
	}
	names = append(names, functionNames...)
	return fmt.Sprintf("the name %q is not known%s", clip(name), didYouMean(name, names))
}

// functionNames are those that people write, CEL's own included.
var functionNames = []string{
	"inCidr", "isIp", "isPrivateIp", "glob", "contains", "startsWith", "endsWith", "matches", "size", "has", "string", "int",
	"double", "bool", "duration", "timestamp", "lowerAscii", "upperAscii", "trim", "substring", "replace", "join", "split",
	"indexOf", "lastIndexOf", "all", "exists", "exists_one", "filter", "map", "true", "false", "null", "in",
}

// didYouMean lists the names that are near, if any are.
func didYouMean(name string, known []string) string {
	var near []string
	for _, k := range known {
		if len(name) <= 64 && similar(strings.ToLower(name), strings.ToLower(k)) {
			near = append(near, k)
		}
	}
	slices.SortStableFunc(near, func(a, b string) int { return cmp.Compare(distance(name, a), distance(name, b)) })
	if len(near) == 0 {
		return ""
	}
	return ": did you mean " + strings.Join(near[:min(3, len(near))], " or ") + "?"
}

func similar(a, b string) bool {
	return distance(a, b) <= min(len(b)/2, 3) || len(a) >= 4 && strings.HasPrefix(b, a) || len(b) >= 4 && strings.HasPrefix(a, b)
}

// distance is how many characters must be put in, left out or changed to make b of a (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		last := row[0]
		row[0] = i + 1
		for j := range len(b) {
			next := last
			if a[i] != b[j] {
				next = 1 + min(last, row[j], row[j+1])
			}
			last, row[j+1] = row[j+1], next
		}
	}
	return row[len(b)]
}

// wordType names a type as people know it.
func wordType(t *types.Type) string {
	switch t.Kind() {
	case types.StringKind:
		return "a text"
	case types.BoolKind:
		return "true or false"
	case types.IntKind, types.UintKind, types.DoubleKind:
		return "a number"
	case types.ListKind:
		return "a list"
	case types.MapKind:
		return "an object"
	case types.TimestampKind:
		return "a time"
	}
	return "of type " + t.String()
}

// wordEval words an error of an evaluation.
func wordEval(err error) error {
	if c, ok := errors.AsType[interpreter.EvalCancelledError](err); ok && c.Cause == interpreter.CostLimitExceeded {
		return ErrCost
	}
	if _, ok := errors.AsType[cost.LimitExceededError](err); ok {
		return ErrCost
	}
	text := err.Error()
	if name, ok := strings.CutPrefix(text, "no such key: "); ok {
		return fmt.Errorf("the event has no %q there: ask has(…) first", clip(name))
	}
	return errors.New(event.Clip(text, maxMessage))
}
