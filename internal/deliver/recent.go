package deliver

import (
	"context"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/journal"
)

// recent is a small index of the newest events of all accounts, for lists. The events themselves stay in the journal.
type recent struct {
	ring   []recentEvent
	at     int // where the next one goes
	n      int
	intern map[string]string
}

type recentEvent struct {
	id       event.ID
	pos      journal.Position
	account  event.Account
	kind     string // event type
	project  string
	severity event.Severity
	received time.Time
}

// maxInterned bounds how many distinct texts the index keeps; senders choose them.
const maxInterned = 4096

func (r *recent) init(n int) {
	r.ring = make([]recentEvent, n)
	r.intern = map[string]string{}
}

// add takes one event in. The tail's mu is held.
func (r *recent) add(rec *event.Record, pos journal.Position) {
	r.ring[r.at] = recentEvent{
		id: rec.ID, pos: pos, account: rec.Account, kind: r.text(rec.Type), project: r.text(rec.Project),
		severity: rec.Severity, received: rec.Received,
	}
	r.at = (r.at + 1) % len(r.ring)
	r.n = min(r.n+1, len(r.ring))
}

// text is a copy that does not hold the frame that s points into.
func (r *recent) text(s string) string {
	if s == "" {
		return ""
	}
	if t, ok := r.intern[s]; ok {
		return t
	}
	if len(r.intern) >= maxInterned {
		clear(r.intern)
	}
	t := strings.Clone(s)
	r.intern[t] = t
	return t
}

// newest calls f with the events from the newest to the oldest until it returns false.
func (r *recent) newest(f func(*recentEvent) bool) {
	for i := 1; i <= r.n; i++ {
		if !f(&r.ring[(r.at-i+len(r.ring))%len(r.ring)]) {
			return
		}
	}
}

// fill reads the newest frames before the tail's place, after a restart. It gives up at what cannot be read.
func (r *recent) fill(ctx context.Context, e *Engine) {
	first, _ := e.Journal.Bounds()
	end := e.tail.next.Frame
	from := end
	for n := 0; from > first && from > 0 && n < len(r.ring); {
		f, err := e.Journal.Read(ctx, from-1)
		if err != nil {
			break
		}
		from--
		for i := range f.Sections {
			n += int(f.Sections[i].Count)
		}
	}
	for number := from; number < end; number++ {
		f, err := e.Journal.Read(ctx, number)
		if err != nil {
			return
		}
		for i := range f.Sections {
			s := &f.Sections[i]
			records, err := s.Records()
			if err != nil {
				continue
			}
			for j, rec := range records {
				r.add(rec, f.Position(s, j))
			}
		}
	}
}
