package harness_test

import (
	"context"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/harness"
	"github.com/tocsin-hub/tocsin/internal/harness/torture"
)

// The short form of "make torture": each fault once or a few times, several at once, with the real hub.
const (
	shortRate   = 300 // events per second and fault
	shortAtOnce = 8   // they wait most of the time
)

// TestFaults does to the hub what can go wrong and accounts for every event.
func TestFaults(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the real hub for most of a minute; left out with -short")
	}
	dir := t.TempDir()
	bin, clock, err := harness.BuildFaulty(t.Context(), dir, false)
	if err != nil {
		t.Fatal(err)
	}
	if !clock {
		t.Log("package time is not as expected: the fault clock is left out")
	}
	bench := torture.Bench{
		Binary: bin, Dir: dir, Seed: uint64(time.Now().UnixNano()), Short: true, Rate: shortRate, Kills: 2,
		Life: torture.DefaultLife, Window: torture.DefaultWindow, DrainTime: time.Minute, ReadyTime: 30 * time.Second,
		Shared: os.Getenv("TOCSIN_SHARED"), Out: new(strings.Builder),
	}
	room := make(chan struct{}, shortAtOnce)
	var all sync.WaitGroup
	defer all.Wait()
	for _, f := range torture.Matrix() {
		all.Go(func() {
			room <- struct{}{}
			defer func() { <-room }()
			t.Run(f.Name, func(t *testing.T) { try(t, bench, f) })
		})
	}
}

// try runs one fault; the bench is its own copy.
func try(t *testing.T, b torture.Bench, f torture.Fault) {
	t.Helper()
	var out strings.Builder
	b.Out = &out
	row, err := b.Try(context.WithoutCancel(t.Context()), f, 0)
	t.Logf("seed %d\n%s%s\n%s", b.Seed, out.String(), row.Line(), strings.Join(row.Notes, "; "))
	if err == nil {
		err = row.Err()
	}
	if err != nil {
		t.Errorf("%v\nthe hub's log is %s", err, keep(t, b.Log(f.Name)))
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
