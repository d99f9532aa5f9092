package audit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// request is an entry on its way into the record.
type request struct {
	entry   Entry
	changed []string // names of changed fields, for the event
	started time.Time
	at      time.Time // when what the entry says was so

	// Of a beginning: its caller waits for the answer, or has gone.
	state  atomic.Int32
	answer chan answer
}

type answer struct {
	seq uint64
	err error
}

// The states of a beginning. Whoever moves it away from waiting decides.
const (
	waiting int32 = iota
	answered
	abandoned
)

func (r *request) begins() bool { return r.entry.Phase == PhaseBegin }

// Begin implements act.Recorder. An error is ErrUnavailable, the context's, or says that the act is none (ErrInvalid of
// the store). Many acts at once share a transaction.
func (l *Log) Begin(ctx context.Context, a act.Act) (act.Finish, error) {
	if a.Actor.Kind == "" {
		a.Actor = act.From(ctx)
	}
	if a.Account == "" || a.Action == "" {
		return nil, fmt.Errorf("an act without account or action: %w", store.ErrInvalid)
	}
	r := &request{entry: beginning(&a), answer: make(chan answer, 1)}
	r.started = l.deps.Now()
	r.at = r.started
	if l.deps.Forward {
		r.changed = changed(r.entry.Before, r.entry.After)
	}
	err := l.queue(r)
	var seq uint64
	if err == nil {
		seq, err = l.wait(ctx, r)
	}
	if err != nil {
		l.refused.Add(1)
		return nil, fmt.Errorf("recording %s: %w", r.entry.Action, err)
	}
	l.begun.Add(1)
	return l.finish(r, seq), nil
}

func (l *Log) queue(r *request) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.closed:
		return fmt.Errorf("%w: %w", ErrUnavailable, errClosed)
	case len(l.begins) >= maxQueue:
		return fmt.Errorf("%w: %d acts wait already", ErrUnavailable, len(l.begins))
	case len(l.ends) >= maxUnsaid:
		return fmt.Errorf("%w: the outcomes of %d acts wait to be written", ErrUnavailable, len(l.ends))
	}
	l.begins = append(l.begins, r)
	l.nudge()
	return nil
}

// wait waits for the writer's answer. A caller that leaves while its entry is being written leaves the entry without
// its act, and the writer says so in the record.
func (l *Log) wait(ctx context.Context, r *request) (uint64, error) {
	timer := time.NewTimer(beginWait)
	defer timer.Stop()
	var err error
	select {
	case a := <-r.answer:
		return a.seq, a.err
	case <-ctx.Done():
		err = ctx.Err()
	case <-timer.C:
		err = fmt.Errorf("%w: it took longer than %s", ErrUnavailable, beginWait)
	}
	if r.state.CompareAndSwap(waiting, abandoned) {
		return 0, err
	}
	a := <-r.answer
	return a.seq, a.err
}

// finish makes the function that ends an act that was begun.
func (l *Log) finish(r *request, seq uint64) act.Finish {
	var once sync.Once
	return func(err error) {
		once.Do(func() { l.end(r, seq, err) })
	}
}

// end hands the outcome of an act to the writer.
func (l *Log) end(begun *request, seq uint64, err error) {
	e := begun.entry
	e.Phase, e.Act, e.Before, e.After, e.Note = PhaseEnd, seq, nil, nil, ""
	e.Outcome = outcome(err)
	if err != nil {
		e.Error = clip(Mask(err.Error()), maxError)
	}
	now := l.deps.Now()
	l.mu.Lock()
	kept := !l.closed && len(l.ends) < keptUnsaid
	if kept {
		l.ends = append(l.ends, &request{entry: e, changed: begun.changed, started: begun.started, at: now})
	}
	delete(l.open, seq)
	l.mu.Unlock()
	if !kept {
		l.lose(&e)
		return
	}
	l.nudge()
}

// lose says in the log what the record will not say.
func (l *Log) lose(e *Entry) {
	l.lost.Add(1)
	l.deps.Log.Error("the outcome of an act cannot be recorded", slog.Uint64("act", e.Act), slog.String("action", e.Action),
		slog.String("account", string(e.Account)), slog.String("outcome", e.Outcome))
}

// outcome says in one word how an act ended.
func outcome(err error) string {
	var fields form.Errors
	switch {
	case err == nil:
		return OutcomeOK
	case errors.Is(err, act.ErrRefused), errors.As(err, &fields), errors.Is(err, store.ErrConflict), errors.Is(err, store.ErrNotFound):
		return OutcomeRefused
	}
	return OutcomeFailed
}
