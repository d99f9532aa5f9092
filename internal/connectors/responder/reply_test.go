package responder

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/connector"
)

// TestList: pages, marks, spellings of addresses, and what is none.
func TestList(t *testing.T) {
	t.Parallel()
	mine := func(target string) string {
		return fmt.Sprintf(`{"target":%q,"handle":"h","id":%q,"owner":"int_test"}`, target, block1)
	}
	entry := func(p string) connector.BlockEntry { return connector.BlockEntry{Prefix: netip.MustParsePrefix(p)} }
	long := strings.Repeat("x", 2000)
	for name, tt := range map[string]struct {
		pages []string
		want  connector.BlockSnapshot
		err   string // a part of it
		class bool   // permanent
	}{
		"nothing":     {pages: []string{`{"items":[]}`}},
		"two pages":   {pages: []string{`{"items":[{"target":"203.0.113.1"}],"next":"2"}`, `{"items":[{"target":"2001:db8::/32"}],"next":""}`}, want: connector.BlockSnapshot{Entries: []connector.BlockEntry{entry("203.0.113.1/32"), entry("2001:db8::/32")}}},
		"mapped":      {pages: []string{`{"items":[{"target":"::ffff:203.0.113.1"},{"target":"::ffff:203.0.113.0/120"}]}`}, want: connector.BlockSnapshot{Entries: []connector.BlockEntry{entry("203.0.113.1/32"), entry("203.0.113.0/24")}}},
		"ours":        {pages: []string{`{"items":[` + mine("203.0.113.7/32") + `]}`}, want: connector.BlockSnapshot{Entries: []connector.BlockEntry{{Prefix: prefix4, Handle: "h", Mark: block1}}}},
		"another's":   {pages: []string{`{"items":[{"target":"203.0.113.7","id":"` + block1 + `","owner":"int_other"},{"target":"203.0.113.8","id":"` + block1 + `"},{"target":"203.0.113.9","id":"x","owner":"int_test"}]}`}, want: connector.BlockSnapshot{Entries: []connector.BlockEntry{entry("203.0.113.7/32"), entry("203.0.113.8/32"), entry("203.0.113.9/32")}}},
		"how full":    {pages: []string{`{"items":[],"used":7,"capacity":10}`}, want: connector.BlockSnapshot{Used: 7, Capacity: 10}},
		"odd entries": {pages: []string{`{"items":[{"target":"bad.example"},{"target":"203.0.113.7/24"},{"target":"fe80::1%eth0"},{"target":"203.0.113.1"}]}`}, want: connector.BlockSnapshot{Used: 4, Entries: []connector.BlockEntry{entry("203.0.113.1/32")}, Warnings: []string{"3 entries that the endpoint lists are neither addresses nor ranges; they are left alone"}}},

		"ours and odd":  {pages: []string{`{"items":[` + mine("203.0.113.7/24") + `]}`}, err: "an entry cannot be read", class: true},
		"no items":      {pages: []string{`{}`}, err: "an object with items is wanted"},
		"null":          {pages: []string{`{"items":null}`}, err: "an object with items is wanted"},
		"a page of web": {pages: []string{`<html>`}, err: "an object with items is wanted"},
		"cut off":       {pages: []string{`{"items":[{"target":"203.0.113.1"`}, err: "an object with items is wanted"},
		"in circles":    {pages: []string{`{"items":[],"next":"2"}`, `{"items":[],"next":"2"}`}, err: "has no end", class: true},
		"long cursor":   {pages: []string{`{"items":[],"next":"` + long + `"}`}, err: "the cursor has 2000 bytes", class: true},
		"long handle":   {pages: []string{`{"items":[{"target":"203.0.113.1","handle":"` + long + `"}]}`}, err: "its handle has 2000 bytes", class: true},
		"too long":      {pages: []string{`{"items":[` + strings.Repeat(`{"target":"203.0.113.1"},`, 200_000) + `{"target":"203.0.113.1"}]}`}, err: "longer than"},
	} {
		c := opened(t, pager(tt.pages), `{}`)
		got, err := c.Blocked(t.Context())
		if tt.err != "" {
			if err == nil || !strings.Contains(err.Error(), tt.err) || connector.IsPermanent(err) != tt.class {
				t.Errorf("%s: permanent %t: %v", name, connector.IsPermanent(err), err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got.Version = nil
		if diff := cmp.Diff(&tt.want, got, cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// pager answers with one page after the other; the cursor is the number of the page.
func pager(pages []string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		page := pages[0]
		if r.URL.Query().Get("cursor") != "" {
			page = pages[1]
		}
		fmt.Fprint(w, page) //nolint:errcheck // the client may have gone
	})
}

// TestEndlessList: a list that never ends is given up.
func TestEndlessList(t *testing.T) {
	t.Parallel()
	n := 0
	c := opened(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		n++
		fmt.Fprintf(w, `{"items":[],"next":"%d"}`, n) //nolint:errcheck // the client may have gone
	}), `{}`)
	if _, err := c.Blocked(t.Context()); err == nil || !connector.IsPermanent(err) || n != maxPages {
		t.Errorf("%v after %d pages", err, n)
	}
}

// TestReplies: what an endpoint says of changes.
func TestReplies(t *testing.T) {
	t.Parallel()
	result := func(id, rest string) string { return fmt.Sprintf(`{"id":%q,%s}`, id, rest) }
	const done = `"status":"done"`
	type said struct {
		Done, Was, Unknown bool
		Handle, Err        string // a part of the error
		Permanent          bool
	}
	unknown := said{Unknown: true}
	for name, tt := range map[string]struct {
		first, second string // answers to the blocking and the unblocking request
		status        int
		want          [2]said
		err           string
	}{
		"done":    {result(block1, done+`,"handle":"r1"`), result(block2, done), 200, [2]said{{Done: true, Handle: "r1"}, {Done: true}}, ""},
		"exists":  {result(block1, `"status":"exists"`), result(block2, done), 200, [2]said{{Was: true}, {Done: true}}, ""},
		"failed":  {result(block1, `"status":"failed","error":"busy\nnow"`), result(block2, `"status":"failed"`), 200, [2]said{{Err: "the endpoint says: busy now"}, {Err: "the endpoint says: "}}, ""},
		"refused": {result(block1, `"status":"refused","error":"not here"`), result(block2, done), 200, [2]said{{Err: "not here", Permanent: true}, {Done: true}}, ""},

		"exists, unblocked": {result(block1, done), result(block2, `"status":"exists"`), 200, [2]said{{Done: true}, {Unknown: true, Err: `"exists", which means nothing`}}, ""},
		"another word":      {result(block1, `"status":"ok"`), result(block2, `"status":""`), 200, [2]said{{Unknown: true, Err: `"ok"`}, {Unknown: true, Err: `""`}}, ""},
		"not mentioned":     {result(block2, done), "", 200, [2]said{{Unknown: true, Err: "says 0 times"}, {Unknown: true, Err: "says 0 times"}}, ""},
		"mentioned twice":   {result(block1, done) + "," + result(block1, `"status":"failed"`), result(block2, done), 200, [2]said{{Unknown: true, Err: "says 2 times"}, {Done: true}}, ""},
		"long handle":       {result(block1, done+`,"handle":"`+strings.Repeat("h", 201)+`"`), result(block2, done), 200, [2]said{{Unknown: true, Err: "201 bytes", Permanent: true}, {Done: true}}, ""},

		"the second broken": {result(block1, done), `]`, 200, [2]said{{Done: true}, unknown}, "asked to unblock: the endpoint's answer is not understood"},
		"the first broken":  {`"`, result(block2, done), 200, [2]said{unknown, {}}, "asked to block: the endpoint's answer is not understood"},
		"nothing":           {"", "", 204, [2]said{unknown, {}}, "not understood"},
		"server trouble":    {"", "", 500, [2]said{unknown, {}}, "trouble on the other side"},
		"refused at all":    {"", "", 403, [2]said{{}, {}}, "the credentials were refused"},
		"too large":         {strings.Repeat(" ", maxAnswer), "", 200, [2]said{unknown, {}}, "longer than"},
	} {
		c := opened(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			answer := tt.first
			if r.URL.Path == "/unblocks" {
				answer = tt.second
			}
			w.WriteHeader(tt.status)
			fmt.Fprintf(w, `{"results":[%s]}`, answer) //nolint:errcheck // 204 has no body
		}), `{}`)
		results, err := c.Change(t.Context(), nil, someChanges())
		if (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%s: %v, want an error with %q", name, err, tt.err)
		}
		for i, want := range tt.want {
			r := results[i]
			got := said{Done: r.Done, Was: r.Was, Unknown: r.Unknown, Handle: r.Handle, Permanent: connector.IsPermanent(r.Err)}
			if r.Err != nil && want.Err != "" && strings.Contains(r.Err.Error(), want.Err) {
				got.Err = want.Err
			} else if r.Err != nil {
				got.Err = r.Err.Error()
			}
			if got != want {
				t.Errorf("%s, change %d: %+v, want %+v", name, i, got, want)
			}
		}
	}
}

// TestTooManyChanges: a call above the batch does nothing.
func TestTooManyChanges(t *testing.T) {
	t.Parallel()
	c := opened(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a request was made") }), `{"batch":1}`)
	if results, err := c.Change(t.Context(), nil, someChanges()); !connector.IsPermanent(err) || len(results) != 2 {
		t.Errorf("%+v, %v", results, err)
	}
}

// TestCannotList: an endpoint without a list is told from one with it, and what to do about it is said.
func TestCannotList(t *testing.T) {
	t.Parallel()
	for _, status := range []int{404, 405, 501} {
		endpoint := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet {
				w.WriteHeader(status)
				return
			}
			fmt.Fprint(w, `{"results":[]}`) //nolint:errcheck // the client may have gone
		})
		if err := opened(t, endpoint, `{}`).Test(t.Context()); err == nil || !strings.Contains(err.Error(), "switch list off") {
			t.Errorf("%d: %v", status, err)
		}
		c := opened(t, endpoint, `{"list":false}`)
		if err := c.Test(t.Context()); err != nil {
			t.Errorf("%d, with list off: %v", status, err)
		}
		if s, err := c.Blocked(t.Context()); err != nil || len(s.Entries) > 0 || !c.BlockLimits().Unverifiable || c.BlockLimits().Marks {
			t.Errorf("%d, with list off: %+v, %v", status, s, err)
		}
	}
}
