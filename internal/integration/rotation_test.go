package integration

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tidwall/gjson"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

func TestReminders(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 23, 59, 0, 0, time.UTC)
	for _, tt := range []struct {
		rotateBy, said, want string
	}{
		{"", "", ""},
		{"soon", "", ""},
		{"2026-03-16", "", ""}, // 15 days
		{"2026-03-15", "", "14 2026-03-15"},
		{"2026-03-15", "2026-03-15", ""},
		{"2026-03-15", "2026-03-14", "14 2026-03-15"}, // a date that was moved
		{"2026-03-15", "2026-03-14/past", "14 2026-03-15"},
		{"2026-03-01", "", "0 2026-03-01"},
		{"2026-03-01", "2026-03-01", ""},
		{"2026-02-28", "", "-1 2026-02-28/past"},
		{"2026-02-28", "2026-02-28", "-1 2026-02-28/past"},
		{"2026-02-28", "2026-02-28/past", ""},
		{"2020-01-01", "", "-2251 2020-01-01/past"},
	} {
		got := ""
		for _, r := range reminders([]store.Integration{{RotateBy: tt.rotateBy, RotationSaid: tt.said}}, now) {
			got += fmt.Sprintf("%d %s", r.days, r.said())
		}
		if got != tt.want {
			t.Errorf("%s, said %q: got %q, want %q", tt.rotateBy, tt.said, got, tt.want)
		}
	}
	if got := reminders([]store.Integration{{RotateBy: "2026-03-01", DeletedAt: now}}, now); len(got) != 0 {
		t.Error("a deleted one is announced")
	}
	if got := reminders([]store.Integration{{RotateBy: "2026-03-01"}, {RotateBy: "2026-03-02"}}, now.In(time.FixedZone("far east", 13*3600))); len(got) != 2 || got[0].days != 0 {
		t.Errorf("the day depends on the zone: %+v", got)
	}
}

func TestRemind(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	now := f.Now()
	f.Service.Now = func() time.Time { return now }
	i := f.create(t, `{"rotate_by":"2026-03-11","owner":"siem\u00a0team"}`)
	off := f.create(t, `{"name":"Off","enabled":false,"rotate_by":"2026-03-12"}`)
	f.create(t, `{"name":"Later","rotate_by":"2027-01-01"}`)
	f.heard(t)
	round := func(want ...string) {
		t.Helper()
		if err := f.Remind(t.Context()); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, s := range f.heard(t) {
			e := gjson.ParseBytes(s.Event)
			if s.Type != saidExpiring || e.Get("data.integration").Str != s.Origin || s.Account != account {
				t.Errorf("fact %+v", s)
			}
			got = append(got, fmt.Sprintf("%s %s %s %s", e.Get("data.name").Str, e.Get("severity").Str, e.Get("status").Str, e.Get("data.days_left")))
			if _, err := event.Parse(s.Event, account, now, event.DefaultLimits()); err != nil {
				t.Error(err)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", now, diff)
		}
	}
	round("Main medium expiring 10", "Off medium expiring 11")
	round()
	now = now.AddDate(0, 0, 10)
	round()
	now = now.AddDate(0, 0, 1)
	round("Main high expired -1")
	round()
	if _, err := f.Update(t.Context(), account, i.ID, 0, []byte(`{"rotate_by":"2026-03-20"}`)); err != nil {
		t.Fatal(err)
	}
	f.heard(t)
	round("Main medium expiring 8")
	for _, id := range []event.ID{i.ID, off.ID} {
		now, err := f.Get(t.Context(), account, id)
		if err != nil || now.Enabled != (id == i.ID) {
			t.Errorf("a date changed whether it is on: %v", err)
		}
	}
}
