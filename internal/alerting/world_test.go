package alerting

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/journal"
	"github.com/tocsin-hub/tocsin/internal/journal/embedded"
	"github.com/tocsin-hub/tocsin/internal/store"
	"github.com/tocsin-hub/tocsin/internal/store/sqlite"
)

// frail is a store that fails when it is told to.
type frail struct {
	*sqlite.Store

	mu sync.Mutex
	// fails gives the error of the next saves of folds that hold alerts. One that is errLost is saved all the same.
	fails []error
	// meanwhile is done once before the next change.
	meanwhile func()
}

var (
	errFrail = errors.New("the store fails")
	errLost  = errors.New("the store's answer is lost")
)

func (f *frail) SaveFold(ctx context.Context, fold store.Fold) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.fails) > 0 && len(fold.Alerts) > 0 {
		err := f.fails[0]
		f.fails = f.fails[1:]
		if errors.Is(err, errLost) {
			return errors.Join(err, f.Store.SaveFold(ctx, fold))
		}
		return err
	}
	return f.Store.SaveFold(ctx, fold)
}

func (f *frail) ChangeAlerts(ctx context.Context, writes []store.AlertWrite) error {
	f.mu.Lock()
	do := f.meanwhile
	f.meanwhile = nil
	f.mu.Unlock()
	if do != nil {
		do()
	}
	return f.Store.ChangeAlerts(ctx, writes)
}

// world is a journal, a store, and a service over them.
type world struct {
	t       testing.TB
	dir     string
	journal *journal.Journal
	store   *frail
	s       *Service
	rules   Rules
	now     func() time.Time

	cancel context.CancelFunc
	ended  chan struct{}
}

func newWorld(t testing.TB) *world {
	began := time.Now()
	w := &world{t: t, dir: t.TempDir(), now: func() time.Time { return minute(20_000).Add(time.Since(began)) }}
	w.open()
	t.Cleanup(w.close)
	return w
}

func (w *world) open() {
	w.t.Helper()
	ctx := context.WithoutCancel(w.t.Context())
	s, err := sqlite.Open(ctx, w.dir, sqlite.Options{})
	w.must(err)
	w.store = &frail{Store: s}
	w.journal, err = embedded.Open(ctx, filepath.Join(w.dir, "journal"), embedded.Options{Options: journal.Options{MinFree: 1}})
	w.must(err)
	w.s = New(Deps{Store: w.store, Journal: w.journal, Recorder: act.Discard{}, Rules: w.rules, Now: w.now})
}

func (w *world) close() {
	w.t.Helper()
	w.stop()
	w.must(errors.Join(w.journal.Close(context.Background()), w.store.Close()))
}

// run lets the service fold until stop.
func (w *world) run() {
	ctx, cancel := context.WithCancel(context.WithoutCancel(w.t.Context()))
	w.cancel, w.ended = cancel, make(chan struct{})
	go func() {
		defer close(w.ended)
		w.s.Run(ctx)
	}()
}

func (w *world) stop() {
	if w.cancel != nil {
		w.cancel()
		<-w.ended
		w.cancel = nil
	}
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// append journals events of an account.
func (w *world) append(account event.Account, records ...*event.Record) {
	w.t.Helper()
	for _, r := range records {
		r.Account = account
	}
	_, err := w.journal.Append(w.t.Context(), journal.Append{Account: account, Records: records})
	w.must(err)
}

// settled waits until everything is folded.
func (w *world) settled() {
	w.t.Helper()
	w.must(w.s.Sweep(w.t.Context(), w.journal.End()))
}

func (w *world) alert(account event.Account, key string) store.Alert {
	w.t.Helper()
	a, err := w.s.Get(w.t.Context(), account, event.AlertID(account, key))
	w.must(err)
	return a
}
