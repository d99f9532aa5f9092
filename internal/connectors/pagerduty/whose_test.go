package pagerduty

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
)

// A sender chooses its numbers and keys as it likes, and so does an account below. Neither touches the page of an incident
// of the hub's, nor does a call about their pages touch that incident.
func TestNobodyElsesPage(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		account event.Account
		events  []string
		want    []string
	}{
		"a sender closes it": {"", []string{`{"type":"incident.closed","title":"x","incident":"INC-7"}`}, []string{"resolve tocsin/senders/INC-7"}},
		"a sender has one of that number": {"", []string{`{"type":"incident.created","title":"x","incident":"INC-7"}`, `{"type":"incident.closed","title":"x","incident":"INC-7"}`},
			[]string{"trigger tocsin/senders/INC-7", "resolve tocsin/senders/INC-7"}},
		"an alert of that key": {"", []string{said("alert.created", "INC-7", ""), said("alert.resolved", "INC-7", "")},
			[]string{"trigger tocsin/alerts/INC-7", "resolve tocsin/alerts/INC-7"}},
		"an account below": {"acme", []string{`{"type":"incident.closed","title":"x","incident":"INC-7"}`}, []string{"resolve tocsin/@acme/INC-7"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, hooks)
			b.says(`{"type":"incident.created","title":"x","incident":"INC-7"}`)
			for _, raw := range tt.events {
				r := parse(t, raw)
				if tt.account != "" {
					r.Account = tt.account
					r.Flags |= event.Internal
				}
				if err := b.Send(t.Context(), connector.Delivery{Key: "dlv_1", Record: r, Attempt: 1}); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(append([]string{"trigger INC-7"}, tt.want...), b.actions()); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff([]string{"resolve INC-7"}, asks(b.receives(hook{ID: "1", Type: "incident.resolved", Incident: "P7", Key: "INC-7"}))); diff != "" {
				t.Error(diff)
			}
		})
	}
	b := newBench(t, hooks)
	b.sends(`{"type":"incident.created","title":"x","incident":"INC-7"}`)
	if got := asks(b.receives(hook{ID: "1", Type: "incident.resolved", Incident: "P7", Key: "INC-7"})); len(got) != 0 {
		t.Errorf("a call about a sender's incident asks for %v of the hub's", got)
	}
	b.says(`{"type":"incident.created","title":"x","incident":"INC-7"}`, `{"type":"incident.closed","title":"x","incident":"INC-7"}`)
	if diff := cmp.Diff([]string{"trigger INC-7", "trigger tocsin//INC-7", "resolve tocsin//INC-7"}, b.actions()); diff != "" {
		t.Error(diff)
	}
}
