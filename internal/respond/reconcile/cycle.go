package reconcile

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/failpoint"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Limits of a cycle.
const (
	// cycleTime bounds one cycle. What is not done by then is gone on with in the next one.
	cycleTime = 2 * time.Minute
	// maxPasses is how often one cycle changes something: what has to wait for room, or for a narrower block, takes two or
	// three passes, and whoever undoes what we do at the vendor has us come again later.
	maxPasses = 8
	// maxStale is how often a cycle decides anew because somebody else has changed something meanwhile.
	maxStale = 6
	// staleWait is the most that is waited before that, times the number of the try.
	staleWait = 100 * time.Millisecond
	// yieldAfter is how long a cycle goes on with its batches although something new is wanted.
	yieldAfter = 5 * time.Second
	// maxStrangers bounds the unknown marks that are looked up in one cycle.
	maxStrangers = 500
)

// errStaleMuch ends a cycle in which others changed something each time.
var errStaleMuch = errors.New("what the vendor holds is changed by others all the time")

// cycle is one cycle of a responder: snapshot, plan, intents, change, results, and the snapshot again, until the snapshot
// asks for no change.
type cycle struct {
	service *Service
	entry   *entry
	row     store.Integration
	blocker connector.Blocker
	limits  connector.BlockLimits
	book    *book
	again   again
	tried   map[netip.Prefix]bool
	looked  map[event.ID]bool // marks that were looked up
	ended   map[string]netip.Prefix
	began   time.Time
	look    time.Time // when the last plan wants to be looked after
	more    bool      // the next cycle is to come soon
	done    int       // changes
	used    int       // entries in the last snapshot, and what was changed since
	wasFull bool      // the vendor said that it can hold no more, of a call as a whole
}

func (c *cycle) now() time.Time { return c.service.Now().UTC().Truncate(time.Microsecond) }

// hit is a failpoint.
func (c *cycle) hit(name string) {
	failpoint.Hit(name)
	if c.service.onHit != nil {
		c.service.onHit(name)
	}
}

func (c *cycle) run(ctx context.Context) error {
	stale := 0
	for pass := 0; ; pass++ {
		snapshot, p, err := c.plan(ctx)
		if err != nil {
			return err
		}
		c.hit(point(pass, failpoint.RespondSnapshot, failpoint.RespondReadBack))
		if err := c.saveSurely(ctx, &p.draft); err != nil {
			return err
		}
		if pass > 0 {
			c.hit(failpoint.RespondVerified)
		}
		if c.look, c.more = p.look, p.more; len(p.changes) == 0 {
			return nil
		}
		if pass == maxPasses || pass > 0 && c.yields() {
			c.more = true
			return nil
		}
		switch err := c.apply(ctx, snapshot, p.changes); {
		case errors.Is(err, connector.ErrStale):
			if stale++; stale > maxStale {
				return fmt.Errorf("%w: %w", errStaleMuch, err)
			}
			if err := sleep(ctx, time.Duration(rand.Int64N(int64(stale)*int64(staleWait)))); err != nil {
				return err
			}
		case err != nil:
			return err
		}
	}
}

func point(pass int, first, later string) string {
	if pass == 0 {
		return first
	}
	return later
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// plan reads what the vendor holds and decides.
func (c *cycle) plan(ctx context.Context) (*connector.BlockSnapshot, plan, error) {
	var snapshot *connector.BlockSnapshot
	err := guarded(func() (err error) {
		c.limits = c.blocker.BlockLimits()
		snapshot, err = c.blocker.Blocked(ctx)
		return err
	})
	switch {
	case err != nil:
		return nil, plan{}, fmt.Errorf("reading what the vendor holds: %w", err)
	case snapshot == nil:
		return nil, plan{}, errors.New("reading what the vendor holds: the connector gave nothing")
	case len(snapshot.Entries) > connector.MaxBlockEntries:
		return nil, plan{}, connector.Permanent(fmt.Errorf("the vendor holds more than %d entries: it cannot be a responder", connector.MaxBlockEntries))
	}
	if c.limits.Marks {
		if err := c.lookUp(ctx, snapshot.Entries); err != nil {
			return nil, plan{}, err
		}
	}
	v := view{
		book: c.book, snapshot: snapshot, limits: c.limits, policy: c.service.Policy(c.row.Account), ended: c.ended, tried: c.tried,
		again: c.again, now: c.now(), full: c.entry.fullAt(c.now()),
		protected: func(p netip.Prefix) (string, bool) { return c.service.Protected(c.row.Account, p) },
	}
	p := makePlan(v)
	c.used = p.used
	c.entry.noteSnapshot(c.row.Version, c.limits, snapshot, &p, v.now)
	return snapshot, p, nil
}

// lookUp asks the store for the blocks of marks that the book does not know.
func (c *cycle) lookUp(ctx context.Context, entries []connector.BlockEntry) error {
	ids := slices.DeleteFunc(strangers(c.book, entries, maxStrangers), func(id event.ID) bool { return c.looked[id] })
	if len(ids) == 0 {
		return nil
	}
	list, err := c.service.Store.BlockPlacements(ctx, c.row.Account, ids)
	if err != nil {
		return fmt.Errorf("looking up blocks by their marks: %w", err)
	}
	for _, id := range ids {
		c.looked[id] = true
	}
	for mark, prefix := range endedMarks(list, c.row.ID) {
		c.ended[mark] = prefix
	}
	return nil
}

// counts are what an act says of the changes that it makes.
type counts struct {
	Add    int `json:"add,omitempty"`
	Remove int `json:"remove,omitempty"`
}

// apply makes the changes; it is one act of the system.
func (c *cycle) apply(ctx context.Context, snapshot *connector.BlockSnapshot, steps []step) error {
	var n counts
	for i := range steps {
		if steps[i].Remove {
			n.Remove++
		} else {
			n.Add++
		}
	}
	after, err := json.Marshal(n)
	if err != nil {
		return fmt.Errorf("writing an act: %w", err)
	}
	a := act.Act{
		Account: c.row.Account, Actor: act.System("response"), Action: "respond.apply", Target: c.row.ID.Text(event.PrefixIntegration), After: after,
	}
	return act.Do(ctx, c.service.Recorder, a, func(ctx context.Context) error { return c.change(ctx, snapshot, steps) })
}

// change makes the changes batch by batch. Before each call what it may add or take away is made durable, together with
// what the call before has brought.
func (c *cycle) change(ctx context.Context, snapshot *connector.BlockSnapshot, steps []step) error {
	batch := min(max(c.limits.Batch, 1), connector.MaxBlockBatch)
	pending := &draft{}
	for part := range slices.Chunk(steps, batch) {
		if ctx.Err() != nil || c.yields() {
			break
		}
		if part = c.stillAllowed(part); len(part) == 0 {
			continue
		}
		for i := range part {
			if part[i].intent != nil {
				pending.rows = append(pending.rows, *part[i].intent)
			}
		}
		if err := c.saveSurely(ctx, pending); err != nil {
			return err
		}
		c.hit(failpoint.RespondIntents)
		results, err := c.call(ctx, snapshot, part)
		c.hit(failpoint.RespondChanged)
		o := judge(c.book, c.limits, part, results, err, c.now())
		c.done += o.done
		c.used += o.net
		if o.full || errors.Is(err, connector.ErrFull) {
			c.entry.noteFull(c.used, c.now())
		}
		for _, prefix := range o.tried {
			c.tried[prefix] = true
		}
		if err == nil {
			err = o.throttled
		}
		pending = &o.draft
		if errors.Is(err, connector.ErrFull) && !c.wasFull { // the next pass knows, and may make room
			c.wasFull = true
			break
		}
		if err != nil {
			return errors.Join(fmt.Errorf("changing what the vendor holds: %w", err), c.saveSurely(ctx, pending))
		}
	}
	if err := c.saveSurely(ctx, pending); err != nil {
		return err
	}
	c.hit(failpoint.RespondResults)
	return context.Cause(ctx)
}

// stillAllowed leaves out additions that must not be made any more: the kill switch was turned on, or the address was
// protected, since the plan was made. A plan of many batches takes minutes.
func (c *cycle) stillAllowed(part []step) []step {
	killed := c.service.Policy(c.row.Account).KillSwitch
	no := func(x step) bool {
		if x.Remove {
			return false
		}
		_, protected := c.service.Protected(c.row.Account, x.Prefix)
		return killed || protected
	}
	if !slices.ContainsFunc(part, no) {
		return part
	}
	return slices.DeleteFunc(slices.Clone(part), no)
}

// yields says that something new is wanted, and that the cycle has had its time.
func (c *cycle) yields() bool { return c.now().Sub(c.began) > yieldAfter && c.entry.wanted() }

// call asks the vendor.
func (c *cycle) call(ctx context.Context, snapshot *connector.BlockSnapshot, part []step) (results []connector.BlockResult, err error) {
	changes := make([]connector.BlockChange, len(part))
	for i := range part {
		changes[i] = part[i].BlockChange
	}
	err = guarded(func() (err error) {
		results, err = c.blocker.Change(ctx, snapshot, changes)
		return err
	})
	return results, err
}

// guarded makes an error of a connector's panic.
func guarded(f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("the connector failed: %v", v)
		}
	}()
	return f()
}
