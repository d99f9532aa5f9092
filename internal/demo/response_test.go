package demo

import (
	"encoding/json"
	"testing"
)

// TestSettled: a second run does not wait for what somebody has connected to the workspace meanwhile.
func TestSettled(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		`{"state":"active","placements":[]}`:                                                                                       false,
		`{"state":"active","placements":[{"name":"edge-firewall","state":"applied"}]}`:                                             false,
		`{"state":"active","placements":[{"name":"edge-firewall","state":"verified"}]}`:                                            true,
		`{"state":"active","placements":[{"name":"edge-firewall","state":"covered"}]}`:                                             true,
		`{"state":"active","placements":[{"name":"their cloud","state":"failed"},{"name":"edge-firewall","state":"verified"}]}`:    true,
		`{"state":"active","placements":[{"name":"their cloud","state":"verified"},{"name":"edge-firewall","state":"requested"}]}`: false,
		`{"state":"pending_approval","placements":[]}`:                                                                             true,
	} {
		var b blocked
		if err := json.Unmarshal([]byte(text), &b); err != nil {
			t.Fatal(err)
		}
		if got := b.settled(); got != want {
			t.Errorf("%s: got %t, want %t", text, got, want)
		}
	}
}
