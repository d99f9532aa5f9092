package httpkit

import (
	"bytes"
	"context"
	"fmt"
	"io"
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

// phases bounds getting a connection and the request itself, one after the other, and holds the request's body. The
// runtime's timers call back: no goroutine waits.
type phases struct {
	// trace, body and the timer are made once and used again: see stop.
	trace httptrace.ClientTrace
	body  io.ReadCloser // over reader, of a type that the transport knows to be in memory
	timer *time.Timer

	ctx              context.Context
	cancel           context.CancelCauseFunc
	connect, request time.Duration
	reader           bytes.Reader

	mu        sync.Mutex
	connected bool
	stale     bool // the first phase's timer has fired, but too late to count
	done      bool
	writers   int // connections that are writing the request
}

var phasesPool = sync.Pool{New: func() any {
	p := &phases{}
	p.trace.GotConn, p.trace.WroteRequest = p.gotConn, p.wroteRequest
	p.body = io.NopCloser(&p.reader)
	return p
}}

func startPhases(parent context.Context, connect, request time.Duration) *phases {
	p := phasesPool.Get().(*phases)
	ctx, cancel := context.WithCancelCause(parent)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.connect, p.request, p.cancel = connect, request, cancel
	p.connected, p.stale, p.done, p.writers = false, false, false, 0
	p.ctx = httptrace.WithClientTrace(ctx, &p.trace)
	if p.timer == nil {
		p.timer = time.AfterFunc(connect, p.expired)
	} else {
		p.timer.Reset(connect)
	}
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

// stop ends the request. After a success, p may serve another one if nothing of the transport's can still call it or
// read the body: every connection that began to write the request has let go of it, and the timer will not fire.
func (p *phases) stop(success bool) {
	p.mu.Lock()
	p.done = true
	idle := p.timer.Stop() && success && p.connected && !p.stale && p.writers == 0
	cancel := p.cancel
	p.mu.Unlock()
	cancel(nil)
	if idle {
		p.ctx, p.cancel = nil, nil
		p.reader.Reset(nil)
		phasesPool.Put(p)
	}
}

// cause prefers the reason why the request was ended to what the transport made of it.
func (p *phases) cause(err error) error {
	if p.ctx.Err() != nil {
		return context.Cause(p.ctx)
	}
	return err
}
