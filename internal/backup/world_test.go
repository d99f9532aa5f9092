package backup

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/journal"
	"github.com/tocsin-hub/tocsin/internal/journal/embedded"
	"github.com/tocsin-hub/tocsin/internal/seal"
	"github.com/tocsin-hub/tocsin/internal/store"
	"github.com/tocsin-hub/tocsin/internal/store/sqlite"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// account is whose events the tests write.
const account = event.Account("acme")

// world is a hub's data directory in use, without the hub.
type world struct {
	t       *testing.T
	dir     string
	store   *sqlite.Store
	journal *journal.Journal
	sealer  *seal.Sealer
}

// segmentBytes makes several segments of a few hundred events; maxBytes are ten of them.
const (
	segmentBytes = 16 << 10
	maxBytes     = 10 * segmentBytes
)

func newWorld(t *testing.T, dir string) *world {
	t.Helper()
	w := &world{t: t, dir: dir}
	var err error
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, formatName), []byte("tocsin data, format 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if w.sealer, err = seal.Open(dir, seal.Options{}); err != nil {
		t.Fatal(err)
	}
	if w.store, err = sqlite.Open(t.Context(), dir, sqlite.Options{}); err != nil {
		t.Fatal(err)
	}
	floor, err := sqlite.HighestMark(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	w.journal, err = embedded.Open(t.Context(), filepath.Join(dir, journalDir), embedded.Options{
		SegmentBytes: segmentBytes, Options: journal.Options{Floor: floor, MinFree: -1, MaxBytes: maxBytes},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.close)
	return w
}

func (w *world) close() {
	if w.store == nil {
		return
	}
	if err := w.journal.Close(context.Background()); err != nil {
		w.t.Error(err)
	}
	if err := w.store.Close(); err != nil {
		w.t.Error(err)
	}
	w.store = nil
}

// append makes one event durable, and moves the tail's mark behind it.
func (w *world) append(n int) error {
	r := &event.Record{
		ID: event.NewID(), Account: account, Type: "alert.created", Time: time.Unix(1, 0).UTC(), Received: time.Unix(2, 0).UTC(),
		Body: fmt.Appendf(nil, `{"n":%d}`, n),
	}
	pos, err := w.journal.Append(context.Background(), journal.Append{Account: account, Records: []*event.Record{r}})
	if err != nil {
		return err
	}
	mark := journal.Position{Epoch: pos.Epoch, Frame: pos.Frame + 1}
	return w.store.SaveTick(context.Background(), store.Tick{Tail: &store.TailMark{Mark: mark, State: []byte("{}")}})
}

func (w *world) fill(from, to int) {
	w.t.Helper()
	for n := from; n < to; n++ {
		if err := w.append(n); err != nil {
			w.t.Fatal(err)
		}
	}
}

// fillBytes appends until the journal takes more than that on disk.
func (w *world) fillBytes(bytes int64) {
	w.t.Helper()
	for n := 0; w.journal.Stats().Bytes <= bytes; n++ {
		if err := w.append(n); err != nil {
			w.t.Fatal(err)
		}
	}
}

// bodies are those of all events in the journal.
func (w *world) bodies() map[string]bool {
	w.t.Helper()
	list := map[string]bool{}
	first, last := w.journal.Bounds()
	for n := first; n <= last && n > 0; n++ {
		f, err := w.journal.Read(w.t.Context(), n)
		if err != nil {
			w.t.Fatal(err)
		}
		for i := range f.Sections {
			records, err := f.Sections[i].Records()
			if err != nil {
				w.t.Fatal(err)
			}
			for _, r := range records {
				list[string(r.Body)] = true
			}
		}
	}
	return list
}

func (w *world) source() Source {
	return Source{DataDir: w.dir, Hold: Holder(w.journal), Sealer: w.sealer, Version: "1.2.3"}
}

func (w *world) key() form.Secret {
	w.t.Helper()
	text, err := os.ReadFile(filepath.Join(w.dir, seal.KeyFile))
	if err != nil {
		w.t.Fatal(err)
	}
	return form.NewSecret(string(text))
}

func (w *world) backup(s Source) []byte {
	w.t.Helper()
	var out bytes.Buffer
	if _, err := Write(w.t.Context(), s, &out); err != nil {
		w.t.Fatal(err)
	}
	return out.Bytes()
}
