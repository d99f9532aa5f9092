package app

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// TestResponseMetrics: what blocks, responders and response rules are doing can be watched.
func TestResponseMetrics(t *testing.T) {
	t.Parallel()
	o := newHouse(t)
	o.must("parent", "POST", "/api/v1/integrations", `{"kind":"responder","name":"edge","settings":{"url":"https://127.0.0.1:1/","signing_secret":"`+sourceSecret+`"}}`)
	id := o.must("parent", "GET", "/api/v1/responders", "").Get("items.0.id").Str
	o.must("parent", "POST", "/api/v1/blocks", `{"target":"203.0.113.7","reason":"x"}`)
	o.must("parent", "POST", "/api/v1/response-policy/kill-switch", `{"on":true}`)
	text := o.call("GET", "/metrics", "", "X-API-Key", o.keys[event.DefaultAccount]).body
	for _, line := range []string{
		`tocsin_blocks{account="parent",state="active"} 1`,
		fmt.Sprintf(`tocsin_block_placements{account="parent",integration=%q,kind="responder",state="requested"} 1`, id),
		fmt.Sprintf(`tocsin_responder_failing{account="parent",integration=%q,kind="responder"} 0`, id),
		`tocsin_response_kill_switch{account="parent"} 1`,
		"tocsin_response_rules_behind_frames 0", "tocsin_response_rules_looked_total 0", "tocsin_response_rules_matched_total 0", "tocsin_response_rules_lost_total 0",
	} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("the metrics lack %s", line)
		}
	}
}
