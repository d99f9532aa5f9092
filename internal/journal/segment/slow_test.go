package segment_test

import (
	"bytes"
	"testing"

	"github.com/tocsin-hub/tocsin/internal/journal/segment"
)

// stuck holds syncs up while gate is set.
type stuck struct {
	segment.FS
	state *stuckState
}

type stuckState struct {
	on      chan struct{} // closed: syncs wait
	entered chan struct{}
	gate    chan struct{} // closed: they go on
}

type stuckFile struct {
	segment.File
	state *stuckState
}

func (s stuck) Create(name string) (segment.File, error) {
	f, err := s.FS.Create(name)
	return stuckFile{f, s.state}, err
}

func (f stuckFile) Sync() error {
	select {
	case <-f.state.on:
		select {
		case f.state.entered <- struct{}{}:
		default:
		}
		<-f.state.gate
	default:
	}
	return f.File.Sync()
}

// TestSlowSync: while a sync hangs, everything that is durable can be read, and what is not yet cannot.
func TestSlowSync(t *testing.T) {
	t.Parallel()
	state := &stuckState{make(chan struct{}), make(chan struct{}, 1), make(chan struct{})}
	dir := t.TempDir()
	log, err := segment.Open(t.Context(), dir, segment.Options{SegmentBytes: 1024, FS: stuck{unsynced{segment.DirFS(dir)}, state}})
	if err != nil {
		t.Fatal(err)
	}
	const total = 60
	for n := uint64(1); n < total; n++ {
		if _, err := log.Append(t.Context(), record(n)); err != nil {
			t.Fatal(err)
		}
	}
	close(state.on)
	appended := make(chan error, 1)
	go func() {
		_, err := log.Append(t.Context(), record(total))
		appended <- err
	}()
	<-state.entered
	for n := uint64(1); n < total; n++ {
		if got, err := log.Read(t.Context(), n); err != nil || !bytes.Equal(got, record(n)) {
			t.Fatalf("record %d: %q, %v", n, got, err)
		}
	}
	if _, last := log.Bounds(); last != total-1 {
		t.Errorf("the last is %d while its sync hangs", last)
	}
	close(state.gate)
	if err := <-appended; err != nil {
		t.Fatal(err)
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
}
