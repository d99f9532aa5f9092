package connectortest

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/tocsin-hub/tocsin/internal/connector"
)

// TestUntrue: whatever a careless Blocker says or does is told.
func TestUntrue(t *testing.T) {
	t.Parallel()
	a, b, c := netip.MustParsePrefix("203.0.113.1/32"), netip.MustParsePrefix("203.0.113.2/32"), netip.MustParsePrefix("203.0.113.3/32")
	type entries = map[netip.Prefix]string
	add, remove := connector.BlockChange{Prefix: a}, connector.BlockChange{Prefix: a, Remove: true}
	done, unknown := connector.BlockResult{Done: true}, connector.BlockResult{Unknown: true}
	failed := errors.New("failed")
	for name, tt := range map[string]struct {
		before, after entries
		changes       []connector.BlockChange
		results       []connector.BlockResult
		err           error
		want          string
	}{
		"added":                      {entries{b: "x"}, entries{a: "ours", b: "x"}, []connector.BlockChange{add}, []connector.BlockResult{done}, nil, ""},
		"removed":                    {entries{a: "ours", b: "x"}, entries{b: "x"}, []connector.BlockChange{remove}, []connector.BlockResult{done}, nil, ""},
		"removed what was not there": {entries{}, entries{}, []connector.BlockChange{remove}, []connector.BlockResult{done}, nil, ""},
		"not done, and says why":     {entries{}, entries{}, []connector.BlockChange{add}, []connector.BlockResult{{}}, failed, ""},
		"nobody knows":               {entries{}, entries{a: "ours"}, []connector.BlockChange{add}, []connector.BlockResult{unknown}, failed, ""},
		"somebody else's":            {entries{a: "x"}, entries{a: "x"}, []connector.BlockChange{add}, []connector.BlockResult{{Was: true}}, nil, ""},

		"no results":               {entries{}, entries{}, []connector.BlockChange{add}, nil, failed, "0 results of 1 changes"},
		"said and not done":        {entries{}, entries{}, []connector.BlockChange{add}, []connector.BlockResult{done}, nil, "said to be done and is not"},
		"said and not removed":     {entries{a: "x"}, entries{a: "x"}, []connector.BlockChange{remove}, []connector.BlockResult{done}, nil, "said to be done and is not"},
		"done and not said":        {entries{}, entries{a: "ours"}, []connector.BlockChange{add}, []connector.BlockResult{{}}, failed, "was done and is said not to be"},
		"removed and not said":     {entries{a: "ours"}, entries{}, []connector.BlockChange{remove}, []connector.BlockResult{{Err: failed}}, nil, "was done and is said not to be"},
		"both":                     {entries{}, entries{a: "ours"}, []connector.BlockChange{add}, []connector.BlockResult{{Done: true, Unknown: true}}, nil, "both done and unknown"},
		"no reason":                {entries{}, entries{}, []connector.BlockChange{add}, []connector.BlockResult{{}}, nil, "nobody says why"},
		"stale after all":          {entries{}, entries{a: "ours"}, []connector.BlockChange{add}, []connector.BlockResult{unknown}, connector.ErrStale, "said to be stale"},
		"taken over":               {entries{a: "x"}, entries{a: "x"}, []connector.BlockChange{add}, []connector.BlockResult{done}, nil, "somebody else had added it"},
		"overwritten":              {entries{a: "x"}, entries{a: "ours"}, []connector.BlockChange{add}, []connector.BlockResult{{Was: true}}, nil, "has become"},
		"was not there":            {entries{}, entries{}, []connector.BlockChange{add}, []connector.BlockResult{{Was: true}}, nil, "already"},
		"another removed":          {entries{b: "x"}, entries{a: "ours"}, []connector.BlockChange{add}, []connector.BlockResult{done}, nil, "203.0.113.2/32, which was not named"},
		"another changed":          {entries{b: "x"}, entries{a: "ours", b: "y"}, []connector.BlockChange{add}, []connector.BlockResult{done}, nil, "203.0.113.2/32, which was not named"},
		"another added":            {entries{}, entries{a: "ours", c: "?"}, []connector.BlockChange{add}, []connector.BlockResult{done}, nil, "203.0.113.3/32 is there, which nobody asked for"},
		"what never changes":       {entries{{}: "description"}, entries{{}: "", a: "ours"}, []connector.BlockChange{add}, []connector.BlockResult{done}, nil, "was \"description\""},
		"results in another order": {entries{}, entries{a: "ours"}, []connector.BlockChange{add, {Prefix: b}}, []connector.BlockResult{{Err: failed}, done}, nil, "was done and is said not to be"},
	} {
		got := untrue(tt.before, tt.after, tt.changes, tt.results, tt.err, false)
		if len(got) == 0 != (tt.want == "") || len(got) > 0 && !strings.Contains(got[0], tt.want) {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

func TestUnlike(t *testing.T) {
	t.Parallel()
	a, b := netip.MustParsePrefix("203.0.113.1/32"), netip.MustParsePrefix("203.0.113.2/32")
	for name, tt := range map[string]struct {
		s    *connector.BlockSnapshot
		want string
	}{
		"all":         {&connector.BlockSnapshot{Entries: []connector.BlockEntry{{Prefix: a}}}, ""},
		"none":        {nil, "no snapshot"},
		"too few":     {&connector.BlockSnapshot{}, "does not have 203.0.113.1/32"},
		"too many":    {&connector.BlockSnapshot{Entries: []connector.BlockEntry{{Prefix: a}, {Prefix: b}}}, "has 203.0.113.2/32, which is not there"},
		"not masked":  {&connector.BlockSnapshot{Entries: []connector.BlockEntry{{Prefix: a}, {Prefix: netip.MustParsePrefix("203.0.113.2/24")}}}, "not masked"},
		"IPv4 mapped": {&connector.BlockSnapshot{Entries: []connector.BlockEntry{{Prefix: a}, {Prefix: netip.MustParsePrefix("::ffff:203.0.113.1/128")}}}, "not unmapped"},
	} {
		got := unlike(tt.s, map[netip.Prefix]string{a: "x", {}: "what never changes"})
		if len(got) == 0 != (tt.want == "") || len(got) > 0 && !strings.Contains(got[0], tt.want) {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}
