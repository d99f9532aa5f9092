package harness_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/harness"
	"github.com/tocsin-hub/tocsin/internal/harness/torture"
)

// The short form of "make torture": a few rounds with the real hub.
const (
	shortRounds = 4
	shortDamage = 2
	shortRate   = 1500
)

// buildHub builds the hub with failpoints, once for all tests.
var buildHub = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "tocsin-hub-")
	if err != nil {
		return "", err
	}
	built = dir
	return harness.Build(context.Background(), dir, "failpoint", false)
})

var built string

func TestMain(m *testing.M) {
	code := m.Run()
	if built != "" {
		_ = os.RemoveAll(built)
	}
	os.Exit(code)
}

func hub(t *testing.T) *harness.Process {
	t.Helper()
	if testing.Short() {
		t.Skip("runs the real hub for half a minute; left out with -short")
	}
	bin, err := buildHub()
	if err != nil {
		t.Fatal(err)
	}
	addr, err := harness.FreeAddr(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	return &harness.Process{
		Binary: bin, DataDir: filepath.Join(dir, "data"), Listen: addr, Log: filepath.Join(dir, "hub.log"), Env: torture.SmallJournal(),
	}
}

// TestTorture kills the hub under load and with moody receivers, and accounts for every event.
func TestTorture(t *testing.T) {
	h := hub(t)
	seed := uint64(time.Now().UnixNano())
	var out strings.Builder
	r, err := torture.Run(t.Context(), torture.Config{
		Hub: h, Rounds: shortRounds, Seed: seed, Rate: shortRate, Kills: 2, Life: torture.DefaultLife, Window: torture.DefaultWindow,
		DrainTime: time.Minute, ReadyTime: 30 * time.Second, Out: &out,
	})
	_ = r.Print(&out)
	t.Logf("seed %d\n%s", seed, out.String())
	if err != nil || r.Err() != nil {
		t.Fatalf("%v\n%v\nthe hub's log is %s", err, r.Err(), keep(t, h.Log))
	}
}

// TestDamage flips bits in the hub's journal.
func TestDamage(t *testing.T) {
	for i := range shortDamage {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			h := hub(t)
			seed := uint64(time.Now().UnixNano())
			r, err := torture.RunDamage(t.Context(), torture.DamageConfig{
				Hub: h, DataDir: h.DataDir, Log: h.Log, Seed: seed, Events: 6000, DrainTime: time.Minute, ReadyTime: 30 * time.Second,
			})
			t.Logf("seed %d: %s", seed, r.Line())
			if err != nil || r.Err() != nil {
				t.Fatalf("%v\n%v\nthe hub's log is %s", err, r.Err(), keep(t, h.Log))
			}
		})
	}
}

// keep saves a file from the end of the test.
func keep(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		return err.Error()
	}
	to, err := os.CreateTemp("", "tocsin-torture-*.log") //nolint:usetesting // it is to outlive the test
	if err != nil {
		return err.Error()
	}
	defer to.Close()
	if _, err := to.Write(b); err != nil {
		return err.Error()
	}
	return to.Name()
}
