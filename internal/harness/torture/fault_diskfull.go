package torture

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/tocsin-hub/tocsin/internal/harness"
	"github.com/tocsin-hub/tocsin/internal/harness/wire"
)

// diskFullFault lets the file system of the data directory run low, then full, under load. Senders are answered 503 with
// Retry-After, what is taken already goes on, nothing that was acknowledged is lost, and with room again all goes on.
func diskFullFault() Fault {
	return Fault{
		Name: "disk-full", What: "the file system runs low, then full (a small tmpfs), some rounds with a kill; then there is room again",
		Long: 30, Short: 1, run: runDiskFull,
	}
}

// Sizes of the file system, in bytes. The hub keeps 512 MiB free (journal.DefaultMinFree).
const (
	smallDisk = 720 << 20
	lowDisk   = 300 << 20 // free
)

// mountSmall mounts a file system of smallDisk bytes; errCannotMount if that is not permitted here.
func mountSmall(ctx context.Context, dir string) (unmount func() error, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making a directory: %w", err)
	}
	out, err := exec.CommandContext(ctx, "mount", "-t", "tmpfs", "-o", fmt.Sprintf("size=%d", smallDisk), "tocsin-torture", dir).CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("%w: %w: %s", errCannotMount, err, out)
	}
	return func() error {
		if out, err := exec.Command("umount", dir).CombinedOutput(); err != nil { //nolint:noctx // it must be done, whatever ended
			return fmt.Errorf("unmounting %s: %w: %s", dir, err, out)
		}
		return nil
	}, nil
}

var errCannotMount = errors.New("mounting a small file system is not possible here (it takes root)")

func runDiskFull(ctx context.Context, b *Bench, row *Row, rounds int) (err error) {
	dir := filepath.Join(b.folder(row.Fault), "small")
	unmount, err := mountSmall(ctx, dir)
	if errors.Is(err, errCannotMount) {
		row.Skipped = errCannotMount.Error()
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unmount()) }()
	ballast := filler{path: filepath.Join(dir, "filler")}
	s := stand{rate: b.Rate / 2, prepare: func(p *harness.Process) { p.DataDir = filepath.Join(dir, "data") }}
	return b.on(ctx, row, s, rounds, func(ctx context.Context, t *torture, number int) error {
		t.loaded(ctx, mannerTime)
		if err := ballast.leave(lowDisk); err != nil {
			return err
		}
		if err := t.mustRefuse(ctx, "the disk is low"); err != nil {
			return err
		}
		if ok, err := t.settled(ctx, aloneTime, everyLane); err != nil || !ok {
			t.books.fail("held up", "with a low disk, deliveries do not go on (%v)", err)
		}
		if err := ballast.leave(0); err != nil {
			return err
		}
		if err := t.mustRefuse(ctx, "the disk is full"); err != nil {
			return err
		}
		killed := number%3 == 2
		if killed {
			if err := t.Hub.Kill(); err != nil {
				return err
			}
			t.books.restarted()
		}
		if err := ballast.leave(smallDisk); err != nil {
			return err
		}
		if killed {
			if err := t.start(ctx, ""); err != nil {
				return err
			}
		}
		if err := t.mustTake(ctx); err != nil {
			return err
		}
		t.loaded(ctx, mannerTime)
		return t.account(ctx)
	})
}

// filler is a file that takes room away.
type filler struct{ path string }

// leave leaves that much of its file system free, or as much as there is without it.
func (f filler) leave(free int64) error {
	if err := os.Remove(f.path); err != nil && !os.IsNotExist(err) {
		return fmt.Errorf("making room: %w", err)
	}
	var s syscall.Statfs_t
	if err := syscall.Statfs(filepath.Dir(f.path), &s); err != nil {
		return fmt.Errorf("looking for room: %w", err)
	}
	need := int64(s.Bavail)*s.Bsize - free
	if need <= 0 {
		return nil
	}
	if free == 0 {
		need += smallDisk // whatever is freed meanwhile
	}
	out, err := os.Create(f.path)
	if err != nil {
		return fmt.Errorf("taking room: %w", err)
	}
	zeros := make([]byte, 1<<20)
	for size := len(zeros); need > 0 && size > 0; {
		n, err := out.Write(zeros[:min(int64(size), need)])
		need -= int64(n)
		if errors.Is(err, syscall.ENOSPC) {
			size /= 2 // the last bytes as well
		} else if err != nil {
			return errors.Join(fmt.Errorf("taking room: %w", err), out.Close())
		}
	}
	return out.Close()
}

// refuseTime bounds how long the hub may take to notice that the disk is low, or that it is not any more.
const refuseTime = 5 * time.Second

// mustRefuse waits until events are answered 503 with Retry-After.
func (t *torture) mustRefuse(ctx context.Context, why string) error {
	for until := time.Now().Add(refuseTime); ; sleep(ctx, dialPause) {
		status, retryAfter, err := t.tryOne(ctx)
		switch {
		case err == nil && status == 503 && retryAfter != "":
			return nil
		case err == nil && status == 503:
			t.books.fail("no Retry-After", "%s: 503 without it", why)
			return nil
		case !alive(t.Hub):
			t.books.fail("crash", "%s: %v", why, t.Hub.Crash())
			return t.start(ctx, "")
		case time.Now().After(until):
			t.books.fail("not refused", "%s, and events are answered %d (%v)", why, status, err)
			return nil
		case ctx.Err() != nil:
			return context.Cause(ctx)
		}
	}
}

// mustTake waits until events are taken.
func (t *torture) mustTake(ctx context.Context) error {
	for until := time.Now().Add(refuseTime); ; sleep(ctx, dialPause) {
		status, _, err := t.tryOne(ctx)
		switch {
		case status == 202:
			return nil
		case !alive(t.Hub):
			t.books.fail("crash", "%v", t.Hub.Crash())
			return t.start(ctx, "")
		case time.Now().After(until):
			t.books.fail("not taken", "there is room again, and events are answered %d (%v)", status, err)
			return nil
		case ctx.Err() != nil:
			return context.Cause(ctx)
		}
	}
}

// tryOne sends one event of its own, which goes into the books like those of the load.
func (t *torture) tryOne(ctx context.Context) (status int, retryAfter string, err error) {
	n := t.books.next(t.rng.IntN(workers))
	t.books.loosen(n) // its worker goes on meanwhile
	c, err := wire.Dial(ctx, t.Hub.Addr())
	if err != nil {
		return 0, "", err
	}
	defer c.Close()
	headers := []wire.Header{{Name: "X-API-Key", Value: harness.AdminKey}, {Name: "Content-Type", Value: "application/json"}}
	m, err := c.Do(wire.AppendRequest(nil, "POST", "/api/v1/events", t.Hub.Addr(), headers, t.books.plan.bytes(n)), answerTime)
	if err != nil {
		t.books.lose([]uint32{n}, true)
		return 0, "", err
	}
	if m.Status() == 202 {
		var a struct{ IDs []string }
		if err := json.Unmarshal(m.Body, &a); err != nil || len(a.IDs) != 1 {
			t.books.fail("bad answer", "202 with %.300q: %v", m.Body, err)
			return 202, "", nil
		}
		t.books.acknowledge(n, a.IDs[0])
	}
	return m.Status(), string(m.Get("Retry-After")), nil
}

// loosen notes that an event's place in its key's order is not certain.
func (b *books) loosen(n uint32) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.at(n).loose = true
}
