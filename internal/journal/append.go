package journal

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/failpoint"
)

// batch is a frame that still takes records. The request that opened it is its leader: it waits for the frame before
// it to be written, then closes this one and writes it for all.
type batch struct {
	sections    []*draftSection
	idempotency []Idempotency
	bytes       int
	done        chan struct{}
	frame       *Frame
	err         error
}

// Append makes the records durable and returns the position of the first. They are in one frame, or in several one
// after the other when they are too many for one. If ctx ends while Append waits, it returns at once, but the records
// may be written all the same. Errors: ErrFull, ErrQuota, ErrFailed, ErrClosed, ErrTooLarge, and ctx's.
func (j *Journal) Append(ctx context.Context, a Append) (Position, error) {
	size, err := j.admit(a)
	if err != nil {
		return Position{}, err
	}
	if err := ctx.Err(); err != nil {
		return Position{}, fmt.Errorf("appending to the journal: %w", err)
	}
	weight := min(int64(size), MaxPendingBytes)
	if err := j.room.Acquire(ctx, weight); err != nil {
		return Position{}, fmt.Errorf("waiting for room in the journal: %w", err)
	}
	if j.closed.Load() {
		j.room.Release(weight)
		return Position{}, ErrClosed
	}
	first, left, err := j.place(ctx, a)
	if left == nil {
		j.room.Release(weight)
		return first, err
	}
	go func() { // the caller is gone, its records are not: they count until they are written
		<-left.done
		j.room.Release(weight)
	}()
	return first, err
}

// place puts the records into frames and waits for each. left is the frame that ctx did not wait for.
func (j *Journal) place(ctx context.Context, a Append) (first Position, left *batch, err error) {
	for at := 0; at < len(a.Records); {
		b, section, item, n, leader := j.join(a, at)
		if leader {
			j.lead(ctx, b)
		}
		select {
		case <-b.done:
		case <-ctx.Done():
			return Position{}, b, fmt.Errorf("waiting for the journal (the events may still be written): %w", ctx.Err())
		}
		if b.err != nil {
			return Position{}, nil, b.err
		}
		if at == 0 {
			first = Position{Epoch: b.frame.Epoch, Frame: b.frame.Number, Item: b.frame.Sections[section].FirstItem + uint32(item)}
		}
		at += n
	}
	return first, nil, nil
}

// admit refuses what may not be taken, and gives the size of what may.
func (j *Journal) admit(a Append) (int, error) {
	if err := j.Err(); err != nil {
		return 0, err
	}
	if j.closed.Load() {
		return 0, ErrClosed
	}
	size := 0
	for _, r := range a.Records {
		n := encodedBytes(r)
		if n > event.MaxRecordBytes {
			return 0, fmt.Errorf("%w: %d bytes of at most %d", ErrTooLarge, n, event.MaxRecordBytes)
		}
		size += n
	}
	if err := j.disk.admit(); err != nil {
		return 0, err
	}
	if held := j.log.Size(); held > 2*j.o.MaxBytes+overshoot {
		return 0, fmt.Errorf("%w: it holds %d MiB of %d, and trimming does not keep up", ErrFull, held>>20, j.o.MaxBytes>>20)
	}
	if j.o.AccountQuota > 0 && j.held(a.Account)+uint64(size) > uint64(j.o.AccountQuota) {
		return 0, ErrQuota
	}
	return size, nil
}

// overshoot is what a journal may hold above twice its MaxBytes before it takes nothing more (256 MiB): it trims by
// whole segments, and only from time to time.
const overshoot = 256 << 20

// encodedBytes is the length of what r.AppendBinary appends, or a little more.
func encodedBytes(r *event.Record) int {
	const fixed, lengths = 36, 8 * 3 // a length takes three bytes at most: nothing is as long as 2 MiB
	return fixed + lengths + len(r.Type) + len(r.Project) + len(r.AlertType) + len(r.DedupKey) + len(r.OrderingKey) +
		len(r.Origin) + len(r.Body) + len(r.Raw)
}

// held is how many bytes of the account are in the journal now.
func (j *Journal) held(account event.Account) uint64 {
	j.state.RLock()
	defer j.state.RUnlock()
	return j.bytesOf(account) - j.bases[account]
}

// join puts records, from the one at on, into the frame that is being made; n of them fit.
func (j *Journal) join(a Append, at int) (b *batch, section, item, n int, leader bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	b = j.pending
	if b == nil || b.bytes >= MaxFrameBytes || b.bytes > 0 && b.bytes+encodedBytes(a.Records[at]) > MaxFrameBytes {
		b, leader = &batch{done: make(chan struct{})}, true
		j.pending = b
	}
	section = b.section(a.Account, j)
	s := b.sections[section]
	item = len(s.records)
	for at+n < len(a.Records) {
		size := encodedBytes(a.Records[at+n])
		if n > 0 && b.bytes+size > MaxFrameBytes {
			break
		}
		b.bytes += size
		s.add(a.Records[at+n])
		n++
	}
	if a.Idempotency != nil && at+n == len(a.Records) {
		b.idempotency = append(b.idempotency, *a.Idempotency)
	}
	return b, section, item, n, leader
}

// Pending is how many events have joined the frame that will be written next.
func (j *Journal) Pending() (events int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.pending == nil {
		return 0
	}
	for _, s := range j.pending.sections {
		events += len(s.records)
	}
	return events
}

// section is the index of the account's section. The caller holds j.mu.
func (b *batch) section(account event.Account, j *Journal) int {
	for i, s := range b.sections {
		if s.account == account {
			return i
		}
	}
	b.sections = append(b.sections, &draftSection{account: account, plain: j.plain.get()})
	return len(b.sections) - 1
}

// lead writes the frame for everybody who joined it. A leader whose ctx ends before it is the frame's turn leaves the
// writing to a goroutine: the others still wait for it.
func (j *Journal) lead(ctx context.Context, b *batch) {
	select {
	case j.turn <- struct{}{}: // first come, first served
		j.finish(b)
	case <-ctx.Done():
		go func() {
			j.turn <- struct{}{}
			j.finish(b)
		}()
	}
}

// finish closes the batch, writes it and tells everybody. The caller has the turn, which finish gives back.
func (j *Journal) finish(b *batch) {
	defer close(b.done)
	defer func() { <-j.turn }()
	j.mu.Lock()
	if j.pending == b {
		j.pending = nil
	}
	j.mu.Unlock()
	if b.err = j.Err(); b.err != nil {
		return
	}
	b.frame, b.err = j.write(&draft{idempotency: b.idempotency, sections: b.sections}, b.bytes)
}

// write makes a frame of the draft, and shows it to readers when it is durable. The caller has the turn. An error that
// is not ErrFull is the end of the journal.
func (j *Journal) write(d *draft, size int) (*Frame, error) {
	d.epoch, d.number, d.newest, d.time = j.epoch.Load(), j.shown.Load()+1, j.newest, j.o.Now().UTC()
	if d.time.Before(j.lastTime) {
		d.time = j.lastTime // frame times never run backwards
	}
	for _, s := range d.sections {
		s.before = j.counters[s.account]
		for _, r := range s.records {
			d.newest = later(d.newest, r.ID)
		}
	}
	snapshot := j.sinceN >= snapshotFrames || j.sinceB >= snapshotBytes
	if snapshot {
		d.counters = j.counters
	}
	encoded := j.encoder.encode(d)
	failpoint.Hit(failpoint.JournalBeforeWrite)
	number, err := j.log.Append(context.Background(), encoded)
	if err == nil && number != d.number {
		err = fmt.Errorf("the log gave it number %d", number)
	}
	if errors.Is(err, ErrFull) || errors.Is(err, ErrClosed) {
		return nil, fmt.Errorf("appending frame %d: %w", d.number, err)
	}
	if err != nil {
		return nil, j.fail(fmt.Errorf("appending frame %d: %w", d.number, err))
	}
	failpoint.Hit(failpoint.JournalAfterSync)
	if snapshot {
		j.sinceN, j.sinceB = 0, 0
	}
	j.sinceN++
	j.sinceB += int64(len(encoded))
	j.lastTime, j.newest = d.time, d.newest
	f := d.frame()
	j.countUp(d.sections)
	j.ring.add(f, size)
	j.shown.Store(f.Number)
	j.ring.announce()
	return f, nil
}

// later is the newer of two ids.
func later(a, b event.ID) event.ID {
	if bytes.Compare(a[:], b[:]) < 0 {
		return b
	}
	return a
}

// countUp brings the counters behind the sections.
func (j *Journal) countUp(sections []*draftSection) {
	j.state.Lock()
	defer j.state.Unlock()
	for _, s := range sections {
		c := j.counters[s.account]
		c.events += uint64(len(s.records))
		c.bytes += uint64(len(s.plain))
		j.counters[s.account] = c
		j.seen[s.account] = c.events
		j.plain.put(s.plain)
		s.plain = nil
	}
}

// bytesOf is the account's plain bytes ever journalled. The caller holds state.
func (j *Journal) bytesOf(account event.Account) uint64 { return j.counters[account].bytes }

// frame is the draft as readers see it, with the records as they came.
func (d *draft) frame() *Frame {
	f := &Frame{Epoch: d.epoch, Number: d.number, Time: d.time, Idempotency: d.idempotency}
	item := uint32(0)
	for _, s := range d.sections {
		records := s.records
		f.Sections = append(f.Sections, Section{
			Account: s.account, FirstItem: item, Before: s.before.events, Count: uint32(len(records)), Types: s.types,
			load: func() ([]*event.Record, error) { return records, nil },
		})
		item += uint32(len(records))
	}
	return f
}
