package event

import (
	"fmt"
	"strings"
)

// TypePattern is what an event type looks like: two to four dotted parts.
const TypePattern = `^[a-z][a-z0-9]{0,29}(\.[a-z][a-z0-9_]{0,29}){1,3}$`

// maxTypeBytes is the longest well-formed event type: four parts of 30 and their dots.
const maxTypeBytes = 4*30 + 3

// ValidType says whether name is a well-formed event type. It is on the hot path: no regular expression.
func ValidType(name string) bool {
	if len(name) > maxTypeBytes {
		return false
	}
	parts, start := 0, 0
	for i := 0; i <= len(name); i++ {
		if i == len(name) || name[i] == '.' {
			if i == start || i-start > 30 || name[start] < 'a' || name[start] > 'z' {
				return false
			}
			parts, start = parts+1, i+1
			continue
		}
		c := name[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && (c != '_' || parts == 0) {
			return false
		}
	}
	return parts >= 2 && parts <= 4
}

// TypeFilter is one entry of a subscription's types: an event type, "*" for all, or "alert.*" for every type below
// "alert." at any depth.
type TypeFilter string

// Check says what is wrong with the filter, if anything.
func (f TypeFilter) Check() error {
	s := string(f)
	if s == "*" || ValidType(s) {
		return nil
	}
	prefix, ok := strings.CutSuffix(s, ".*")
	if ok && (ValidType(prefix) || ValidType(prefix+".x")) {
		return nil
	}
	return fmt.Errorf("%q is not an event type, a prefix such as \"alert.*\", or \"*\"", s)
}

// Match says whether the filter wants the type.
func (f TypeFilter) Match(eventType string) bool {
	s := string(f)
	if s == "*" || s == eventType {
		return true
	}
	return strings.HasSuffix(s, ".*") && strings.HasPrefix(eventType, s[:len(s)-1])
}
