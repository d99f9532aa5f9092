package plan

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// children lets accounts use up the plan of another.
func (w *world) children(owner event.Account, names ...event.Account) *world {
	if w.owners == nil {
		w.owners = map[event.Account]event.Account{}
	}
	for _, name := range names {
		w.owners[name] = owner
	}
	return w
}

func TestSharedMonth(t *testing.T) {
	t.Parallel()
	w := newWorld(t).children("f", "f1", "f2")
	w.mustSend("f1", 60)
	w.mustSend("f", 10)
	var e *LimitError
	if _, err := w.send("f2", 31); !errors.As(err, &e) || e.Limit != EventsPerMonth || e.Plan != "free" {
		t.Fatalf("a child went past the plan: %v", err)
	}
	w.mustSend("f2", 30)
	if _, err := w.send("f", 1); err == nil {
		t.Error("the owner went past the plan")
	}
	w.Release("f1", 5, 0) // they were not journalled
	w.mustSend("f", 5)
	w.wantUsed("f", store.Usage{Month: "2026-11", Events: 15, Refused: 1})
	w.wantUsed("f1", store.Usage{Month: "2026-11", Events: 55})
	w.wantUsed("f2", store.Usage{Month: "2026-11", Events: 30, Refused: 31})
	w.tell(t.Context())
	w.tell(t.Context())
	if len(w.over) != 1 || w.over[0] != "f free" {
		t.Errorf("told %v, want the owner once", w.over)
	}

	w.journalled["f1"] -= 5
	w.save()
	w.restart()
	if _, err := w.send("f2", 1); err == nil {
		t.Error("a restart gave the month back")
	}
	w.pass(time.Hour)
	w.mustSend("f2", 100)
	if _, err := w.send("f1", 1); err == nil {
		t.Error("past the plan in the next month")
	}
}

func TestSharedMonthFlagged(t *testing.T) {
	t.Parallel()
	w := newWorld(t).children("p", "p1", "p2")
	w.mustSend("p1", 190)
	if over, err := w.send("p2", 15); err != nil || over != 5 {
		t.Errorf("%d over, %v", over, err)
	}
	w.save()
	w.mustSend("p", 3) // and then a crash
	w.mustSend("p1", 4)
	w.restart()
	w.wantUsed("p", store.Usage{Month: "2026-11", Events: 3, Over: 3})
	w.wantUsed("p1", store.Usage{Month: "2026-11", Events: 194, Over: 4})
	w.wantUsed("p2", store.Usage{Month: "2026-11", Events: 15, Over: 5})
	w.tell(t.Context()) // the children have events above the number, but it is the owner who crossed it
	w.mustSend("p2", 1)
	w.tell(t.Context())
	if len(w.over) != 1 || w.over[0] != "p paid" {
		t.Errorf("told %v", w.over)
	}
}

func TestSharedPace(t *testing.T) {
	t.Parallel()
	w := newWorld(t).children("s", "s1", "s2")
	w.mustSend("s1", 15)
	var e *LimitError
	if _, err := w.send("s2", 6); !errors.As(err, &e) || e.Limit != EventsPerSecond {
		t.Errorf("each child has a bucket of its own: %v", err)
	}
	w.mustSend("s2", 5)
}

// TestPlanChanges gives an account a limit in the middle of a month: what its tree sent before counts.
func TestPlanChanges(t *testing.T) {
	t.Parallel()
	w := newWorld(t).children("x", "x1")
	w.mustSend("x", 40)
	w.mustSend("x1", 50)
	w.plans["x"] = "free"
	w.mustSend("x1", 10)
	if _, err := w.send("x", 1); err == nil {
		t.Error("what was sent before the change of plan was forgotten")
	}
}

// TestSharedAtOnce sends from a whole tree at once, with restarts of none of it: together never more than the plan.
func TestSharedAtOnce(t *testing.T) {
	t.Parallel()
	var names []event.Account
	for n := range 8 {
		names = append(names, event.Account(fmt.Sprint("f", n)))
	}
	w := newWorld(t).children("f", names...)
	w.accounts = names
	var taken, released atomic.Int64
	var all sync.WaitGroup
	for _, name := range names {
		all.Go(func() {
			for n := range 60 {
				if _, err := w.Admit(name, 1+n%3); err != nil {
					continue
				}
				taken.Add(int64(1 + n%3))
				if n%10 == 0 {
					w.Release(name, 1, 0)
					released.Add(1)
				}
				_ = w.Save(t.Context())
			}
		})
	}
	all.Wait()
	sum := int64(0)
	for _, name := range names {
		sum += int64(w.used(name)[0].Events)
	}
	if want := taken.Load() - released.Load(); sum != want || sum > 100 || sum < 98 {
		t.Errorf("%d counted, %d taken", sum, want)
	}
}

// TestCrashOfANewAccount ends the hub before anything of an account was saved.
func TestCrashOfANewAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.plans["new"] = "free"
	w.accounts = []event.Account{"new", "quiet"}
	w.mustSend("new", 90)
	w.restart()
	w.wantUsed("new", store.Usage{Month: "2026-11", Events: 90})
	if _, err := w.send("new", 11); err == nil {
		t.Error("the crash gave the month back")
	}
	w.save()
	w.restart()
	w.wantUsed("new", store.Usage{Month: "2026-11", Events: 90, Refused: 11})

	// What the hub says about an account that never sends becomes its use only if nothing of it was ever saved.
	w.accounts = append(w.accounts, "later")
	w.journalled["quiet"], w.journalled["later"] = 7, 3
	w.save()
	w.restart()
	w.wantUsed("quiet", store.Usage{Month: "2026-11"})
	w.wantUsed("later", store.Usage{Month: "2026-11"})
	w.pass(time.Hour)
	w.wantUsed("later", store.Usage{Month: "2026-12"}) // and a month of nothing is not shown
}
