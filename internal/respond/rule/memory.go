package rule

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/tocsin-hub/tocsin/internal/respond/guard"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Limits of what is remembered of a rule.
const (
	// maxRemembered is how many addresses are remembered of one rule; one more forgets them all, and costs a few questions.
	maxRemembered = 10_000
	// maxOthers is how many decisions of one rule that do nothing (refusals, repetitions) become hits within an hour: a storm
	// of them must not push what was done out of the list, by which the cap is counted after a start.
	maxOthers = 200
	// refusedWait is how long a refusal of an address is not repeated.
	refusedWait = time.Minute
	// longestFold bounds how long an address is not asked for again because it just was.
	longestFold = time.Hour
	// foldShare is how large a part of a block's time that is.
	foldShare = 10
	// capWindow is what a rule's cap is counted in.
	capWindow = time.Hour
)

// memory is what a rule has done lately. It is filled from the rule's hits after a start.
type memory struct {
	updated time.Time // of the rule that targets are about
	targets map[netip.Prefix]time.Time
	acted   []time.Time // when it blocked or asked, within capWindow, the oldest first
	others  []time.Time // when decisions that do nothing became hits, likewise
}

func newMemory(c *compiled) *memory {
	return &memory{updated: c.row.UpdatedAt, targets: map[netip.Prefix]time.Time{}}
}

// remember fills a memory from the rule's hits: of its mode, or of its shadow.
func remember(ctx context.Context, st store.Responses, c *compiled, now time.Time) (*memory, error) {
	m := newMemory(c)
	for page := (store.Page{Limit: store.MaxPage}); ; {
		hits, next, err := st.ListRuleHits(ctx, c.row.Account, c.row.ID, page)
		if err != nil {
			return nil, fmt.Errorf("reading what a response rule has done: %w", err)
		}
		for i := range hits {
			h := &hits[i]
			if now.Sub(h.At) >= capWindow {
				next = ""
				break
			}
			if (h.Mode != Shadow) != c.live() {
				continue
			}
			m.note(h.Decision, h.At)
			if p, err := guard.ParseTarget(h.Target); err == nil && !h.At.Before(c.row.UpdatedAt) {
				m.fold(c, p, h.Decision, h.At)
			}
		}
		if page.After = next; next == "" {
			break
		}
	}
	slices.SortFunc(m.acted, time.Time.Compare)
	slices.SortFunc(m.others, time.Time.Compare)
	return m, nil
}

// acts says whether a decision counts against the rule's cap.
func acts(decision string) bool {
	return decision == WouldBlock || decision == WouldAsk || decision == Blocked || decision == Asked
}

// note counts a decision that becomes a hit.
func (m *memory) note(decision string, at time.Time) {
	if acts(decision) {
		m.acted = append(m.acted, at)
	} else {
		m.others = append(m.others, at)
	}
}

// fold notes that an address was decided about, and is not asked for again for a while.
func (m *memory) fold(c *compiled, target netip.Prefix, decision string, at time.Time) {
	wait := refusedWait
	if decision != Refused && decision != WouldRefuse {
		wait = longestFold
		if c.ttl > 0 {
			wait = min(max(c.ttl/foldShare, refusedWait), longestFold)
		}
	}
	if len(m.targets) >= maxRemembered {
		clear(m.targets)
	}
	if until := at.Add(wait); until.After(m.targets[target]) {
		m.targets[target] = until
	}
}

// folded says whether an address was decided about just now. A changed rule looks again.
func (m *memory) folded(c *compiled, target netip.Prefix, now time.Time) bool {
	if !m.updated.Equal(c.row.UpdatedAt) {
		m.updated = c.row.UpdatedAt
		clear(m.targets)
	}
	until, known := m.targets[target]
	return known && now.Before(until)
}

// full says whether the rule has done as much as it may within the window.
func (m *memory) full(c *compiled, now time.Time) bool {
	m.acted = within(m.acted, now)
	return len(m.acted) >= c.block.MaxPerHour
}

// tells says whether a decision becomes a hit.
func (m *memory) tells(decision string, now time.Time) bool {
	m.others = within(m.others, now)
	return acts(decision) || len(m.others) < maxOthers
}

// within drops the times that lie before the window.
func within(times []time.Time, now time.Time) []time.Time {
	return slices.DeleteFunc(times, func(t time.Time) bool { return now.Sub(t) >= capWindow })
}
