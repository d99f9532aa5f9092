package segment_test

import (
	"context"
	"testing"

	"go.uber.org/goleak"

	"github.com/tocsin-hub/tocsin/internal/journal"
	"github.com/tocsin-hub/tocsin/internal/journal/journaltest"
	"github.com/tocsin-hub/tocsin/internal/journal/segment"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// small makes several segments of a few dozen short records.
const small = 640

// unsynced leaves syncs out, for tests that never lose power.
type unsynced struct{ segment.FS }

type unsyncedFile struct{ segment.File }

func (u unsynced) Create(name string) (segment.File, error) {
	f, err := u.FS.Create(name)
	return unsyncedFile{f}, err
}

func (u unsynced) Open(name string, write bool) (segment.File, error) {
	f, err := u.FS.Open(name, write)
	return unsyncedFile{f}, err
}

func (unsynced) SyncDir() error  { return nil }
func (unsyncedFile) Sync() error { return nil }
func (unsyncedFile) Drop() error { return nil }

func open(dir string) (journal.Log, error) {
	l, err := segment.Open(context.Background(), dir, segment.Options{SegmentBytes: small, MaxOpen: 2})
	if err != nil {
		return nil, err
	}
	return l, nil
}

func fast(dir string) (journal.Log, error) {
	l, err := segment.Open(context.Background(), dir, segment.Options{SegmentBytes: small, MaxOpen: 2, FS: unsynced{segment.DirFS(dir)}})
	if err != nil {
		return nil, err
	}
	return l, nil
}

func TestConformance(t *testing.T) { journaltest.Run(t, open, fast) }

func TestJournal(t *testing.T) { journaltest.RunJournal(t, open, fast) }
