package route

import (
	"slices"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/event/expr"
)

// maxMemo bounds how many event types an account's index remembers the candidates of. Senders choose types, so the
// memory must not grow with them.
const maxMemo = 4096

// Class is the group of one account's integrations that share the same type filters. An event that the filters do not
// want is counted here once, however many integrations share them, which is what makes an idle integration cheap.
type Class struct {
	// Missed counts events whose type the filters do not want.
	Missed uint64

	key     string
	sub     Subscription // only Types is used
	members int
}

// Key identifies the class within its account, also across restarts.
func (c *Class) Key() string { return c.key }

// Index finds the integrations that want an event. T is what the caller keeps for each. It is not safe for concurrent
// use: the tail owns it.
type Index[T any] struct {
	accounts map[event.Account]*accountIndex[T]
	view     expr.View // of the event at hand, shared by all who ask an expression about it
}

type accountIndex[T any] struct {
	entries []*Entry[T]
	classes map[string]*Class
	memo    map[string]*candidates[T]
}

// Entry is one integration in the index of one account.
type Entry[T any] struct {
	Value T
	Class *Class // nil for an integration of an account above

	id  string
	sub Subscription
}

// candidates is what the index remembers of one event type.
type candidates[T any] struct {
	entries []*Entry[T]
	missing []*Class
	above   []*Entry[T] // integrations of accounts above whose type filters do not want it
}

// NewIndex is an empty index.
func NewIndex[T any]() *Index[T] {
	return &Index[T]{accounts: map[event.Account]*accountIndex[T]{}}
}

// Add puts an integration in and returns its entry.
func (x *Index[T]) Add(account event.Account, id string, sub Subscription, value T) *Entry[T] {
	a := x.account(account)
	class := a.class(classKey(sub.Types), sub)
	class.members++
	e := &Entry[T]{Value: value, Class: class, id: id, sub: sub}
	a.entries = append(a.entries, e)
	clear(a.memo)
	return e
}

// Follow puts an integration of an account above into the index of this account and returns its entry. It is in no
// class: every event of the account is offered to it, with the reason when it is filtered.
func (x *Index[T]) Follow(account event.Account, id string, sub Subscription, value T) *Entry[T] {
	a := x.account(account)
	e := &Entry[T]{Value: value, id: id, sub: sub}
	a.entries = append(a.entries, e)
	clear(a.memo)
	return e
}

// Remove takes an entry out. Its class goes with the last member.
func (x *Index[T]) Remove(account event.Account, e *Entry[T]) {
	a := x.account(account)
	a.entries = slices.DeleteFunc(a.entries, func(other *Entry[T]) bool { return other == e })
	if e.Class != nil {
		e.Class.members--
		if e.Class.members == 0 {
			delete(a.classes, e.Class.key)
		}
	}
	clear(a.memo)
	if len(a.entries) == 0 {
		delete(x.accounts, account)
	}
}

// Match offers the record to every integration of its account that may want it, and to those that follow it from above:
// want is called with Wanted or with the reason why the event is filtered. The account's own integrations whose type
// filters do not want it are only counted in their class.
func (x *Index[T]) Match(r *event.Record, want func(*Entry[T], Reason)) {
	a := x.accounts[r.Account]
	if a == nil {
		return
	}
	c := a.candidates(r.Type)
	for _, class := range c.missing {
		class.Missed++
	}
	shown := false
	for _, e := range c.entries {
		why := e.sub.explainRest(r, e.id)
		if why == Wanted && e.sub.Where != nil && !addressed(r) {
			if !shown {
				x.view.Reset(r)
				shown = true
			}
			why = e.sub.askWhere(&x.view)
		}
		want(e, why)
	}
	if shown {
		x.view.Reset(nil) // the event's frame may go
	}
	for _, e := range c.above {
		want(e, TypeFiltered)
	}
}

// Classes calls f for each class of each account.
func (x *Index[T]) Classes(f func(event.Account, *Class)) {
	for account, a := range x.accounts {
		for _, c := range a.classes {
			f(account, c)
		}
	}
}

func (x *Index[T]) account(name event.Account) *accountIndex[T] {
	a := x.accounts[name]
	if a == nil {
		a = &accountIndex[T]{classes: map[string]*Class{}, memo: map[string]*candidates[T]{}}
		x.accounts[name] = a
	}
	return a
}

func (a *accountIndex[T]) class(key string, sub Subscription) *Class {
	c := a.classes[key]
	if c == nil {
		c = &Class{key: key, sub: Subscription{Types: sub.Types}}
		a.classes[key] = c
	}
	return c
}

func (a *accountIndex[T]) candidates(eventType string) *candidates[T] {
	if c := a.memo[eventType]; c != nil {
		return c
	}
	c := new(candidates[T])
	for _, e := range a.entries {
		if e.sub.WantsType(eventType) {
			c.entries = append(c.entries, e)
		} else if e.Class == nil {
			c.above = append(c.above, e)
		}
	}
	for _, class := range a.classes {
		if !class.sub.WantsType(eventType) {
			c.missing = append(c.missing, class)
		}
	}
	if len(a.memo) >= maxMemo {
		clear(a.memo)
	}
	a.memo[strings.Clone(eventType)] = c
	return c
}

// ClassKey is the key of the class that an integration with this subscription belongs to.
func (s *Subscription) ClassKey() string { return classKey(s.Types) }

// classKey is the same for the same set of type filters.
func classKey(types []event.TypeFilter) string {
	texts := make([]string, len(types))
	for i, t := range types {
		texts[i] = string(t)
	}
	slices.Sort(texts)
	return strings.Join(slices.Compact(texts), " ")
}
