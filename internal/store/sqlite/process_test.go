package sqlite_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"go.uber.org/goleak"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/journal"
	"github.com/tocsin-hub/tocsin/internal/store"
	"github.com/tocsin-hub/tocsin/internal/store/sqlite"
)

// Environment of the second process: the same test binary, in another role.
const (
	roleEnv = "TOCSIN_SQLITE_TEST_ROLE"
	dirEnv  = "TOCSIN_SQLITE_TEST_DIR"
)

func TestMain(m *testing.M) {
	switch os.Getenv(roleEnv) {
	case "settle":
		settleForever(os.Getenv(dirEnv))
	case "create-key":
		createKey(os.Getenv(dirEnv))
	default:
		goleak.VerifyTestMain(m)
	}
}

func second(ctx context.Context, role, dir string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append(os.Environ(), roleEnv+"="+role, dirEnv+"="+dir)
	cmd.Stderr = os.Stderr
	return cmd
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// numberedTick is a tick whose rows all belong to number n.
func numberedTick(n uint64) store.Tick {
	var id event.ID
	binary.BigEndian.PutUint64(id[8:], n+1)
	mark := journal.Position{Epoch: 1, Frame: n}
	return store.Tick{
		Tail:     &store.TailMark{Mark: mark},
		Lanes:    []store.LaneRow{{Integration: event.ID{15: 1}, Account: "a", Mark: mark}},
		Packs:    []store.Pack{{Account: "a", Integration: event.ID{15: 1}, Lo: mark, Hi: mark}},
		Attempts: []store.Attempt{{ID: id, Account: "a", Integration: event.ID{15: 1}}},
		Park: []store.Parked{{
			Delivery: id, Account: "a", Integration: event.ID{15: 1}, State: store.StateParked, Position: mark, Record: make([]byte, 3000),
		}},
	}
}

// settleForever saves ticks and says so, until it is killed.
func settleForever(dir string) {
	ctx := context.Background()
	s, err := sqlite.Open(ctx, dir, sqlite.Options{})
	check(err)
	n := uint64(0)
	if tail, err := s.LoadTail(ctx); err == nil {
		n = tail.Mark.Frame
	}
	for {
		n++
		check(s.SaveTick(ctx, numberedTick(n)))
		fmt.Println(n)
	}
}

func createKey(dir string) {
	s, err := sqlite.Open(context.Background(), dir, sqlite.Options{})
	check(err)
	check(s.CreateKey(context.Background(), store.Key{ID: event.NewID(), Account: "a", Hash: [32]byte{7}}))
	check(s.Close())
}

// TestKilled kills a process that settles, several times, and looks for every tick that it said was saved.
func TestKilled(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	said := uint64(0)
	for round := range 3 {
		cmd := second(t.Context(), "settle", dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for n := 0; n < 20+round*41 && lines.Scan(); n++ {
			if _, err := fmt.Sscan(lines.Text(), &said); err != nil {
				t.Fatalf("the other process said %q", lines.Text())
			}
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		for lines.Scan() { // what it said before it died
			_, _ = fmt.Sscan(lines.Text(), &said)
		}
		_ = cmd.Wait()
		checkNumbered(t, dir, said)
	}
}

// checkNumbered wants every tick up to said, and of a later one all or nothing.
func checkNumbered(t *testing.T, dir string, said uint64) {
	t.Helper()
	s, err := sqlite.Open(t.Context(), dir, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	tail, err := s.LoadTail(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	n := tail.Mark.Frame
	if n < said || said == 0 {
		t.Fatalf("the tail is at %d, and %d was said to be saved", n, said)
	}
	lanes, err := s.LoadLanes(t.Context())
	if err != nil || len(lanes) != 1 || lanes[0].Mark != tail.Mark {
		t.Fatalf("lanes %v (%v), want one at %s", lanes, err, tail.Mark)
	}
	parked, err := s.LoadParked(t.Context(), event.ID{15: 1})
	if err != nil || len(parked) != int(n) {
		t.Fatalf("%d parked rows (%v), want %d", len(parked), err, n)
	}
	packs, err := s.PacksAbove(t.Context(), event.ID{15: 1}, journal.Position{})
	if err != nil || len(packs) != int(n) {
		t.Fatalf("%d packs (%v), want %d", len(packs), err, n)
	}
}

// TestSecondProcess makes a key with the command line's means while the hub settles.
func TestSecondProcess(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := sqlite.Open(t.Context(), dir, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	cmd := second(t.Context(), "create-key", dir)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for n := range uint64(30) {
		if err := s.SaveTick(t.Context(), numberedTick(n)); err != nil {
			t.Fatal(err)
		}
		if err := s.SetMeta(t.Context(), "n", fmt.Sprint(n)); err != nil {
			t.Fatal(err)
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	if k, err := s.KeyByHash(t.Context(), [32]byte{7}); err != nil || k.Account != "a" {
		t.Errorf("the other process's key: %v, %v", k, err)
	}
	if err := s.SetMeta(t.Context(), "after", "it"); err != nil {
		t.Errorf("writing after the other process has closed: %v", err)
	}
}
