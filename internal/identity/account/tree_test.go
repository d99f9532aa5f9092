package account

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// TestRandomChanges makes, moves, closes and opens accounts at random, and holds every answer of the tree against a
// model that is nothing but a map of parents.
func TestRandomChanges(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t)
		ctx := context.Background()
		model := map[event.Account]store.Account{event.DefaultAccount: {Name: event.DefaultAccount}}
		name := rapid.Map(rapid.IntRange(0, 11), func(n int) event.Account {
			if n == 0 {
				return event.DefaultAccount
			}
			return event.Account(fmt.Sprint("a", n))
		})
		for range rapid.IntRange(1, 60).Draw(rt, "steps") {
			a, parent := name.Draw(rt, "account"), name.Draw(rt, "parent")
			if rapid.Bool().Draw(rt, "no parent") {
				parent = ""
			}
			m, exists := model[a]
			n, p := string(a), string(parent)
			switch rapid.IntRange(0, 3).Draw(rt, "step") {
			case 0:
				_, err := w.Create(ctx, Input{Name: &n, Parent: &p})
				if err == nil {
					if exists {
						rt.Fatalf("%s was made twice", a)
					}
					model[a] = store.Account{Name: a, Parent: parent}
				}
			case 1:
				_, err := w.Update(ctx, a, 0, Input{Parent: &p})
				circle := parent != "" && (a == parent || slices.Contains(chain(model, parent), a))
				_, isField := form.AsErrors(err)
				if circle && exists && err == nil {
					rt.Fatalf("%s below %s makes a circle", a, parent)
				}
				if err != nil && !circle && !isField && !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrOperator) {
					rt.Fatal(err)
				}
				if err == nil {
					m.Parent = parent
					model[a] = m
				}
			case 2, 3:
				change := w.Close
				if rapid.Bool().Draw(rt, "reopen") {
					change = w.Reopen
				}
				if got, err := change(ctx, a, 0); err == nil {
					m.ClosedAt = got.ClosedAt
					model[a] = m
				} else if exists && !errors.Is(err, ErrOperator) {
					rt.Fatal(err)
				}
			}
			agree(rt, w.Tree(), model)
		}
		again, broken := NewTree(w.All())
		if len(broken) > 0 {
			rt.Fatalf("broken: %v", broken)
		}
		agree(rt, again, model)
	})
}

// chain follows parents in the model.
func chain(model map[event.Account]store.Account, name event.Account) (list []event.Account) {
	for up := model[name].Parent; up != ""; up = model[up].Parent {
		if list = append(list, up); len(list) > len(model) {
			panic("a circle in the model")
		}
	}
	return list
}

func agree(t *rapid.T, tree *Tree, model map[event.Account]store.Account) {
	if len(tree.All()) != len(model) {
		t.Fatalf("%d accounts, want %d", len(tree.All()), len(model))
	}
	for name, m := range model {
		parents := chain(model, name)
		if diff := cmp.Diff(parents, tree.Parents(name)); diff != "" {
			t.Fatalf("parents of %s: %s", name, diff)
		}
		open := m.ClosedAt.IsZero()
		for _, p := range parents {
			open = open && model[p].ClosedAt.IsZero()
		}
		if tree.IsOpen(name) != open {
			t.Fatalf("%s open: %v", name, !open)
		}
		var below []event.Account
		for other := range model {
			within := other == name || slices.Contains(chain(model, other), name)
			if tree.Within(other, name) != within {
				t.Fatalf("%s within %s: %v", other, name, !within)
			}
			if within && other != name {
				below = append(below, other)
			}
			if got := MayManage(name, false, other, tree); got != (within && other != name) {
				t.Fatalf("%s may manage %s: %v", name, other, got)
			}
		}
		slices.Sort(below)
		if diff := cmp.Diff(below, tree.Descendants(name)); diff != "" {
			t.Fatalf("below %s: %s", name, diff)
		}
		if tree.HasChildren(name) != (len(below) > 0) {
			t.Fatalf("%s has children: %v", name, len(below) == 0)
		}
	}
}

func TestPlan(t *testing.T) {
	t.Parallel()
	w := newWorld(t).family()
	for name, want := range map[event.Account]string{"acme": "pro", "emea": "pro", "uk": "free", "de": "pro", "other": "", "default": "", "nobody": ""} {
		if got := w.Plan(name); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestMay(t *testing.T) {
	t.Parallel()
	tree := newWorld(t).family().Tree()
	for _, c := range []struct {
		actor                   event.Account
		operator                bool
		target                  event.Account
		manage, see, placeBelow bool
	}{
		{"acme", false, "acme", false, true, true},
		{"acme", false, "uk", true, true, true},
		{"uk", false, "emea", false, false, false},
		{"uk", false, "de", false, false, false},
		{"other", false, "acme", false, false, false},
		{"default", false, "acme", false, false, false}, // an account like others to who is not its administrator
		{"default", true, "acme", true, true, true},
		{"default", true, "default", true, true, true},
		{"default", true, "nobody", false, false, true},
		{"acme", false, "nobody", false, false, false},
		{"nobody", false, "nobody", false, false, false},
		{"acme", false, "", false, false, false},
		{"default", true, "", false, false, true},
	} {
		if got := MayManage(c.actor, c.operator, c.target, tree); got != c.manage {
			t.Errorf("%s (%v) manages %q: %v", c.actor, c.operator, c.target, got)
		}
		if got := MaySee(c.actor, c.operator, c.target, tree); got != c.see {
			t.Errorf("%s (%v) sees %q: %v", c.actor, c.operator, c.target, got)
		}
		if got := MayPlace(c.actor, c.operator, c.target, tree); got != c.placeBelow {
			t.Errorf("%s (%v) places below %q: %v", c.actor, c.operator, c.target, got)
		}
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	w := newWorld(t).family()
	for _, c := range []struct {
		within event.Account
		want   []event.Account
	}{
		{"", []event.Account{"acme", "de", "default", "emea", "other", "uk"}},
		{"acme", []event.Account{"acme", "de", "emea", "uk"}},
		{"uk", []event.Account{"uk"}},
		{"nobody", nil},
	} {
		for limit := 1; limit < 8; limit++ {
			var got []event.Account
			p := store.Page{Limit: limit}
			for {
				list, next, err := w.List(c.within, p)
				if err != nil {
					t.Fatal(err)
				}
				for _, a := range list {
					got = append(got, a.Name)
				}
				if p.After = next; next == "" {
					break
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("within %q by %d: %s", c.within, limit, diff)
			}
		}
	}
	for _, cursor := range []string{"x", "????", "YWNjb3VudDo", "YWNjb3VudDpBQ01F"} {
		if _, _, err := w.List("", store.Page{After: cursor}); !errors.Is(err, store.ErrCursor) {
			t.Errorf("%s: %v", cursor, err)
		}
	}
}

// TestBrokenTree: rows that this package would not have written must not hang it, and are taken for closed.
func TestBrokenTree(t *testing.T) {
	t.Parallel()
	tree, broken := NewTree([]store.Account{
		{Name: "a", Parent: "b"}, {Name: "b", Parent: "a"}, {Name: "below", Parent: "a"}, {Name: "self", Parent: "self"},
		{Name: "orphan", Parent: "missing"}, {Name: "fine"},
	})
	if diff := cmp.Diff([]event.Account{"a", "b", "below", "orphan", "self"}, broken); diff != "" {
		t.Error(diff)
	}
	for _, name := range broken {
		if tree.IsOpen(name) || len(tree.Parents(name)) > 0 || len(tree.Descendants(name)) > 0 {
			t.Errorf("%s", name)
		}
	}
	if !tree.IsOpen("fine") {
		t.Error("one that is not broken")
	}
	w := newWorld(t)
	for _, a := range []store.Account{{Name: "a", Parent: "b", Version: 1}, {Name: "b", Parent: "a", Version: 1}} {
		w.store.accounts[a.Name] = a
	}
	if err := w.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err := w.Create(t.Context(), input(`{"name":"c","parent":"a"}`))
	paths(t, err)
	if _, err := w.Update(t.Context(), "a", 0, input(`{"parent":null}`)); err != nil || !w.Within("b", "a") {
		t.Errorf("it cannot be mended: %v", err)
	}
}

func BenchmarkOpen(b *testing.B) {
	w := newWorld(b).family()
	b.ReportAllocs()
	for b.Loop() {
		w.IsOpen("uk")
		w.Plan("uk")
	}
}

func BenchmarkChangeOneOf10000(b *testing.B) {
	list := make([]store.Account, MaxAccounts)
	for n := range list {
		list[n] = store.Account{Name: event.Account(fmt.Sprintf("account-%05d", n))}
		if n >= 10 {
			list[n].Parent = list[n/10].Name
		}
	}
	for b.Loop() {
		if _, broken := NewTree(list); len(broken) > 0 {
			b.Fatal(broken)
		}
	}
}
