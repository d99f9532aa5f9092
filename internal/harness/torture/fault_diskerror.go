package torture

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/failpoint"
	"github.com/tocsin-hub/tocsin/internal/harness"
)

// diskErrorFault has one write or sync of the journal fail. The hub must acknowledge nothing more, end with the reason,
// and start again whole. (While it prepares a file, a full disk is no reason to end.)
func diskErrorFault() Fault {
	return Fault{
		Name: "disk-error", What: "EIO or ENOSPC at the k-th write or sync of the journal", Long: 60, Short: 1, run: runDiskError,
	}
}

// Reaching the fault, and ending because of it.
const (
	faultTime = 2 * time.Second
	endTime   = 40 * time.Second // the hub's own shutdown and a bit
)

func runDiskError(ctx context.Context, b *Bench, row *Row, rounds int) error {
	ends := map[string]int{}
	err := b.on(ctx, row, stand{unsure: true}, rounds, func(ctx context.Context, t *torture, _ int) error {
		at := failpoint.Disk[t.rng.IntN(len(failpoint.Disk))]
		kind := []string{"EIO", "ENOSPC"}[t.rng.IntN(2)]
		if err := t.stop(ctx); err != nil {
			return err
		}
		t.books.restarted()
		env := fmt.Sprintf("%s=error:%s@%d", at, kind, 1+t.rng.IntN(250))
		t.load.resume()
		ended, err := t.startFaulty(ctx, env)
		if err != nil {
			return err
		}
		if !ended {
			select {
			case <-t.Hub.Done():
				ended = true
			case <-t.failing(ctx):
				ended = t.ends(ctx, env)
			}
		}
		how := "went on"
		if ended {
			how = "ended"
			t.saysWhy(env, kind)
		} else if err := t.Hub.Kill(); err != nil {
			return err
		}
		ends[kind+" at "+at+": "+how]++
		t.books.restarted()
		if err := t.start(ctx, ""); err != nil {
			return err
		}
		return t.account(ctx)
	})
	row.note("%s", points(ends))
	return err
}

// startFaulty starts the hub with a fault that it may meet while it starts: then it has ended.
func (t *torture) startFaulty(ctx context.Context, env string) (ended bool, err error) {
	ready, cancel := context.WithTimeout(ctx, t.ReadyTime)
	defer cancel()
	_, err = t.Hub.Start(ready, failpoint.Env+"="+env)
	if errors.Is(err, harness.ErrEnded) {
		return true, nil
	}
	return false, err
}

// failing is closed when the hub says that it is not ready any more, or after faultTime.
func (t *torture) failing(ctx context.Context) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		for until := time.Now().Add(faultTime); time.Now().Before(until) && ctx.Err() == nil; sleep(ctx, dialPause) {
			if !harness.Ready(ctx, t.Hub.Addr()) {
				return
			}
		}
	}()
	return done
}

// ends waits for the hub's end if it is not ready any more; false if it goes on.
func (t *torture) ends(ctx context.Context, env string) bool {
	if harness.Ready(ctx, t.Hub.Addr()) {
		return false
	}
	select {
	case <-t.Hub.Done():
		return true
	case <-ctx.Done():
	case <-time.After(endTime):
		t.books.fail("does not end", "%s: it is not ready any more, and runs on for %v", env, endTime)
	}
	return false
}

// saysWhy checks that the hub ended by its own decision, with an error that names the reason.
func (t *torture) saysWhy(env, kind string) {
	reason := map[string]string{"EIO": "input/output error", "ENOSPC": "no space left on device"}[kind]
	switch err := t.Hub.Crash(); {
	case err == nil:
		t.books.fail("crash", "%s: it was killed", env)
	case strings.Contains(err.Error(), "panic:"), strings.Contains(err.Error(), "exit status 0"):
		t.books.fail("crash", "%s: %v", env, err)
	case !strings.Contains(err.Error(), reason):
		t.books.fail("no reason given", "%s: %v", env, err)
	}
}
