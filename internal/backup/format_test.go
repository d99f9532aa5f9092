package backup

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/journal"
	"github.com/tocsin-hub/tocsin/internal/seal"
	"github.com/tocsin-hub/tocsin/internal/store"
	"github.com/tocsin-hub/tocsin/internal/store/sqlite"
)

// withAlert is a world with an alert, folded up to a position.
func withAlert(t *testing.T) (*world, event.ID) {
	t.Helper()
	w := newWorld(t, filepath.Join(t.TempDir(), "data"))
	w.fill(0, 3)
	id := event.AlertID(event.DefaultAccount, "k")
	mark := w.journal.End()
	mark.Frame += 7 // further than any lane
	a := store.Alert{ID: id, Account: event.DefaultAccount, Key: "k", Title: "Ten failed logins", Status: event.AlertOpen}
	if err := w.store.SaveFold(t.Context(), store.Fold{Mark: mark, Alerts: []store.Alert{a}}); err != nil {
		t.Fatal(err)
	}
	return w, id
}

// found says whether a data directory has the alert, and finds it by its words.
func found(t *testing.T, dir string, id event.ID) bool {
	t.Helper()
	s, err := sqlite.Open(t.Context(), dir, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	_, err = s.GetAlert(t.Context(), event.DefaultAccount, id)
	page, listErr := s.ListAlerts(t.Context(), store.AlertQuery{Filter: store.AlertFilter{Account: event.DefaultAccount, Text: "failed"}, Sort: store.ByLastSeen})
	if listErr != nil || (len(page.Alerts) == 1) != (err == nil) {
		t.Errorf("%d alerts are found, %v", len(page.Alerts), listErr)
	}
	return err == nil
}

// TestAlertsAreInside: alerts are in an archive, with the words they are found by, and their mark counts.
func TestAlertsAreInside(t *testing.T) {
	t.Parallel()
	w, id := withAlert(t)
	end := w.journal.End()
	archive := w.backup(w.source())
	key := w.key()
	w.close()
	list := entries(t, archive)
	if !slices.ContainsFunc(list, func(e entry) bool { return e.header.Name == sqlite.CasesFile }) {
		t.Errorf("the archive has no %s", sqlite.CasesFile)
	}
	m, err := Verify(t.Context(), bytes.NewReader(archive), key, nil)
	if want := (journal.Position{Epoch: end.Epoch, Frame: end.Frame + 7}).String(); err != nil || m.Format != 2 || m.Journal.Mark != want {
		t.Errorf("%+v, %v: want the mark %s", m, err, want)
	}
	dir := filepath.Join(t.TempDir(), "restored")
	restore(t, archive, Target{Dir: dir, Key: key, PlaceKey: true})
	if !found(t, dir, id) {
		t.Error("the alert is lost")
	}
}

// TestFormat1: an archive from before there were alerts is restored, and alerts begin anew.
func TestFormat1(t *testing.T) {
	t.Parallel()
	w, id := withAlert(t)
	list := entries(t, w.backup(w.source()))
	w.close()
	var old []entry
	var size int64
	for _, e := range list {
		if e.header.Name == sqlite.CasesFile {
			size = int64(len(e.body))
			continue
		}
		old = append(old, e)
	}
	for _, i := range []int{0, len(old) - 1} {
		m, err := parseManifest(old[i].body)
		if err != nil {
			t.Fatal(err)
		}
		m.Format, m.Bytes, m.Count, m.Proof = 1, m.Bytes-size, m.Count-1, nil
		delete(m.Schemas, sqlite.CasesFile)
		m.Files = slices.DeleteFunc(m.Files, func(f File) bool { return f.Name == sqlite.CasesFile })
		if old[i].body, err = m.encode(); err != nil {
			t.Fatal(err)
		}
	}
	archive := archiveOf(t, old)
	if m, err := Verify(t.Context(), bytes.NewReader(archive), form.Secret{}, nil); err != nil || m.Format != 1 {
		t.Fatalf("%+v, %v", m, err)
	}
	dir := filepath.Join(t.TempDir(), "restored")
	restore(t, archive, Target{Dir: dir, WithoutKey: true})
	if found(t, dir, id) {
		t.Error("the alert is there")
	}
}

// TestWithoutAlerts: a data directory from before there were alerts can be backed up before a newer hub has opened it.
func TestWithoutAlerts(t *testing.T) {
	t.Parallel()
	w, _ := withAlert(t)
	w.close()
	if err := os.Remove(filepath.Join(w.dir, sqlite.CasesFile)); err != nil {
		t.Fatal(err)
	}
	offline, err := OpenOffline(t.Context(), w.dir, seal.Options{}, true)
	if err != nil {
		t.Fatal(err)
	}
	defer offline.Close()
	var archive bytes.Buffer
	m, err := Write(t.Context(), offline.Source, &archive)
	if err != nil || m.Format != 1 {
		t.Fatalf("%+v, %v", m, err)
	}
	restore(t, archive.Bytes(), Target{Dir: filepath.Join(t.TempDir(), "restored"), WithoutKey: true})
}
