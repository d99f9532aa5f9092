package user

import (
	"context"
	"crypto/subtle"
	"fmt"
	"io"
	"runtime"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/argon2"
)

// Hashing costs memory and processor time, and strangers ask for it: so it has few places and a short queue.
const (
	minPlaces  = 2
	maxPlaces  = 4 // hashings at once; each takes currentCost.memory
	maxWaiting = 64
	// maxHashWait is how long one waits for a place.
	maxHashWait = 5 * time.Second
	// busyAfter is when somebody who found no place is asked to come back.
	busyAfter = 3 * time.Second
)

// hasher hashes passwords and compares them.
type hasher struct {
	random  io.Reader
	cost    cost
	places  chan struct{}
	waiting atomic.Int64
	// dummy is compared with where there is no hash, so that it takes as long as where there is one.
	dummy phc
}

func newHasher(random io.Reader, c cost) *hasher {
	h := &hasher{random: random, cost: c, places: make(chan struct{}, min(max(runtime.GOMAXPROCS(0), minPlaces), maxPlaces))}
	h.dummy = phc{cost: c, salt: make([]byte, saltBytes), hash: make([]byte, hashBytes)}
	return h
}

// hash hashes a password that was checked.
func (h *hasher) hash(ctx context.Context, password string) (string, error) {
	p := phc{cost: h.cost, salt: make([]byte, saltBytes)}
	if _, err := io.ReadFull(h.random, p.salt); err != nil {
		return "", fmt.Errorf("drawing a salt: %w", err)
	}
	var err error
	if p.hash, err = h.derive(ctx, password, p.cost, p.salt, hashBytes); err != nil {
		return "", err
	}
	return p.String(), nil
}

// verify says whether the password is the one that was hashed; stored may be empty, which takes as long and is never
// right. Outdated says that the hash is of another cost than new ones.
func (h *hasher) verify(ctx context.Context, password, stored string) (right, outdated bool, err error) {
	p, parseErr := h.dummy, error(nil)
	if stored != "" {
		if p, parseErr = parsePHC(stored); parseErr != nil {
			p = h.dummy
		}
	}
	got, err := h.derive(ctx, password, p.cost, p.salt, len(p.hash))
	if err != nil {
		return false, false, err
	}
	equal := subtle.ConstantTimeCompare(got, p.hash) == 1
	return equal && stored != "" && parseErr == nil, p.cost != h.cost, parseErr
}

// derive waits for a place and hashes.
func (h *hasher) derive(ctx context.Context, password string, c cost, salt []byte, n int) ([]byte, error) {
	select {
	case h.places <- struct{}{}:
	default:
		if err := h.wait(ctx); err != nil {
			return nil, err
		}
	}
	defer func() { <-h.places }()
	return argon2.IDKey([]byte(password), salt, c.passes, c.memory, c.lanes, uint32(n)), nil
}

func (h *hasher) wait(ctx context.Context) error {
	defer h.waiting.Add(-1)
	if h.waiting.Add(1) > maxWaiting {
		return &ThrottledError{After: busyAfter}
	}
	timer := time.NewTimer(maxHashWait)
	defer timer.Stop()
	select {
	case h.places <- struct{}{}:
		return nil
	case <-timer.C:
		return &ThrottledError{After: busyAfter}
	case <-ctx.Done():
		return fmt.Errorf("waiting to hash a password: %w", ctx.Err())
	}
}
