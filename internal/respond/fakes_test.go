package respond

import (
	"sync"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/respond/reconcile"
	"github.com/tocsin-hub/tocsin/internal/store"
	"github.com/tocsin-hub/tocsin/internal/store/sqlite"
)

// responders are the account's, as a test wants them.
type responders struct {
	mu       sync.Mutex
	states   map[event.Account][]reconcile.State
	nudged   map[event.ID]int
	retried  []event.ID
	previews int
	fails    error
}

// recorder notes acts and how they ended.
type recorder struct {
	mu   sync.Mutex
	acts []done
	err  error
}

type done struct {
	act.Act
	err error
}

// frail is a store that fails when it is told to.
type frail struct {
	*sqlite.Store
	mu     sync.Mutex
	fails  error
	lost   bool // the write is done all the same
	writes int
}

// evidences are what blocks are asked for because of.
type evidences struct {
	alerts map[event.ID]store.Alert
	events map[event.ID]*event.Record
}
