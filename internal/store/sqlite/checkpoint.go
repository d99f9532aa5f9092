package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"time"
)

// The write-ahead log is copied into the database by a connection of its own, beside the writes: a passive checkpoint
// takes no lock that a writer needs. But only a log that is copied to its end, and that nobody reads at that moment,
// begins anew instead of growing; so the last small rest is copied, and the reads that are under way are waited for,
// while the writer's turn is held.
const (
	// walPages is how many pages (4 KiB) may wait in the log before a checkpoint: 4 MiB.
	walPages = 1000
	// walRestPages is the most that is copied while writers wait: 1 MiB.
	walRestPages = 256
	// walPasses bounds the passes beside the writes; a writer that outruns them waits for the rest.
	walPasses = 4
	// walWait is how long writers may wait for reads to end. Reads here take milliseconds; another process may take
	// longer, and then the log grows by another walPages before the next attempt.
	walWait = 50 * time.Millisecond
	// walKeepBytes is the size the log file is cut back to after a burst.
	walKeepBytes = 16 << 20
	// walWarnPages is when a log that cannot begin anew is worth a warning: 256 MiB.
	walWarnPages = 65536
	// checkpointWarnEvery spaces the warnings out.
	checkpointWarnEvery = time.Minute
)

// checkpointer keeps one database's write-ahead log small.
type checkpointer struct {
	file    *file
	db      *sql.DB
	log     *slog.Logger
	wake    chan struct{}
	ctx     context.Context
	cancel  context.CancelFunc
	stopped chan struct{}
	warned  time.Time
}

func startCheckpointer(f *file, dsn string, log *slog.Logger) (*checkpointer, error) {
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	c := &checkpointer{file: f, db: db, log: log, wake: make(chan struct{}, 1), stopped: make(chan struct{})}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	go c.run()
	c.nudge() // a log that an earlier process left behind
	return c, nil
}

// nudge says that something was written. It never waits.
func (c *checkpointer) nudge() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

func (c *checkpointer) stop() error {
	c.cancel()
	<-c.stopped
	return c.db.Close()
}

func (c *checkpointer) run() {
	defer close(c.stopped)
	for {
		select {
		case <-c.ctx.Done():
			return
		case <-c.wake:
		}
		if err := c.checkpoint(c.ctx); err != nil && c.ctx.Err() == nil {
			c.warn("the write-ahead log could not be copied into the database", "error", err)
		}
	}
}

// checkpoint empties the log if it is worth it.
func (c *checkpointer) checkpoint(ctx context.Context) error {
	log, err := c.pragma(ctx, "NOOP")
	if err != nil || log.waiting() < walPages {
		return err
	}
	for range walPasses {
		if log, err = c.pragma(ctx, "PASSIVE"); err != nil {
			return err
		}
		if log.waiting() <= walRestPages {
			break
		}
	}
	if err := c.file.take(ctx); err != nil {
		return err
	}
	log, err = c.pragma(ctx, "RESTART")
	c.file.turn <- struct{}{}
	if err == nil && log.busy && log.pages >= walWarnPages {
		c.warn("the write-ahead log cannot begin anew: somebody reads it for long", "pages", log.pages)
	}
	return err
}

// walState is what a checkpoint says about the log.
type walState struct {
	busy          bool // it could not do all that it was asked for
	pages, copied int
}

// waiting is the number of pages that the database does not have yet.
func (w walState) waiting() int { return w.pages - w.copied }

func (c *checkpointer) pragma(ctx context.Context, mode string) (w walState, err error) {
	err = c.db.QueryRowContext(ctx, "PRAGMA wal_checkpoint("+mode+")").Scan(&w.busy, &w.pages, &w.copied)
	if err != nil {
		return w, fmt.Errorf("checkpointing %s: %w", c.file.name, classify(err))
	}
	return w, nil
}

func (c *checkpointer) warn(msg string, args ...any) {
	if now := c.file.now(); now.Sub(c.warned) >= checkpointWarnEvery {
		c.warned = now
		c.log.Warn(msg, append([]any{"file", c.file.name}, args...)...)
	}
}
