package httpkit

import (
	"context"
	"fmt"
	"net/http/httptrace"
	"sync"
	"time"
)

// TimeoutError says which phase of a request took too long.
type TimeoutError struct {
	// Phase is "connect" or "request".
	Phase string
	// After is the limit of that phase.
	After time.Duration
}

func (e *TimeoutError) Error() string {
	if e.Phase == "connect" {
		return fmt.Sprintf("no connection within %s (connect_timeout)", e.After)
	}
	return fmt.Sprintf("no complete answer within %s (request_timeout)", e.After)
}

// Timeout is true, as for errors of package net.
func (e *TimeoutError) Timeout() bool { return true }

// phases bounds getting a connection and the request itself, one after the other. The runtime's timers call back: no
// goroutine waits.
type phases struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	trace  httptrace.ClientTrace

	connect, request time.Duration

	mu        sync.Mutex
	timer     *time.Timer
	connected bool
	stale     bool // the first phase's timer has fired, but too late to count
	done      bool
	writers   int // connections that are writing the request
}

func startPhases(parent context.Context, connect, request time.Duration) *phases {
	p := &phases{connect: connect, request: request}
	ctx, cancel := context.WithCancelCause(parent)
	p.cancel = cancel
	p.trace.GotConn = p.gotConn
	p.trace.WroteRequest = p.wroteRequest
	p.ctx = httptrace.WithClientTrace(ctx, &p.trace)
	p.mu.Lock()
	p.timer = time.AfterFunc(connect, p.expired)
	p.mu.Unlock()
	return p
}

// gotConn begins the second phase. The transport may call it again when it sends the request on another connection.
func (p *phases) gotConn(httptrace.GotConnInfo) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.writers++
	if !p.connected && !p.done {
		p.connected, p.stale = true, !p.timer.Stop()
		p.timer.Reset(p.request)
	}
}

// wroteRequest notes that a connection has let go of the request's header and body.
func (p *phases) wroteRequest(httptrace.WroteRequestInfo) {
	p.mu.Lock()
	p.writers--
	p.mu.Unlock()
}

// released says whether every connection has let go of the request.
func (p *phases) released() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.connected && p.writers == 0
}

// expired ends the request, unless it was called for the first phase just as the second began.
func (p *phases) expired() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stale || p.done {
		p.stale = false
		return
	}
	p.done = true
	if p.connected {
		p.cancel(&TimeoutError{Phase: "request", After: p.request})
		return
	}
	p.cancel(&TimeoutError{Phase: "connect", After: p.connect})
}

func (p *phases) stop() {
	p.mu.Lock()
	p.done = true
	p.timer.Stop()
	p.mu.Unlock()
	p.cancel(nil)
}

// cause prefers the reason why the request was ended to what the transport made of it.
func (p *phases) cause(err error) error {
	if p.ctx.Err() != nil {
		return context.Cause(p.ctx)
	}
	return err
}
