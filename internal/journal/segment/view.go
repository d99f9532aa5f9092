package segment

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
	"sync"

	"github.com/tocsin-hub/tocsin/internal/journal"
)

// view is an open segment file with the places of its records.
type view struct {
	file File
	name
	refs int // guarded by viewCache.mu

	mu   sync.RWMutex // never held over I/O
	offs []uint32     // as in the footer; grows while the segment is the active one
	end  int64        // where the last record ends
	keep int64        // below it the footer must not be written; set before the view is shared
}

// place gives the record's offset and where it must have ended. exact is false where records after it are lost, so
// that the end is only a bound. ok is false where the record itself is lost.
func (v *view) place(number uint64) (off, end int64, exact, ok bool) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	i := number - v.base
	if i >= uint64(len(v.offs)) || v.offs[i] == 0 {
		return 0, 0, false, false
	}
	off, end, exact = int64(v.offs[i])*align, v.end, true
	for _, next := range v.offs[i+1:] {
		if next != 0 {
			end = int64(next) * align
			break
		}
		exact = false
	}
	return off, end, exact, end > off
}

// add publishes a record that has become durable.
func (v *view) add(off, end int64) {
	v.mu.Lock()
	v.offs = append(v.offs, uint32(off/align))
	v.end = end
	v.mu.Unlock()
}

// index is a copy of what the footer holds.
func (v *view) index() ([]uint32, int64) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return slices.Clone(v.offs), v.end
}

// read gives the payload of a record. The payload is given even with an error where there is something to give: bytes
// that failed their checksum, for whoever has checksums of a finer grain.
func (v *view) read(number uint64) ([]byte, error) {
	off, end, exact, ok := v.place(number)
	if !ok {
		return nil, fmt.Errorf("record %d: %w", number, journal.ErrDamaged)
	}
	if !exact || end-off > MaxRecordBytes {
		end = min(end, v.claimed(off, number, end))
	}
	buf := make([]byte, end-off)
	if _, err := v.file.ReadAt(buf, off); err != nil {
		return nil, fmt.Errorf("reading record %d in %s: %w: %w", number, v.name, journal.ErrDamaged, err)
	}
	h, ok := parseRecord(buf, v.salt)
	if !ok || h.number != number || h.bytes() > int64(len(buf)) {
		return buf[min(recordHead, len(buf)):], v.damaged(number, off, "the record's header is damaged")
	}
	payload := buf[recordHead : recordHead+h.length : recordHead+h.length]
	if crc32.Checksum(payload, castagnoli) != h.payload {
		return payload, v.damaged(number, off, "the record's checksum is wrong")
	}
	return payload, nil
}

func (v *view) damaged(number uint64, off int64, reason string) error {
	return fmt.Errorf("record %d in %s at offset %d: %s: %w", number, v.name, off, reason, journal.ErrDamaged)
}

// claimed is the end of the record at off by its own header, or end when that is not valid.
func (v *view) claimed(off int64, number uint64, end int64) int64 {
	var b [recordHead]byte
	if _, err := v.file.ReadAt(b[:], off); err != nil {
		return end
	}
	if h, ok := parseRecord(b[:], v.salt); ok && h.number == number {
		return off + h.bytes()
	}
	return min(end, off+MaxRecordBytes)
}

// viewCache keeps a bounded number of older segments open, and the pinned ones that are still written to.
type viewCache struct {
	max int

	mu  sync.Mutex
	lru []*segment // oldest use first; pinned ones are not in it
}

// pin opens s for good with v: until unpin, nothing closes it.
func (c *viewCache) pin(s *segment, v *view) {
	c.mu.Lock()
	v.refs++
	s.v = v
	c.mu.Unlock()
}

// unpin lets s be closed when others are used more.
func (c *viewCache) unpin(s *segment) {
	c.mu.Lock()
	var out []*view
	if s.v != nil {
		c.lru = append(c.lru, s)
		out = c.evict()
	}
	c.mu.Unlock()
	closeViews(out)
}

// evict takes what is too much out of the cache; the caller closes it without the lock.
func (c *viewCache) evict() (out []*view) {
	for len(c.lru) > c.max {
		s := c.lru[0]
		c.lru = c.lru[1:]
		out = append(out, c.drop(s)...)
	}
	return out
}

func (c *viewCache) drop(s *segment) []*view {
	v := s.v
	if v == nil {
		return nil
	}
	s.v = nil
	v.refs--
	if v.refs > 0 {
		return nil // the last reader closes it
	}
	return []*view{v}
}

func closeViews(list []*view) {
	for _, v := range list {
		_ = v.file.Close() // nothing unwritten: a view is closed after its last sync
	}
}

// open gives the view of s if it is open.
func (c *viewCache) open(s *segment) *view {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s.v == nil {
		return nil
	}
	s.v.refs++
	if i := slices.Index(c.lru, s); i >= 0 {
		c.lru = append(slices.Delete(c.lru, i, i+1), s)
	}
	return s.v
}

func (c *viewCache) put(s *segment, v *view) {
	c.mu.Lock()
	s.v = v
	v.refs += 2 // the cache's and the caller's
	c.lru = append(c.lru, s)
	out := c.evict()
	c.mu.Unlock()
	closeViews(out)
}

func (c *viewCache) release(v *view) {
	c.mu.Lock()
	v.refs--
	last := v.refs == 0
	c.mu.Unlock()
	if last {
		closeViews([]*view{v})
	}
}

// forget closes what the cache holds of the segments.
func (c *viewCache) forget(list []*segment) {
	c.mu.Lock()
	var out []*view
	for _, s := range list {
		if i := slices.Index(c.lru, s); i >= 0 {
			c.lru = slices.Delete(c.lru, i, i+1)
		}
		out = append(out, c.drop(s)...)
	}
	c.mu.Unlock()
	closeViews(out)
}

func (c *viewCache) closeAll(list []*segment) { c.forget(list) }

// errGone: the segment was trimmed while a reader was on its way to it.
var errGone = errors.New("the segment is gone")

// acquire opens the segment at place i of segs for reading; release gives it back.
func (l *Log) acquire(ctx context.Context, segs []*segment, i int) (*view, error) {
	s := segs[i]
	if v := l.views.open(s); v != nil {
		return v, nil
	}
	s.load.Lock()
	defer s.load.Unlock()
	if v := l.views.open(s); v != nil {
		return v, nil
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	limit := uint64(0)
	if i+1 < len(segs) {
		limit = segs[i+1].base
	}
	v, err := l.loadView(s, limit)
	if err != nil {
		return nil, err
	}
	l.views.put(s, v)
	return v, nil
}
