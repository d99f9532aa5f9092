package connector

import (
	"context"
	"sync"
)

// Turns let one at a time work on what a key names. All instances of the process share one: a delivery, a call of the
// vendor and a look at its side are handled by three instances of one integration, so that a lock of an instance's own
// keeps nobody out.
type Turns struct {
	mu sync.Mutex
	by map[string]*turn
}

type turn struct {
	taken chan struct{} // holds one while somebody has it
	users int           // who have it or wait for it
}

// Take waits until nobody else has the key, or for the end of ctx, whose cause is the error then. Who took it calls what
// it gives when done. A nil Turns has nobody to wait for.
func (t *Turns) Take(ctx context.Context, key string) (leave func(), err error) {
	if t == nil {
		return func() {}, nil
	}
	mine := t.join(key)
	select {
	case mine.taken <- struct{}{}:
		return func() { <-mine.taken; t.part(key, mine) }, nil
	case <-ctx.Done():
		t.part(key, mine)
		return nil, context.Cause(ctx)
	}
}

func (t *Turns) join(key string) *turn {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.by == nil {
		t.by = map[string]*turn{}
	}
	mine := t.by[key]
	if mine == nil {
		mine = &turn{taken: make(chan struct{}, 1)}
		t.by[key] = mine
	}
	mine.users++
	return mine
}

// part forgets a key that nobody needs any more: there are as many as there is work under way.
func (t *Turns) part(key string, mine *turn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if mine.users--; mine.users == 0 {
		delete(t.by, key)
	}
}

// Turn waits until no other instance of the integration works on subject; see [Turns.Take].
func (e *Env) Turn(ctx context.Context, subject string) (leave func(), err error) {
	return e.Turns.Take(ctx, string(e.Account)+"\x00"+e.Integration+"\x00"+subject)
}
