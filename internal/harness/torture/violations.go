package torture

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// maxDetails bounds the violations of one kind that are told in words.
const maxDetails = 5

// violations are what must not have happened, by kind.
type violations map[string]*violation

type violation struct {
	count   int
	details []string
}

func (v *violations) add(kind, format string, args ...any) {
	if *v == nil {
		*v = violations{}
	}
	one := (*v)[kind]
	if one == nil {
		one = &violation{}
		(*v)[kind] = one
	}
	if one.count++; len(one.details) < maxDetails {
		one.details = append(one.details, fmt.Sprintf(format, args...))
	}
}

// String lists them, one kind after the other.
func (v violations) String() string {
	var out strings.Builder
	for _, kind := range slices.Sorted(maps.Keys(v)) {
		fmt.Fprintf(&out, "%s: %d times\n", kind, v[kind].count)
		for _, d := range v[kind].details {
			fmt.Fprintf(&out, "    %s\n", d)
		}
	}
	return out.String()
}

// count is how often a kind occurred.
func (v violations) count(kind string) int {
	if one := v[kind]; one != nil {
		return one.count
	}
	return 0
}

// violationsSoFar is a copy of what the books hold against the hub.
func (b *books) violationsSoFar() violations {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := violations{}
	for kind, one := range b.wrong {
		out[kind] = &violation{one.count, slices.Clone(one.details)}
	}
	return out
}
