package pulse

import (
	"bytes"
	"slices"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// History gives the figures of an account, or with an integration those of it alone. An unknown window is an hour.
func (s *Service) History(account event.Account, integration event.ID, w Window) History {
	now := s.nowOf(account, integration)
	s.mu.Lock()
	defer s.mu.Unlock()
	at, i := s.deps.Now(), grainOf(w)
	g := &grains[i]
	h := History{Window: w.name(), Step: g.step, Now: now}
	h.From = begins(at, g.step).Add(g.step - g.keep)
	h.Points = s.points(key{account, integration}, i, h.From, g.step, at)
	return h
}

// name is the window's name; an unknown one is an hour.
func (w Window) name() Window {
	if w != Day && w != Week {
		return Hour
	}
	return w
}

// sparkStep is how long the steps of a spark line are, and the grain that they are made of.
func sparkStep(w Window) (step time.Duration, grain int) {
	switch w {
	case Week:
		return 4 * time.Hour, coarse
	case Day:
		return 30 * time.Minute, coarse
	}
	return 2 * time.Minute, fine
}

// Sparks gives those of all integrations of an account that deliver, in at most MaxSparkPoints points each.
func (s *Service) Sparks(account event.Account, w Window) []Spark {
	readings := s.deps.Read(account)
	slices.SortFunc(readings, func(a, b Reading) int { return bytes.Compare(a.Integration[:], b.Integration[:]) })
	s.mu.Lock()
	defer s.mu.Unlock()
	step, grain := sparkStep(w)
	at := s.deps.Now()
	from := begins(at, step).Add(step - grains[grainOf(w)].keep)
	list := make([]Spark, len(readings))
	for i := range readings {
		list[i] = Spark{Integration: readings[i].Integration, Points: s.points(key{account, readings[i].Integration}, grain, from, step, at)}
	}
	return list
}

// points gives the steps from a time on in which the hub was up, each made of one or more samples of a grain.
func (s *Service) points(k key, grain int, from time.Time, step time.Duration, now time.Time) []Point {
	g := &grains[grain]
	var steps []time.Time
	up := func(at time.Time, _ *sample) {
		if at = begins(at, step); len(steps) == 0 || steps[len(steps)-1].Before(at) {
			steps = append(steps, at)
		}
	}
	if hub := s.series[key{}]; hub != nil {
		hub[grain].each(g, from, up)
	}
	sums := make([]sample, len(steps))
	if of := s.series[k]; of != nil {
		i := 0
		of[grain].each(g, from, func(at time.Time, one *sample) {
			for i < len(steps) && steps[i].Before(begins(at, step)) {
				i++
			}
			if i < len(steps) && steps[i].Equal(begins(at, step)) {
				sums[i].add(one)
			}
		})
	}
	list := make([]Point, len(steps))
	for i := range steps {
		list[i] = sums[i].point(steps[i])
		list[i].Partial = steps[i].Add(step).After(now)
	}
	return list
}

// point is a sample as callers see it.
func (s *sample) point(at time.Time) Point {
	p := Point{
		At: at, Received: s.received, Delivered: s.delivered, Failed: s.failed, Retried: s.retried, Backlog: s.backlog, Mailbox: s.mailbox,
	}
	p.P50, p.Timed = s.took.Quantile(0.5)
	p.P99, _ = s.took.Quantile(0.99)
	return p
}

// Now says how it goes in an account at this moment. The answer may be a second old, so that many callers cost little.
func (s *Service) Now(account event.Account) Now {
	s.mu.Lock()
	r, at := s.nows[account], s.deps.Now()
	s.mu.Unlock()
	if age := at.Sub(r.at); age >= 0 && age < nowFor {
		return r.now
	}
	now := s.nowOf(account, event.ID{})
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.nows) > maxNows {
		clear(s.nows)
	}
	s.nows[account] = rememberedNow{at, now}
	return now
}

// maxNows bounds the answers about now that are kept.
const maxNows = 10_000

// minute is the time that P50 and P99 of now are of.
const minute = time.Minute

// nowOf looks at the counters of an account, or of one integration.
func (s *Service) nowOf(account event.Account, integration event.ID) (n Now) {
	readings := s.deps.Read(account)
	var sum total
	if integration.IsZero() {
		sum.received = s.deps.Received(account)
	}
	var recent sample
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range readings {
		r := &readings[i]
		if !integration.IsZero() && r.Integration != integration {
			continue
		}
		if !integration.IsZero() {
			sum.received = r.Matched
		}
		sum.delivered += r.Delivered
		n.Backlog += r.Backlog
		n.Mailbox += r.Mailbox
		if r.Failing {
			n.Failing++
		}
		one := s.difference(key{account, r.Integration}, r) // what is in no step yet
		recent.sum(&one)
	}
	at, k := s.deps.Now(), key{account, integration}
	n.ReceivedPerSecond, n.DeliveredPerSecond = s.rates(k, sum, at)
	if of := s.series[k]; of != nil {
		of[fine].each(&grains[fine], at.Add(-minute), func(_ time.Time, one *sample) { recent.sum(one) })
	}
	n.P50, n.Timed = recent.took.Quantile(0.5)
	n.P99, _ = recent.took.Quantile(0.99)
	return n
}

// rates are what happened a second since the look before the last one; right after the start since the first.
func (s *Service) rates(k key, sum total, at time.Time) (received, delivered float64) {
	since := &s.totals[0]
	if since.of == nil {
		since = &s.totals[1]
	}
	if since.of == nil {
		return 0, 0
	}
	was := since.of[k]
	seconds := max(at.Sub(since.at).Seconds(), 1)
	return float64(sum.received-min(was.received, sum.received)) / seconds,
		float64(sum.delivered-min(was.delivered, sum.delivered)) / seconds
}
