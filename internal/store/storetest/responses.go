package storetest

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

func testResponsePolicies(t *testing.T, s *suite) {
	_, err := s.GetResponsePolicy(s.ctx, acme)
	wantErr(t, "a policy that was never saved", err, store.ErrNotFound)
	p := store.ResponsePolicy{Account: acme, Document: json.RawMessage(`{"kill_switch":true}`), UpdatedAt: at(1)}
	missing := p
	missing.Version = 1
	wantErr(t, "a version of none", s.SaveResponsePolicy(s.ctx, missing), store.ErrConflict)
	must(t, s.SaveResponsePolicy(s.ctx, p))
	wantErr(t, "a first one twice", s.SaveResponsePolicy(s.ctx, p), store.ErrConflict)
	p.Version, p.Document, p.UpdatedAt = 1, json.RawMessage(`{}`), at(2)
	must(t, s.SaveResponsePolicy(s.ctx, p))
	wantErr(t, "a stale version", s.SaveResponsePolicy(s.ctx, p), store.ErrConflict)
	p.Version = 2
	s.reopen(t)
	got, err := s.GetResponsePolicy(s.ctx, acme)
	must(t, err)
	same(t, "policy", got, p)
	must(t, s.SaveResponsePolicy(s.ctx, store.ResponsePolicy{Account: other, Document: json.RawMessage(`{}`)}))
	all, err := s.AllResponsePolicies(s.ctx)
	must(t, err)
	same(t, "policies of all accounts", len(all), 2)
	wantErr(t, "nobody's policy", s.SaveResponsePolicy(s.ctx, store.ResponsePolicy{}), store.ErrInvalid)
}

func testProtected(t *testing.T, s *suite) {
	p := store.Protected{
		ID: event.NewID(), Account: acme, Prefix: prefix("198.51.100.0/24"), Reason: "the office's way out", Author: "'", ExpiresAt: at(90), Version: 1,
		CreatedAt: at(1), UpdatedAt: at(2),
	}
	forever := p
	forever.ID, forever.Account, forever.Prefix, forever.ExpiresAt = event.NewID(), other, prefix("2001:db8::/32"), time.Time{}
	must(t, s.CreateProtected(s.ctx, p))
	must(t, s.CreateProtected(s.ctx, forever))
	for name, spoil := range map[string]func(*store.Protected){
		"without account": func(p *store.Protected) { p.Account = "" },
		"without reason":  func(p *store.Protected) { p.Reason = "" },
		"of no range":     func(p *store.Protected) { p.Prefix = netip.Prefix{} },
		"of IPv4 as IPv6": func(p *store.Protected) { p.Prefix = netip.PrefixFrom(netip.MustParseAddr("::ffff:192.0.2.1"), 128) },
	} {
		bad := p
		bad.ID = event.NewID()
		spoil(&bad)
		wantErr(t, "an entry "+name, s.CreateProtected(s.ctx, bad), store.ErrInvalid)
	}
	p.Prefix, p.Reason, p.Author, p.ExpiresAt, p.UpdatedAt = prefix("198.51.100.0/25"), "r", "a", at(91), at(9)
	must(t, s.UpdateProtected(s.ctx, p))
	wantErr(t, "a stale version", s.UpdateProtected(s.ctx, p), store.ErrConflict)
	p.Version = 2
	s.reopen(t)
	got, err := s.GetProtected(s.ctx, acme, p.ID)
	must(t, err)
	same(t, "entry", got, p)
	_, err = s.GetProtected(s.ctx, other, p.ID)
	wantErr(t, "another account's entry", err, store.ErrNotFound)
	foreign := p
	foreign.Account = other
	wantErr(t, "a change of another account's entry", s.UpdateProtected(s.ctx, foreign), store.ErrNotFound)
	wantErr(t, "the end of another account's entry", s.DeleteProtected(s.ctx, other, p.ID), store.ErrNotFound)
	all, err := s.AllProtected(s.ctx)
	must(t, err)
	same(t, "entries of all accounts", all, []store.Protected{p, forever})
	must(t, s.DeleteProtected(s.ctx, acme, p.ID))
	wantErr(t, "the second end of an entry", s.DeleteProtected(s.ctx, acme, p.ID), store.ErrNotFound)
}

func responseRule(account event.Account, name string) store.ResponseRule {
	return store.ResponseRule{
		ID: event.NewID(), Account: account, Name: name, Enabled: true, Mode: "shadow", Subscription: json.RawMessage(`{"types":["alert.*"]}`),
		Document: json.RawMessage(`{"ttl":"1h"}`), ShadowSince: at(3), Author: "?", Version: 1, CreatedAt: at(1), UpdatedAt: at(2),
	}
}

func testResponseRules(t *testing.T, s *suite) {
	r := responseRule(acme, "guessing")
	must(t, s.CreateResponseRule(s.ctx, r))
	wantErr(t, "a taken name", s.CreateResponseRule(s.ctx, responseRule(acme, "guessing")), store.ErrConflict)
	must(t, s.CreateResponseRule(s.ctx, responseRule(other, "guessing")))
	second := responseRule(acme, "another")
	must(t, s.CreateResponseRule(s.ctx, second))
	second.Name = "guessing"
	wantErr(t, "a taken name", s.UpdateResponseRule(s.ctx, second), store.ErrConflict)
	for name, bad := range map[string]store.ResponseRule{"without account": responseRule("", "x"), "without name": responseRule(acme, "")} {
		wantErr(t, "a rule "+name, s.CreateResponseRule(s.ctx, bad), store.ErrInvalid)
	}
	r.Name, r.Enabled, r.Mode, r.Subscription, r.Document = "g", false, "apply", json.RawMessage(`{}`), json.RawMessage(`[]`)
	r.ShadowSince, r.Author, r.UpdatedAt = time.Time{}, "!", at(9)
	must(t, s.UpdateResponseRule(s.ctx, r))
	wantErr(t, "a stale version", s.UpdateResponseRule(s.ctx, r), store.ErrConflict)
	r.Version = 2
	foreign := r
	foreign.Account = other
	wantErr(t, "another account's rule", s.UpdateResponseRule(s.ctx, foreign), store.ErrNotFound)
	s.reopen(t)
	got, err := s.GetResponseRule(s.ctx, acme, r.ID)
	must(t, err)
	same(t, "rule", got, r)
	_, err = s.GetResponseRule(s.ctx, other, r.ID)
	wantErr(t, "another account's rule", err, store.ErrNotFound)
	all, err := s.AllResponseRules(s.ctx)
	must(t, err)
	same(t, "rules of all accounts", len(all), 3)
	wantErr(t, "the end of another account's rule", s.DeleteResponseRule(s.ctx, other, r.ID), store.ErrNotFound)
	must(t, s.SaveRuleHits(s.ctx, []store.RuleHit{hit(r, 1)}, ""))
	must(t, s.DeleteResponseRule(s.ctx, acme, r.ID))
	wantErr(t, "the second end of a rule", s.DeleteResponseRule(s.ctx, acme, r.ID), store.ErrNotFound)
	same(t, "its hits", len(s.hits(t, r)), 0)
}

func hit(r store.ResponseRule, n int) store.RuleHit {
	return store.RuleHit{
		ID: event.NewID(), Account: r.Account, Rule: r.ID, Event: event.NewID(), Type: "alert.created", Target: "203.0.113.7", At: at(n), Mode: "shadow",
		Decision: "would_block", Detail: fmt.Sprint(n), Block: event.NewID(),
	}
}

func (s *suite) hits(t *testing.T, r store.ResponseRule) []store.RuleHit {
	t.Helper()
	return walk(t, store.MaxPage, func(p store.Page) ([]store.RuleHit, string, error) { return s.ListRuleHits(s.ctx, r.Account, r.ID, p) }, nil)
}

func testRuleHits(t *testing.T, s *suite) {
	mark, err := s.RuleMark(s.ctx)
	must(t, err)
	same(t, "the first mark", mark, "")
	r, q := responseRule(acme, "a"), responseRule(acme, "b")
	must(t, s.CreateResponseRule(s.ctx, r))
	must(t, s.CreateResponseRule(s.ctx, q))
	one, two := hit(r, 1), hit(r, 2)
	two.Block = event.ID{}
	must(t, s.SaveRuleHits(s.ctx, []store.RuleHit{one, two, hit(q, 3), hit(responseRule(acme, "gone"), 4)}, "m1"))
	again := one // after a crash the same event is looked at again
	again.ID, again.Decision = event.NewID(), "repeated"
	elsewhere := one
	elsewhere.ID, elsewhere.Target = event.NewID(), "203.0.113.8"
	must(t, s.SaveRuleHits(s.ctx, []store.RuleHit{again, elsewhere}, ""))
	s.reopen(t)
	same(t, "hits", s.hits(t, r), []store.RuleHit{elsewhere, two, one})
	same(t, "the other rule's", len(s.hits(t, q)), 1)
	foreign := r
	foreign.Account = other
	same(t, "another account's", len(s.hits(t, foreign)), 0)
	mark, err = s.RuleMark(s.ctx)
	must(t, err)
	same(t, "the mark after an empty one", mark, "m1")

	bad := hit(r, 5)
	bad.Account = ""
	wantErr(t, "nobody's hit", s.SaveRuleHits(s.ctx, []store.RuleHit{hit(r, 6), bad}, "m2"), store.ErrInvalid)
	mark, err = s.RuleMark(s.ctx)
	must(t, err)
	same(t, "the mark after a refused save", mark, "m1")
	same(t, "hits after a refused save", len(s.hits(t, r)), 3)
	must(t, s.SaveRuleHits(s.ctx, nil, "m3"))

	var want []store.RuleHit
	for n := range store.MaxRuleHits + 20 {
		want = append(want, hit(r, n))
	}
	for part := range slices.Chunk(want, 400) {
		must(t, s.SaveRuleHits(s.ctx, part, "m4"))
	}
	slices.Reverse(want)
	same(t, "the newest hits", s.hits(t, r), want[:store.MaxRuleHits])
	same(t, "the other rule's", len(s.hits(t, q)), 1)
	mark, err = s.RuleMark(s.ctx)
	must(t, err)
	same(t, "the last mark", mark, "m4")
	_, _, err = s.ListRuleHits(s.ctx, acme, r.ID, store.Page{After: "nope"})
	wantErr(t, "no cursor", err, store.ErrCursor)
}
