// Package news tells watchers which rows changed, and never what is in them: they read the rows themselves, when it suits
// them. Whoever changes rows only leaves their names behind, and while nobody watches not even that.
package news

import (
	"sync"
	"sync/atomic"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// Topic says what kind of row changed.
type Topic int

// The topics.
const (
	Alerts Topic = iota
	Incidents
	Blocks
	Jobs
	topics // how many there are
)

// Row names a row: by its id, an incident by its number.
type Row struct {
	ID     event.ID
	Number int64
}

// MaxRows is how many rows of a topic wait for one watcher, each once however often it changes; more are counted as
// missed.
const MaxRows = 4096

// Board is where changes are told. The zero value is ready. It is safe for concurrent use.
type Board struct {
	watched atomic.Int64 // how many readers there are

	mu      sync.Mutex
	readers map[event.Account]map[*Reader]struct{}
}

// Watched says whether anybody reads. If nobody does, there is no need to look for the names of what changed.
func (b *Board) Watched() bool { return b.watched.Load() > 0 }

// Changed tells that rows of an account are new or have changed. It is called once they are durable, and never waits for
// a watcher.
func (b *Board) Changed(account event.Account, t Topic, rows ...Row) {
	if !b.Watched() || len(rows) == 0 {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for r := range b.readers[account] {
		if r.wants[t] {
			r.topics[t].add(rows)
		}
	}
}

// Many tells that rows changed which would be too many to name.
func (b *Board) Many(account event.Account, t Topic) {
	if !b.Watched() {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for r := range b.readers[account] {
		r.topics[t].many = r.topics[t].many || r.wants[t]
	}
}

// Read begins to gather what changes in an account. The caller closes the reader.
func (b *Board) Read(account event.Account, wanted ...Topic) *Reader {
	r := &Reader{board: b, account: account}
	for _, t := range wanted {
		r.wants[t] = true
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.readers == nil {
		b.readers = map[event.Account]map[*Reader]struct{}{}
	}
	if b.readers[account] == nil {
		b.readers[account] = map[*Reader]struct{}{}
	}
	b.readers[account][r] = struct{}{}
	b.watched.Add(1)
	return r
}

// Reader gathers what one watcher has not been told yet.
type Reader struct {
	board   *Board
	account event.Account
	wants   [topics]bool
	topics  [topics]gathered // guarded by the board
}

// Close ends it. It may be called again.
func (r *Reader) Close() {
	b := r.board
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, there := b.readers[r.account][r]; !there {
		return
	}
	delete(b.readers[r.account], r)
	if len(b.readers[r.account]) == 0 {
		delete(b.readers, r.account)
	}
	b.watched.Add(-1)
}

// Taken is what changed in one topic, the first that changed first.
type Taken struct {
	Rows []Row
	// Missed is how many changes of rows there was no room for; Many: rows changed whose number is not known.
	Missed uint64
	Many   bool
}

// Take gives what changed in a topic since it was asked last, at most so many rows; the others wait.
func (r *Reader) Take(t Topic, most int) Taken {
	r.board.mu.Lock()
	defer r.board.mu.Unlock()
	return r.topics[t].take(most)
}

// gathered are rows in the order in which they changed first.
type gathered struct {
	rows   []Row
	in     map[Row]struct{}
	missed uint64
	many   bool
}

func (g *gathered) add(rows []Row) {
	if g.in == nil {
		g.in = map[Row]struct{}{}
	}
	for _, row := range rows {
		if _, waits := g.in[row]; waits {
			continue
		}
		if len(g.rows) >= MaxRows {
			g.missed++
			continue
		}
		g.in[row] = struct{}{}
		g.rows = append(g.rows, row)
	}
}

func (g *gathered) take(most int) Taken {
	n := min(len(g.rows), most)
	out := Taken{Rows: g.rows[:n:n], Missed: g.missed, Many: g.many}
	g.missed, g.many = 0, false
	if n == len(g.rows) {
		g.rows, g.in = nil, nil
		return out
	}
	g.rows = append([]Row(nil), g.rows[n:]...)
	for _, row := range out.Rows {
		delete(g.in, row)
	}
	return out
}
