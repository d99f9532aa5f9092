package email

import (
	"context"
	"sync"
	"time"
)

// Limits of using a connection again. Servers close idle ones after some minutes and after some hundred messages.
const (
	idleFor     = 20 * time.Second
	maxMessages = 100
	quitTime    = 2 * time.Second
)

// pool keeps connections for the next mail, and sees to it that there are not too many.
type pool struct {
	slots chan struct{} // one for each connection that may be open

	mu     sync.Mutex
	idle   []*idleSession
	closed bool
}

type idleSession struct {
	*session
	timer *time.Timer
}

func newPool(connections int) *pool { return &pool{slots: make(chan struct{}, connections)} }

// take waits for a slot, and gives an idle session if there is one. give or drop must follow.
func (p *pool) take(ctx context.Context) (*session, error) {
	select {
	case p.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.idle) > 0 {
		last := p.idle[len(p.idle)-1]
		p.idle = p.idle[:len(p.idle)-1]
		if last.timer.Stop() {
			return last.session, nil
		}
	}
	return nil, nil //nolint:nilnil // there is none
}

// give puts a session back that can be used again.
func (p *pool) give(s *session) {
	defer func() { <-p.slots }()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || s.sent >= maxMessages || len(p.idle) == cap(p.slots) {
		p.leave(s)
		return
	}
	i := &idleSession{session: s}
	i.timer = time.AfterFunc(idleFor, func() { p.expire(i) })
	p.idle = append(p.idle, i)
}

// drop gives the slot of a session back that is of no more use.
func (p *pool) drop(s *session) {
	if s != nil {
		s.close()
	}
	<-p.slots
}

func (p *pool) expire(gone *idleSession) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, s := range p.idle {
		if s == gone {
			p.idle = append(p.idle[:i], p.idle[i+1:]...)
			break
		}
	}
	p.leave(gone.session)
}

// leave takes leave of the server without keeping anybody waiting.
func (p *pool) leave(s *session) {
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), quitTime)
		defer cancel()
		s.quit(ctx)
	}()
}

// close takes leave on all idle connections. Those in use are closed when they are given back.
func (p *pool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for _, s := range p.idle {
		if s.timer.Stop() {
			p.leave(s.session)
		}
	}
	p.idle = nil
}
