package backup_test

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/backup"
	"github.com/tocsin-hub/tocsin/internal/client"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/harness"
	"github.com/tocsin-hub/tocsin/internal/seal"
)

// acknowledged are the ids of events that a hub has taken.
type acknowledged struct {
	mu  sync.Mutex
	ids []string
}

func (a *acknowledged) add(ids ...string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ids = append(a.ids, ids...)
}

func (a *acknowledged) all() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]string{}, a.ids...)
}

func startHub(t *testing.T, p *harness.Process) *client.Client {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if _, err := p.Start(ctx); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Kill() })
	hub, err := client.New("http://"+p.Addr(), form.NewSecret(harness.AdminKey))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(hub.Close)
	return hub
}

// TestHubUnderLoad: a hub is backed up over its API while it takes events in; a hub on the restored directory has every
// event that was acknowledged before, and its books are right.
func TestHubUnderLoad(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("builds and runs the real hub")
	}
	dir := t.TempDir()
	bin, err := harness.Build(t.Context(), dir, "", false)
	if err != nil {
		t.Fatal(err)
	}
	addr, err := harness.FreeAddr(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	p := &harness.Process{
		Binary: bin, DataDir: filepath.Join(dir, "data"), Listen: addr, Log: filepath.Join(dir, "hub.log"),
		Env: []string{"TOCSIN_JOURNAL_SEGMENT_BYTES=1MiB", "TOCSIN_JOURNAL_BALLAST_BYTES=off"},
	}
	hub := startHub(t, p)
	if err := hub.Do(t.Context(), http.MethodPost, "/api/v1/integrations", map[string]any{
		"kind": "capture", "name": "inbox", "settings": map[string]any{}, "subscription": map[string]any{"types": []string{"*"}},
	}, nil); err != nil {
		t.Fatal(err)
	}
	const before = 400
	var taken acknowledged
	enough, stop := make(chan struct{}), make(chan struct{})
	var senders sync.WaitGroup
	var reached sync.Once
	for range 4 {
		senders.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				var answer struct{ IDs []string }
				event := map[string]any{"type": "alert.created", "title": string(bytes.Repeat([]byte("x"), 2000))}
				if err := hub.Do(t.Context(), http.MethodPost, "/api/v1/events", event, &answer); err != nil {
					t.Error(err)
					return
				}
				if taken.add(answer.IDs...); len(taken.all()) >= before {
					reached.Do(func() { close(enough) })
				}
			}
		})
	}
	select {
	case <-enough:
	case <-time.After(30 * time.Second):
		close(stop)
		t.Fatal("the hub takes nothing in")
	}
	known := taken.all()
	var archive bytes.Buffer
	err = hub.Stream(t.Context(), "/api/v1/backup", backup.MediaType, &archive)
	close(stop)
	senders.Wait()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Kill(); err != nil {
		t.Fatal(err)
	}
	key, err := os.ReadFile(filepath.Join(p.DataDir, seal.KeyFile))
	if err != nil {
		t.Fatal(err)
	}
	p.DataDir = filepath.Join(dir, "restored")
	report, err := backup.Restore(t.Context(), &archive, backup.Target{Dir: p.DataDir, Key: form.NewSecret(string(key)), PlaceKey: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d acknowledged before, %d in all; %s bytes in %d files", len(known), len(taken.all()), strconv.FormatInt(report.Manifest.Bytes, 10), report.Manifest.Count)
	hub = startHub(t, p)
	for _, id := range known {
		if err := hub.Do(t.Context(), http.MethodGet, "/api/v1/events/"+id, nil, nil); err != nil {
			t.Fatalf("%s, which was acknowledged before the backup: %v", id, err)
		}
	}
	var stats struct {
		Journalled uint64 `json:"journalled"`
		AddsUp     bool   `json:"adds_up"`
	}
	if err := hub.Do(t.Context(), http.MethodGet, "/api/v1/stats", nil, &stats); err != nil || !stats.AddsUp || stats.Journalled < before {
		t.Errorf("stats %+v, %v", stats, err)
	}
}
