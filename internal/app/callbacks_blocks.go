package app

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/callback"
	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/respond"
	"github.com/tocsin-hub/tocsin/internal/respond/guard"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// blockRoom is where blocks are asked for; *respond.Service is one.
type blockRoom interface {
	BlockAlert(ctx context.Context, account event.Account, alert event.ID, r respond.Request) (respond.Outcome, error)
	Approve(ctx context.Context, account event.Account, id event.ID, note string) (store.BlockStanding, error)
	Reject(ctx context.Context, account event.Account, id event.ID, note string) (store.BlockStanding, error)
}

var _ blockRoom = (*respond.Service)(nil)

// blocks does to blocks what vendors' calls ask for. The actor of the context is the user who clicked.
type blocks struct{ room func() blockRoom }

var _ callback.Blocks = blocks{}

// Apply implements callback.Blocks.
func (b blocks) Apply(ctx context.Context, account event.Account, w connector.Wish) (done string, err error) {
	switch w.Verb {
	case connector.Block:
		out, err := b.room().BlockAlert(ctx, account, w.Alert, respond.Request{Target: w.Entity, Reason: w.Text})
		if err != nil {
			return "", refusedBlock(err, "alert")
		}
		return blockedWords(&out), nil
	case connector.Approve:
		s, err := b.room().Approve(ctx, account, w.Block, w.Text)
		if err != nil {
			return "", refusedBlock(err, "block")
		}
		return guard.Words(s.Block.Target) + " is blocked " + until(&s.Block), nil
	case connector.Reject:
		s, err := b.room().Reject(ctx, account, w.Block, w.Text)
		if err != nil {
			return "", refusedBlock(err, "block")
		}
		return guard.Words(s.Block.Target) + " is not blocked", nil
	}
	return "", callback.Refuse(fmt.Sprintf("nobody knows how to %.40q a block", string(w.Verb)))
}

// blockedWords say to people what became of a request.
func blockedWords(out *respond.Outcome) string {
	target := guard.Words(out.Block.Target)
	switch {
	case out.Block.State == store.BlockPending:
		words := "the block of " + target + " waits for approval"
		if why := findings(out.Verdict); why != "" {
			words += ": " + why
		}
		return words
	case !out.New:
		return target + " was blocked already, and is " + until(&out.Block)
	}
	return target + " is blocked " + until(&out.Block)
}

// until says how long a block lasts.
func until(b *store.Block) string {
	if b.ExpiresAt.IsZero() {
		return "for good"
	}
	return "until " + b.ExpiresAt.UTC().Format(time.DateTime) + " UTC"
}

// findings are the reasons of a verdict, as people read them.
func findings(v guard.Verdict) string {
	texts := make([]string, len(v.Findings))
	for i, f := range v.Findings {
		texts[i] = f.Text
	}
	return strings.Join(texts, "; ")
}

// refusedBlock tells what will never work, and why, from what may work later.
func refusedBlock(err error, what string) error {
	if no := (*respond.RefusedError)(nil); errors.As(err, &no) {
		if why := findings(no.Verdict); why != "" {
			return callback.Refuse(why)
		}
		return callback.Refuse(no.Error())
	}
	for _, known := range []error{respond.ErrNotFound, respond.ErrEnded, respond.ErrNotPending, respond.ErrSamePerson} {
		if errors.Is(err, known) {
			return callback.Refuse(known.Error())
		}
	}
	return refusedCase(err, what)
}
