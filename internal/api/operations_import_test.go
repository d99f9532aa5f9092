package api

import (
	"fmt"
	"strings"
	"testing"
)

// as says what a body is.
func as(contentType string) option { return withHeader("Content-Type", contentType) }

// became gives what became of the items of an import.
func became(r reply) string {
	var list []string
	for _, x := range r.get("items.#.outcome").Array() {
		list = append(list, x.Str)
	}
	return strings.Join(list, " ")
}

func importBlocks(t *testing.T, h *hub) {
	h.responder("edge", newFirewall(t))
	const path = blocksBase + "/import"
	h.want(200, "PATCH", policyBase, `{"approve_wider_ipv4":0}`)
	h.block("203.0.113.1")
	r := h.want(200, "POST", path, `{"items":[{"target":"203.0.113.1"},{"target":"203.0.113.2","ttl":"2h","reason":"two"},{"target":"10.0.0.1"},
		{"target":"nowhere","ttl":"x"},{"target":"203.0.113.3","colour":1},{"target":7},7,{"target":"203.0.113.4","ttl":"permanent","reason":"for good"}]}`)
	if became(r) != "merged blocked refused invalid invalid invalid invalid pending" {
		t.Errorf("got %s", r.body)
	}
	if r.get("counts.blocked").Int() != 1 || r.get("counts.invalid").Int() != 4 || r.get("items.2.findings.0.code").Str != "protected" ||
		r.get("items.3.errors.#.field").Raw != `["target","ttl"]` || r.get("items.4.errors.0.field").Str != "colour" || r.get("items.5.errors.0.field").Str != "target" ||
		!strings.HasPrefix(r.get("items.1.block").Str, "blk_") {
		t.Errorf("got %s", r.body)
	}
	r = h.want(200, "POST", path+"?ttl=3h&reason=scanners", "# a list\n203.0.113.20\n\n 203.0.113.32/28 , 1h, two, with a comma \r\n2001:db8::/64\nnonsense\n"+
		"; published lists\n203.0.113.22 ; SBL1\n203.0.113.23\t# two\n203.0.113.24,1h,ticket # 3\n203.0.113.25;7d\n", as("text/plain"))
	if became(r) != "blocked blocked pending invalid blocked blocked blocked invalid" || r.get("items.1.line").Int() != 4 {
		t.Errorf("plain: %s", r.body)
	}
	if r := h.want(200, "GET", blocksBase+"?target=203.0.113.33", ""); r.get("items.0.reason").Str != "two, with a comma" || r.get("items.0.ttl").Str != "1h" {
		t.Errorf("plain made %s", r.body)
	}
	if r := h.want(200, "GET", blocksBase+"?target=203.0.113.24", ""); r.get("items.0.reason").Str != "ticket # 3" {
		t.Errorf("plain made %s", r.body)
	}
	if r := h.want(200, "GET", blocksBase+"?target=203.0.113.20", ""); r.get("items.0.reason").Str != "scanners" || r.get("items.0.ttl").Str != "3h" {
		t.Errorf("plain made %s", r.body)
	}
	r = h.want(200, "POST", path, "\ufeffReason,Target\n\"'=cmd|' /C calc'!A0\",203.0.113.40\n\"a \"broken\" quote\",203.0.113.41\nx,203.0.113.42\n", as("text/csv; charset=utf-8"))
	if became(r) != "blocked invalid blocked" || r.get("items.1.line").Int() != 3 {
		t.Errorf("csv: %s", r.body)
	}
	if r := h.want(200, "GET", blocksBase+"?target=203.0.113.40", ""); r.get("items.0.reason").Str != "=cmd|' /C calc'!A0" {
		t.Errorf("csv made %s", r.body)
	}
	r = h.want(200, "POST", path+"?dry_run=true", "203.0.113.50\n10.0.0.1\n", as("text/plain"))
	if became(r) != "planned refused" || h.want(200, "GET", blocksBase+"?target=203.0.113.50", "").get("items.#").Int() != 0 {
		t.Errorf("a dry run: %s", r.body)
	}
	for body, contentType := range map[string]string{
		`{"items":[]}`: "application/json", `[]`: "application/json", `{"items":[],"x":1}`: "application/json", "# nothing": "text/plain",
		strings.Repeat("203.0.113.7\n", 10_001): "text/plain",
	} {
		h.want(422, "POST", path, body, as(contentType))
	}
	h.want(400, "POST", path, `{"items":[{"target":"203.0.113.7","target":"8.8.8.8"}]}`)
	h.want(400, "POST", path, `{"items":`)
	h.want(415, "POST", path, "x", as("application/zip"))
	h.want(413, "POST", path, strings.Repeat("x", maxImportBytes+1), as("text/plain"))
}

func exportBlocks(t *testing.T, h *hub) {
	h.responder("edge", newFirewall(t))
	h.want(200, "PATCH", policyBase, `{"approve_wider_ipv4":0}`)
	if r := h.want(200, "GET", blocksBase+"/export", ""); r.get("items.#").Raw != "0" {
		t.Errorf("nothing is %s", r.body)
	}
	h.want(201, "POST", blocksBase, `{"target":"203.0.113.7","ttl":"2h","reason":"=HYPERLINK(\"http://x\")"}`)
	h.want(201, "POST", blocksBase, `{"target":"203.0.113.64/28","ttl":"24h","reason":"a, \"b\""}`)
	h.want(201, "POST", blocksBase, `{"target":"203.0.113.9","reason":"'quoted'"}`)
	h.want(200, "DELETE", h.block("203.0.113.8"), "")
	if r := h.want(200, "GET", blocksBase+"/export?format=txt", ""); r.body != "203.0.113.9\n203.0.113.64/28\n203.0.113.7\n" || !strings.HasPrefix(r.Header.Get("Content-Type"), "text/plain") {
		t.Errorf("got %v %q", r.Header, r.body)
	}
	table := h.want(200, "GET", blocksBase+"/export?format=csv", "")
	if !strings.Contains(table.body, `203.0.113.7,2h,"'=HYPERLINK(""http://x"")",active,`) && !strings.Contains(table.body, `203.0.113.7,1h59m`) {
		t.Errorf("got %s", table.body)
	}
	if strings.Contains(table.body, ",=") || strings.Contains(table.body, `,"=`) || !strings.Contains(table.Header.Get("Content-Disposition"), "tocsin-blocks.csv") {
		t.Errorf("got %v %s", table.Header, table.body)
	}
	short := h.block("203.0.113.10")
	h.want(200, "PATCH", short, `{"ttl":"1m"}`) // what is left of it is less than the least that import takes
	if r := h.want(200, "GET", blocksBase+"/export?format=csv&target=203.0.113.10", ""); !strings.Contains(r.body, "203.0.113.10,1m,") {
		t.Errorf("got %s", r.body)
	}
	h.want(200, "DELETE", short, "")
	file := h.want(200, "GET", blocksBase+"/export?state=open&format=json", "")
	if file.get("items.#").Int() != 3 || file.get("items.2.reason").Str != `=HYPERLINK("http://x")` {
		t.Errorf("got %s", file.body)
	}
	want := exportedReasons(h)
	h.want(200, "POST", blocksBase+"/undo", `{"last":100}`)
	for contentType, body := range map[string]string{"text/csv": table.body, "application/json": file.body} {
		if r := h.want(200, "POST", blocksBase+"/import", body, as(contentType)); became(r) != "blocked blocked blocked" {
			t.Errorf("%s comes back as %s", contentType, r.body)
		}
		if got := exportedReasons(h); got != want {
			t.Errorf("%s: got %s, want %s", contentType, got, want)
		}
		h.want(200, "POST", blocksBase+"/undo", `{"last":100}`)
	}
	h.want(422, "GET", blocksBase+"/export?format=xml", "")
	h.want(422, "GET", blocksBase+"/export?target=x", "")
}

// exportedReasons are the targets and reasons of active blocks, whatever their order.
func exportedReasons(h *hub) string {
	all := map[string]string{}
	for _, x := range h.want(200, "GET", blocksBase+"?state=active", "").get("items").Array() {
		all[x.Get("target").Str] = x.Get("reason").Str
	}
	return fmt.Sprint(all)
}
