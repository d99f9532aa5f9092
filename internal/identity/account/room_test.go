package account

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

func TestIsOperator(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		who  act.Actor
		want bool
	}{
		{act.System("x"), true},
		{act.Actor{Kind: act.KindLocal}, true},
		{act.Actor{Kind: act.KindKey, Account: event.DefaultAccount, Admin: true}, true},
		{act.Actor{Kind: act.KindUser, Account: event.DefaultAccount}, false},
		{act.Actor{Kind: act.KindUser, Account: "acme", Admin: true}, false},
		{act.Actor{}, false},
	} {
		if got := isOperator(c.who); got != c.want {
			t.Errorf("%+v: %v", c.who, got)
		}
	}
}

// treeOf makes accounts: so many below each of the named parents, and the parents themselves below the default account.
func treeOf(below map[event.Account]int) *Tree {
	list := []store.Account{{Name: event.DefaultAccount}}
	for parent, n := range below {
		list = append(list, store.Account{Name: parent, Parent: event.DefaultAccount})
		up := parent
		for i := range n {
			a := store.Account{Name: event.Account(fmt.Sprint(parent, "-", i)), Parent: up}
			if list = append(list, a); i == 0 { // the others are one level deeper
				up = a.Name
			}
		}
	}
	t, _ := NewTree(list)
	return t
}

func TestRoom(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		below  map[event.Account]int
		parent event.Account
		others string // why others than the operator are refused; empty: they are not
		all    bool   // the operator is refused too
	}{
		"one is left below":         {map[event.Account]int{"a": MaxBelow - 1}, "a-3", "", false},
		"none is left below":        {map[event.Account]int{"a": MaxBelow}, "a", "at most 500", false},
		"none is left, deeper":      {map[event.Account]int{"a": MaxBelow}, "a-3", "at most 500", false},
		"another tree is full":      {map[event.Account]int{"a": MaxBelow, "b": 1}, "b", "", false},
		"one is left for everybody": {map[event.Account]int{"a": MaxAccounts - Reserved - 4, "b": 0}, "b", "", false},
		"only the reserve is left":  {map[event.Account]int{"a": MaxAccounts - Reserved - 3, "b": 0}, "b", "only its operator", false},
		"full":                      {map[event.Account]int{"a": MaxAccounts - 3, "b": 0}, "b", "10000 accounts", true},
	} {
		tree := treeOf(c.below)
		err := tree.room(c.parent, false)
		if (err == nil) != (c.others == "") || err != nil && (!errors.Is(err, ErrFull) || !strings.Contains(err.Error(), c.others)) {
			t.Errorf("%s: %v", name, err)
		}
		if err := tree.room(c.parent, true); (err != nil) != c.all {
			t.Errorf("%s, the operator: %v", name, err)
		}
	}
}

func TestCreateByTenant(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.create(`{"name":"acme","plan":"free"}`)
	for n := range MaxBelow {
		name := event.Account(fmt.Sprint("child-", n))
		w.store.accounts[name] = store.Account{Name: name, Parent: "acme", Version: 1}
	}
	if err := w.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	tenant := act.With(t.Context(), act.Actor{Kind: act.KindKey, Account: "acme", Admin: true})
	acts := len(w.recorder.acts)
	if _, err := w.Create(tenant, input(`{"name":"more","parent":"child-1"}`)); !errors.Is(err, ErrFull) {
		t.Fatal(err)
	}
	if _, ok := w.Get("more"); ok || len(w.recorder.acts) != acts {
		t.Error("it was made")
	}
	operator := act.With(t.Context(), act.Actor{Kind: act.KindKey, Account: event.DefaultAccount, Admin: true})
	if _, err := w.Create(operator, input(`{"name":"more","parent":"child-1"}`)); err != nil {
		t.Fatal(err)
	}
}

func TestPlanOwner(t *testing.T) {
	t.Parallel()
	tree, _ := NewTree([]store.Account{
		{Name: event.DefaultAccount},
		{Name: "acme", Plan: "pro"}, {Name: "emea", Parent: "acme"}, {Name: "uk", Parent: "emea", Plan: "free"},
		{Name: "leeds", Parent: "uk"}, {Name: "de", Parent: "emea"},
		{Name: "mssp", Parent: event.DefaultAccount}, {Name: "client", Parent: "mssp"}, {Name: "site", Parent: "client"},
		{Name: "lost", Parent: "nobody"}, {Name: "x", Parent: "y", Plan: "pro"}, {Name: "y", Parent: "x"},
	})
	for name, want := range map[event.Account][2]event.Account{
		event.DefaultAccount: {event.DefaultAccount, event.DefaultAccount},
		"acme":               {"acme", "acme"}, "emea": {"acme", "acme"}, "uk": {"uk", "acme"}, "leeds": {"uk", "acme"}, "de": {"acme", "acme"},
		"mssp": {"mssp", "mssp"}, "client": {"mssp", "mssp"}, "site": {"mssp", "mssp"},
		"lost": {"lost", "lost"}, "x": {"x", "x"}, "y": {"y", "y"}, "unknown": {"unknown", "unknown"},
	} {
		if got := [2]event.Account{tree.PlanOwner(name), tree.Top(name)}; got != want {
			t.Errorf("%s: owner and top %v, want %v", name, got, want)
		}
	}
	tree, _ = NewTree([]store.Account{{Name: event.DefaultAccount, Plan: "pro"}, {Name: "a", Parent: event.DefaultAccount}})
	if got := tree.PlanOwner("a"); got != event.DefaultAccount {
		t.Errorf("below a default account with a plan: %s", got)
	}
}
