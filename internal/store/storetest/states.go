package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// most is how many states an integration may have in these tests.
const most = 5

func (s *suite) state(t *testing.T, account event.Account, id event.ID, key string, now time.Time) string {
	t.Helper()
	value, err := s.GetState(s.ctx, account, id, key, now)
	if errors.Is(err, store.ErrNotFound) {
		return "none"
	}
	must(t, err)
	return string(value)
}

func testStates(t *testing.T, s *suite) {
	id, second := event.NewID(), event.NewID()
	row := store.StateRow{Account: acme, Integration: id, Key: "thread/a", Value: []byte("1"), EndsAt: base.Add(time.Hour)}
	must(t, s.PutState(s.ctx, row, most))
	must(t, s.PutState(s.ctx, store.StateRow{Account: acme, Integration: id, Key: "forever"}, most))
	must(t, s.PutState(s.ctx, store.StateRow{Account: acme, Integration: second, Key: "thread/a", Value: []byte("2")}, most))
	s.reopen(t)
	for _, tt := range []struct {
		account event.Account
		id      event.ID
		key     string
		now     time.Time
		want    string
	}{
		{acme, id, "thread/a", base, "1"},
		{acme, id, "thread/a", base.Add(time.Hour), "none"}, // it has ended
		{acme, id, "forever", base.AddDate(50, 0, 0), ""},
		{acme, id, "thread/b", base, "none"},
		{acme, second, "thread/a", base, "2"},
		{other, id, "thread/a", base, "none"},
	} {
		if got := s.state(t, tt.account, tt.id, tt.key, tt.now); got != tt.want {
			t.Errorf("%s %s at %s: %q, want %q", tt.account, tt.key, tt.now, got, tt.want)
		}
	}
	row.Value, row.EndsAt = []byte("3"), time.Time{}
	must(t, s.PutState(s.ctx, row, most))
	if got := s.state(t, acme, id, "thread/a", base.AddDate(1, 0, 0)); got != "3" {
		t.Errorf("replaced: %q", got)
	}
	must(t, s.DeleteState(s.ctx, other, id, "thread/a"))
	must(t, s.DeleteState(s.ctx, acme, id, "not there"))
	if got := s.state(t, acme, id, "thread/a", base); got != "3" {
		t.Errorf("another account deleted it: %q", got)
	}
	must(t, s.DeleteState(s.ctx, acme, id, "thread/a"))
	if got := s.state(t, acme, id, "thread/a", base); got != "none" {
		t.Errorf("deleted: %q", got)
	}
	wantErr(t, "saving", s.PutState(s.ctx, store.StateRow{Integration: id, Key: "k"}, most), store.ErrInvalid)
	wantErr(t, "saving", s.PutState(s.ctx, store.StateRow{Account: acme, Key: "k"}, most), store.ErrInvalid)
}

func testStateAdd(t *testing.T, s *suite) {
	row := store.StateRow{Account: acme, Integration: event.NewID(), Key: "k", Value: []byte("1"), EndsAt: base.Add(time.Minute)}
	for i, tt := range []struct {
		now   time.Time
		added bool
		value string
	}{
		{base, true, "0"}, {base, false, "0"}, {base.Add(59 * time.Second), false, "0"}, {base.Add(time.Minute), true, "3"},
	} {
		row.Value, row.EndsAt = fmt.Append(nil, i), tt.now.Add(time.Minute)
		added, err := s.AddState(s.ctx, row, tt.now, most)
		must(t, err)
		if got := s.state(t, acme, row.Integration, "k", tt.now); added != tt.added || got != tt.value {
			t.Errorf("%d: added %v, value %q", i, added, got)
		}
	}
	forever := store.StateRow{Account: acme, Integration: row.Integration, Key: "f"}
	for i, want := range []bool{true, false} {
		if added, err := s.AddState(s.ctx, forever, base.AddDate(9, 0, i), most); err != nil || added != want {
			t.Errorf("without an end: %v, %v", added, err)
		}
	}
}

// Of an integration that has too many rows those go that end first, and nobody else's.
func testStatesAreBounded(t *testing.T, s *suite) {
	id, second := event.NewID(), event.NewID()
	must(t, s.PutState(s.ctx, store.StateRow{Account: acme, Integration: second, Key: "k", EndsAt: base.Add(time.Second)}, most))
	must(t, s.PutState(s.ctx, store.StateRow{Account: acme, Integration: id, Key: "forever"}, most))
	for i := range 20 {
		r := store.StateRow{Account: acme, Integration: id, Key: fmt.Sprint(i), EndsAt: base.Add(time.Duration(i) * time.Minute)}
		if i%2 == 1 {
			_, err := s.AddState(s.ctx, r, base, most)
			must(t, err)
			continue
		}
		must(t, s.PutState(s.ctx, r, most))
	}
	var have []string
	for i := range 20 {
		if s.state(t, acme, id, fmt.Sprint(i), base.Add(-time.Hour)) == "" {
			have = append(have, fmt.Sprint(i))
		}
	}
	if diff := cmp.Diff([]string{"16", "17", "18", "19"}, have); diff != "" {
		t.Error(diff)
	}
	if s.state(t, acme, id, "forever", base) != "" || s.state(t, acme, second, "k", base) != "" {
		t.Error("what has no end, or is another integration's, went")
	}
	for i := range most {
		err := s.PutState(s.ctx, store.StateRow{Account: acme, Integration: second, Key: fmt.Sprint("forever", i)}, most)
		must(t, err)
	}
	wantErr(t, "one more without an end", s.PutState(s.ctx, store.StateRow{Account: acme, Integration: second, Key: "one more"}, most), store.ErrInvalid)
	must(t, s.PutState(s.ctx, store.StateRow{Account: acme, Integration: second, Key: "forever1", Value: []byte("new")}, most))
	// What is written stays, even if it ends first of all.
	must(t, s.PutState(s.ctx, store.StateRow{Account: acme, Integration: id, Key: "soon", EndsAt: base.Add(time.Second)}, most))
	if s.state(t, acme, id, "soon", base) != "" || s.state(t, acme, id, "16", base) != "none" {
		t.Error("what was just written went")
	}
}

func testStatesPrune(t *testing.T, s *suite) {
	id := event.NewID()
	for i := range 10 {
		must(t, s.PutState(s.ctx, store.StateRow{Account: acme, Integration: id, Key: fmt.Sprint(i), EndsAt: base.Add(time.Duration(i) * time.Minute)}, 100))
	}
	for _, want := range []int{3, 2, 0} {
		if n, err := s.PruneStates(s.ctx, base.Add(4*time.Minute), 3); err != nil || n != want {
			t.Errorf("pruned %d, %v: want %d", n, err, want)
		}
	}
	if s.state(t, acme, id, "5", base.Add(-time.Hour)) != "" || s.state(t, acme, id, "4", base.Add(-time.Hour)) != "none" {
		t.Error("another row went")
	}
	// The count of rows is right after pruning: the bound holds again.
	for i := range 10 {
		must(t, s.PutState(s.ctx, store.StateRow{Account: acme, Integration: id, Key: fmt.Sprint("n", i), EndsAt: base.Add(time.Hour)}, most))
	}
	if s.state(t, acme, id, "9", base) != "none" {
		t.Error("the bound does not hold after pruning")
	}
}

func (s *suite) ticket(id event.ID, n int) store.Ticket {
	return store.Ticket{
		Account: acme, Integration: id, Subject: fmt.Sprintf("INC-%d", n), Ref: fmt.Sprint(1000 + n), Key: fmt.Sprintf("SEC-%d", n), URL: "https://x.example.com",
		Status: "Open", Closed: n%2 == 1, Assignee: "dana@example.com", SyncedAt: base, By: "tocsin", Error: "none", State: []byte(`{"hash":"x"}`),
	}
}

func testTickets(t *testing.T, s *suite) {
	id, second := event.NewID(), event.NewID()
	var all []store.Ticket
	for n := range 6 {
		all = append(all, s.ticket(id, n))
		must(t, s.SaveTicket(s.ctx, all[n]))
	}
	their := s.ticket(second, 3)
	must(t, s.SaveTicket(s.ctx, their))
	s.reopen(t)
	got, err := s.TicketOfSubject(s.ctx, acme, id, "INC-3")
	must(t, err)
	if diff := cmp.Diff(all[3], got); diff != "" {
		t.Error(diff)
	}
	got, err = s.TicketOfRef(s.ctx, acme, second, "1003")
	must(t, err)
	if diff := cmp.Diff(their, got); diff != "" {
		t.Error(diff)
	}
	for _, id := range []event.ID{event.NewID(), id} {
		_, err = s.TicketOfSubject(s.ctx, other, id, "INC-3")
		wantErr(t, "reading", err, store.ErrNotFound)
		_, err = s.TicketOfRef(s.ctx, other, id, "1003")
		wantErr(t, "reading", err, store.ErrNotFound)
	}
	of, err := s.TicketsOf(s.ctx, acme, "INC-3")
	must(t, err)
	if len(of) != 2 || of[0].Integration != id || of[1].Integration != second {
		t.Errorf("of INC-3: %+v", of)
	}
	if of, err := s.TicketsOf(s.ctx, other, "INC-3"); err != nil || len(of) != 0 {
		t.Errorf("of another account: %+v, %v", of, err)
	}
	changed := all[3]
	changed.Status, changed.Closed, changed.Ref, changed.State = "Done", true, "77", nil
	must(t, s.SaveTicket(s.ctx, changed))
	_, err = s.TicketOfRef(s.ctx, acme, id, "1003")
	wantErr(t, "reading", err, store.ErrNotFound)
	got, err = s.TicketOfRef(s.ctx, acme, id, "77")
	must(t, err)
	if diff := cmp.Diff(changed, got); diff != "" {
		t.Error(diff)
	}
	must(t, s.DeleteTicket(s.ctx, other, id, "INC-3"))
	must(t, s.DeleteTicket(s.ctx, acme, id, "INC-99"))
	must(t, s.DeleteTicket(s.ctx, acme, id, "INC-3"))
	_, err = s.TicketOfSubject(s.ctx, acme, id, "INC-3")
	wantErr(t, "reading", err, store.ErrNotFound)
}

// One ticket over there is of one subject here, and no other account's integration takes it.
func testTicketsAreUnique(t *testing.T, s *suite) {
	id := event.NewID()
	must(t, s.SaveTicket(s.ctx, s.ticket(id, 1)))
	twice := s.ticket(id, 2)
	twice.Ref = s.ticket(id, 1).Ref
	wantErr(t, "saving", s.SaveTicket(s.ctx, twice), store.ErrConflict)
	if got, err := s.TicketOfRef(s.ctx, acme, id, twice.Ref); err != nil || got.Subject != "INC-1" {
		t.Errorf("the ticket is of %q now, %v", got.Subject, err)
	}
	stolen := s.ticket(id, 1)
	stolen.Account, stolen.Status = other, "Stolen"
	wantErr(t, "saving", s.SaveTicket(s.ctx, stolen), store.ErrConflict)
	if got, err := s.TicketOfSubject(s.ctx, acme, id, "INC-1"); err != nil || got.Status != "Open" {
		t.Errorf("another account changed it: %+v, %v", got, err)
	}
}

func testTicketList(t *testing.T, s *suite) {
	id := event.NewID()
	for n := range 7 {
		must(t, s.SaveTicket(s.ctx, s.ticket(id, n)))
	}
	var subjects []string
	for after := ""; ; {
		list, err := s.ListTickets(s.ctx, acme, id, after, false, 3)
		must(t, err)
		if len(list) == 0 {
			break
		}
		for _, v := range list {
			subjects = append(subjects, v.Subject)
		}
		after = list[len(list)-1].Subject
	}
	if diff := cmp.Diff([]string{"INC-0", "INC-1", "INC-2", "INC-3", "INC-4", "INC-5", "INC-6"}, subjects); diff != "" {
		t.Error(diff)
	}
	open, err := s.ListTickets(s.ctx, acme, id, "INC-1", true, 10)
	must(t, err)
	if len(open) != 3 || open[0].Subject != "INC-2" || open[2].Subject != "INC-6" {
		t.Errorf("open ones after the first: %+v", open)
	}
	if list, err := s.ListTickets(s.ctx, other, id, "", false, 10); err != nil || len(list) != 0 {
		t.Errorf("of another account: %+v, %v", list, err)
	}
}

func testForgetIntegration(t *testing.T, s *suite) {
	id, second := event.NewID(), event.NewID()
	for _, id := range []event.ID{id, second} {
		must(t, s.PutState(s.ctx, store.StateRow{Account: acme, Integration: id, Key: "k"}, most))
		must(t, s.SaveTicket(s.ctx, s.ticket(id, 1)))
	}
	must(t, s.ForgetIntegration(s.ctx, other, id))
	if s.state(t, acme, id, "k", base) != "" {
		t.Error("another account forgot it")
	}
	must(t, s.ForgetIntegration(s.ctx, acme, id))
	if s.state(t, acme, id, "k", base) != "none" || s.state(t, acme, second, "k", base) != "" {
		t.Error("not the right states went")
	}
	_, err := s.TicketOfSubject(s.ctx, acme, id, "INC-1")
	wantErr(t, "reading", err, store.ErrNotFound)
	_, err = s.TicketOfSubject(s.ctx, acme, second, "INC-1")
	must(t, err)
}
