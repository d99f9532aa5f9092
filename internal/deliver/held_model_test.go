package deliver

import (
	"context"
	"errors"
	"strings"
	"sync"

	"github.com/tidwall/gjson"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
)

// Integrations of the model that hold back what they can. Their messages have at most as many events as one lists, so that
// the model sees what became of each.
const (
	noisyControl = `"noise":{"dedup_window":"50ms","group":{"by":["type"],"wait":"15ms","interval":"20ms","max":20}}`
	noisyOrdered = `{"noise":{"dedup_window":"50ms","group":{"by":["type"],"wait":"15ms","interval":"20ms","max":20}},"order":"by_key","concurrency":16,"retry":{"schedule":["0s","5ms","5ms","5ms","5ms","5ms","5ms","5ms","5ms","5ms","5ms","5ms"]}}`
	noisyPatient = `{"concurrency":8,"retry":{"schedule":["0s","5ms","5ms","5ms","5ms","5ms","5ms","5ms","5ms","5ms","5ms","5ms","5ms","5ms","5ms","5ms"]},` + noisyControl + `}`
)

// noisy says whether an integration holds anything back.
func (m *model) noisy(id event.ID) bool {
	return strings.Contains(string(m.conf[id].Delivery), "noise")
}

// news is what receivers of the model took, by integration: for each request the events that it stood for.
type news struct {
	mu      sync.Mutex
	taken   map[event.ID][][]string
	refused map[event.ID]map[string]bool // events that came near the mailbox
}

func (n *news) init() {
	n.taken, n.refused = map[event.ID][][]string{}, map[event.ID]map[string]bool{}
}

// reading notes what a mood takes and refuses. (Of batches, it sees only the first event.)
func (m *model) reading(id event.ID, next mood) mood {
	return func(ctx context.Context, d connector.Delivery) (err error) {
		list := []string{d.Record.ID.Text(event.PrefixEvent)}
		for i, ev := range gjson.GetBytes(d.Record.Body, "data.group.events").Array() {
			if i == 0 {
				list = nil
			}
			list = append(list, ev.String())
		}
		err = errPanic
		defer func() {
			m.news.mu.Lock()
			defer m.news.mu.Unlock()
			if err == nil {
				m.news.taken[id] = append(m.news.taken[id], list)
				return
			}
			if m.news.refused[id] == nil {
				m.news.refused[id] = map[string]bool{}
			}
			_, throttled := connector.IsThrottled(err)
			for _, ev := range list {
				if !throttled && (connector.IsPermanent(err) || d.Attempt >= 11 || errors.Is(err, errPanic)) {
					m.news.refused[id][ev] = true
				}
			}
		}()
		return next(ctx, d)
	}
}

// inMessages is how often an integration took an event; of one that holds nothing back its receiver knows.
func (m *model) inMessages(id event.ID) map[string]int {
	n := map[string]int{}
	if !m.noisy(id) {
		return n
	}
	m.news.mu.Lock()
	defer m.news.mu.Unlock()
	for _, list := range m.news.taken[id] {
		for _, ev := range list {
			n[ev]++
		}
	}
	return n
}

// mustHoldInOrder fails if an event was told of before, and not together with, an earlier one of its key that was told of
// later; unless it was told of once more after that: when a crash forgets that an alert was over, what was held of it goes
// out, and then its end again.
func (m *model) mustHoldInOrder(id event.ID) {
	m.t.Helper()
	m.news.mu.Lock()
	defer m.news.mu.Unlock()
	place := map[string]int{}
	for i, rec := range m.list {
		place[rec.ID.Text(event.PrefixEvent)] = i
	}
	lastTake := map[int]int{}
	for n, list := range m.news.taken[id] {
		for _, ev := range list {
			lastTake[place[ev]] = n
		}
	}
	last, seen := map[string]int{}, map[string]bool{}
	for n, list := range m.news.taken[id] {
		now := map[string]int{}
		for _, ev := range list {
			i := place[ev]
			key := m.list[i].OrderingKey
			if seen[ev] || m.news.refused[id][ev] || key == "" {
				continue
			}
			seen[ev] = true
			if before, ok := last[key]; ok && before > i && lastTake[before] < n {
				m.t.Fatalf("%s: key %s: event %d was told of after event %d, in a message of %d", m.conf[id].Delivery[:12], key, i, before, len(list))
			}
			now[key] = max(now[key], i)
		}
		for key, i := range now {
			last[key] = max(last[key], i)
		}
	}
}
