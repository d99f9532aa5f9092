package pulse

import (
	"encoding/binary"
	"time"
)

// grain is one of the resolutions in which a history is kept.
type grain struct {
	step  time.Duration
	keep  time.Duration // how far back it goes
	piece time.Duration // what is packed together: a row of the store
}

// grains are the resolutions, one for each window.
var grains = [...]grain{
	{step: 10 * time.Second, keep: time.Hour, piece: 10 * time.Minute},
	{step: 5 * time.Minute, keep: 24 * time.Hour, piece: 2 * time.Hour},
	{step: 30 * time.Minute, keep: 7 * 24 * time.Hour, piece: 12 * time.Hour},
}

// The grains by what they are for.
const (
	fine = iota
	middle
	coarse
)

// grainOf is the grain that serves a window.
func grainOf(w Window) int {
	switch w {
	case Week:
		return coarse
	case Day:
		return middle
	}
	return fine
}

// begins is when the step, or the piece, of this length began that a time is in.
func begins(at time.Time, length time.Duration) time.Time {
	s := int64(length / time.Second)
	return time.Unix(at.Unix()-mod(at.Unix(), s), 0).UTC()
}

func mod(n, by int64) int64 { return ((n % by) + by) % by }

// packed is the format of a piece; another one is not read.
const packed = 1

// piece is a part of a history: samples of steps, one after the other, each as how many steps after the last one it is,
// and the sample.
type piece struct {
	start time.Time
	data  []byte // begins with the format
	last  int    // where the newest sample begins, behind its distance; 0: there is none
	step  int64  // which step of the piece that is
	dirty bool   // it is not stored as it is
}

// add puts a sample into a step of the piece. A step before the newest one is taken for that: the clock was set back.
func (p *piece) add(step int64, s *sample) error {
	if len(p.data) == 0 {
		p.data = append(p.data, packed)
	}
	if p.last == 0 || step > p.step {
		p.data = binary.AppendUvarint(p.data, uint64(step-p.step))
		p.last, p.step = len(p.data), step
		p.data = s.appendTo(p.data)
		p.dirty = true
		return nil
	}
	var was sample
	if _, err := was.unpack(p.data[p.last:]); err != nil {
		return err
	}
	was.add(s)
	p.data = was.appendTo(p.data[:p.last])
	p.dirty = true
	return nil
}

// read gives the samples of a piece with their steps.
func (p *piece) read(yield func(step int64, s *sample)) error {
	if len(p.data) == 0 || p.data[0] != packed {
		return errPacked
	}
	var step int64
	for rest := p.data[1:]; len(rest) > 0; {
		skip, after, err := number(rest)
		if err != nil || skip > 1<<20 {
			return errPacked
		}
		step += int64(skip)
		p.last, p.step = len(p.data)-len(after), step
		var s sample
		if rest, err = s.unpack(after); err != nil {
			return err
		}
		yield(step, &s)
	}
	return nil
}

// ring is a history in one resolution, the oldest piece first.
type ring struct{ pieces []*piece }

// add puts a sample into the step that began at a time. A step that has none was one in which nothing happened.
func (r *ring) add(g *grain, at time.Time, s *sample) error {
	p, step := r.piece(g, at)
	if p.last == 0 || step > p.step {
		if s.empty() {
			return nil
		}
	}
	r.hold(p)
	return p.add(step, s)
}

// stand marks the step that began at a time as one in which the hub was up.
func (r *ring) stand(g *grain, at time.Time) error {
	p, step := r.piece(g, at)
	if p.last != 0 && step <= p.step {
		return nil
	}
	r.hold(p)
	return p.add(step, new(sample))
}

// piece gives the piece that a step is in, which may be a new one, and the step's number there.
func (r *ring) piece(g *grain, at time.Time) (*piece, int64) {
	start := begins(at, g.piece)
	p := &piece{start: start}
	if n := len(r.pieces); n > 0 && !r.pieces[n-1].start.Before(start) {
		p = r.pieces[n-1]
	}
	return p, max(int64(at.Sub(p.start)/g.step), 0)
}

// hold makes a new piece the newest one of the ring.
func (r *ring) hold(p *piece) {
	if n := len(r.pieces); n == 0 || r.pieces[n-1] != p {
		r.pieces = append(r.pieces, p)
	}
}

// forget drops what is older than the ring goes back.
func (r *ring) forget(g *grain, now time.Time) {
	oldest := now.Add(-g.keep - g.piece)
	for n := len(r.pieces); n > 0 && r.pieces[n-1].start.After(now); n-- {
		r.pieces = r.pieces[:n-1] // the clock was set back
	}
	drop := 0
	for drop < len(r.pieces) && r.pieces[drop].start.Before(oldest) {
		drop++
	}
	if drop > 0 {
		r.pieces = append([]*piece(nil), r.pieces[drop:]...)
	}
}

// each gives the samples from a time on with the times at which their steps began.
func (r *ring) each(g *grain, from time.Time, yield func(at time.Time, s *sample)) {
	for _, p := range r.pieces {
		if !p.start.Add(g.piece).After(from) {
			continue
		}
		// What cannot be read was left out when it was loaded.
		_ = p.read(func(step int64, s *sample) {
			if at := p.start.Add(time.Duration(step) * g.step); !at.Before(from) {
				yield(at, s)
			}
		})
	}
}
