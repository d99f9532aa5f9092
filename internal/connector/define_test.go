package connector

import (
	"slices"
	"testing"

	"github.com/tocsin-hub/tocsin/internal/form"
)

type noSettings struct{}

func (*noSettings) Form(*form.Set) {}

// blockerOnly and both are instances that only their method sets matter of.
type (
	blockerOnly struct{ Blocker }
	both        struct {
		Sender
		Blocker
	}
)

// TestResponds: only a kind that blocks and does not send is a responder alone.
func TestResponds(t *testing.T) {
	t.Parallel()
	alone := Define(Kind{Name: "alone"}, func(*noSettings, Env) (blockerOnly, error) { return blockerOnly{}, nil })
	two := Define(Kind{Name: "two"}, func(*noSettings, Env) (both, error) { return both{}, nil })
	for _, tt := range []struct {
		d                       Definition
		sends, blocks, responds bool
	}{{alone, false, true, true}, {two, true, true, false}, {Definition{}, false, false, false}} {
		if d := tt.d; d.Sends() != tt.sends || d.Blocks != tt.blocks || d.Responds() != tt.responds {
			t.Errorf("%s: sends %t, blocks %t, responds %t", d.Kind.Name, d.Sends(), d.Blocks, d.Responds())
		}
	}
}

func TestGroup(t *testing.T) {
	t.Parallel()
	for category, want := range map[string]string{
		CategoryResponse: GroupResponse, "siem": GroupExport, "webhook": GroupExport, "storage": GroupExport, "chat": GroupNotifications,
		"paging": GroupNotifications, "email": GroupNotifications, "ticketing": GroupTicketing, "testing": GroupTesting,
	} {
		if got := (Kind{Category: category}).Group(); got != want || !slices.Contains(Groups(), got) {
			t.Errorf("%s: %s, want %s", category, got, want)
		}
	}
}
