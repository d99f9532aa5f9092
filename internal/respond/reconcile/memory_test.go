package reconcile

import (
	"bytes"
	"context"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// memory is a store of blocks that keeps what these tests need; sqlite runs the same tests.
type memory struct {
	store.Blocks // nil

	mu         sync.Mutex
	blocks     map[event.ID]store.Block
	placements []store.Placement
	ledger     map[event.ID]map[netip.Prefix]store.BlockLedgerEntry
	steps      []store.BlockStep
	said       []store.Said
	rows       int // most rows of one write
	lost       []store.ResponderRef
}

func newMemory() *memory {
	return &memory{blocks: map[event.ID]store.Block{}, ledger: map[event.ID]map[netip.Prefix]store.BlockLedgerEntry{}}
}

func (m *memory) SaveBlocks(_ context.Context, w store.BlockWrite) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, b := range w.Blocks {
		b.Version++
		m.blocks[b.ID] = b
	}
	m.placements = append(m.placements, w.Place...)
	for i := range m.placements {
		if slices.Contains(w.Unwant, m.placements[i].Block) {
			m.placements[i].Wanted = false
		}
	}
	return nil
}

func (m *memory) GetBlock(_ context.Context, _ event.Account, id event.ID) (store.Block, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	b, ok := m.blocks[id]
	if !ok {
		return b, store.ErrNotFound
	}
	return b, nil
}

func (m *memory) BlockPlacements(_ context.Context, _ event.Account, ids []event.ID) (list []store.Placement, _ error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, p := range m.placements {
		if slices.Contains(ids, p.Block) {
			list = append(list, p)
		}
	}
	return list, nil
}

func (m *memory) BlockSteps(_ context.Context, _ event.Account, block event.ID) (list []store.BlockStep, _ error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, s := range m.steps {
		if s.Block == block {
			list = append(list, s)
		}
	}
	return list, nil
}

func (m *memory) LoadResponder(_ context.Context, _ event.Account, id event.ID) (store.ResponderBook, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	b := store.ResponderBook{Reasons: map[event.ID]string{}}
	for _, p := range m.placements {
		if p.Integration == id && !p.State.Final() {
			b.Placements = append(b.Placements, p)
			b.Reasons[p.Block] = m.blocks[p.Block].Reason
		}
	}
	for _, row := range m.ledger[id] {
		b.Ledger = append(b.Ledger, row)
	}
	return b, nil
}

func (m *memory) SaveResponder(_ context.Context, w store.ResponderWrite) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.rows = max(m.rows, len(w.Placements)+len(w.Ledger)+len(w.Gone)+len(w.Steps))
	was := m.standings(w.Placements)
	at := make(map[event.ID]int, len(w.Placements))
	for i, p := range w.Placements {
		at[p.Block] = i
	}
	for i := range m.placements {
		p := &m.placements[i]
		j, ok := at[p.Block]
		if !ok || p.Integration != w.Integration {
			continue
		}
		n := w.Placements[j]
		n.Wanted, n.ExpiresAt, n.Target = p.Wanted, p.ExpiresAt, p.Target
		*p = n
	}
	if m.ledger[w.Integration] == nil {
		m.ledger[w.Integration] = map[netip.Prefix]store.BlockLedgerEntry{}
	}
	for _, g := range w.Gone {
		delete(m.ledger[w.Integration], g)
	}
	for _, row := range w.Ledger {
		m.ledger[w.Integration][row.Prefix] = row
	}
	m.steps = append(m.steps, w.Steps...)
	if w.Tell != nil {
		m.said = append(m.said, w.Tell(was, m.standings(w.Placements))...)
	}
	m.said = append(m.said, w.Say...)
	return nil
}

func (m *memory) standings(of []store.Placement) (list []store.BlockStanding) {
	by := map[event.ID]int{}
	for _, p := range of {
		by[p.Block] = len(list)
		list = append(list, store.BlockStanding{Block: m.blocks[p.Block]})
	}
	for _, p := range m.placements {
		if i, ok := by[p.Block]; ok {
			list[i].Placements = append(list[i].Placements, p)
		}
	}
	slices.SortFunc(list, func(a, b store.BlockStanding) int { return bytes.Compare(a.Block.ID[:], b.Block.ID[:]) })
	return list
}

func (m *memory) DropResponder(_ context.Context, _ event.Account, id event.ID, cause string, at time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range m.placements {
		if p := &m.placements[i]; p.Integration == id && !p.State.Final() {
			p.State, p.Cause, p.Since = store.PlacementRemoved, cause, at
		}
	}
	delete(m.ledger, id)
	return nil
}

func (m *memory) LostResponders(context.Context, int) ([]store.ResponderRef, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.lost, nil
}
