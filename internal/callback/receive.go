package callback

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
)

// maxDetail bounds what a refused caller is told, in bytes.
const maxDetail = 300

// Answer is what a call is answered with.
type Answer struct {
	Status      int
	ContentType string
	Body        []byte
	// Detail says what is wrong: then there is no Body.
	Detail     string
	RetryAfter time.Duration
	// Unproven says that the caller has not proven to be the vendor.
	Unproven bool

	after []func()
}

// After does what comes after the answer, which is in the vendor's hands now. It does not wait for it.
func (a *Answer) After() {
	for _, f := range a.after {
		f()
	}
	a.after = nil
}

// notFound is the one answer to all calls that nobody waits for: it does not tell which integrations there are.
func notFound() Answer {
	return Answer{Status: http.StatusNotFound, Detail: "no integration waits for calls here"}
}

func later(detail string) Answer {
	return Answer{Status: http.StatusServiceUnavailable, Detail: detail, RetryAfter: busyRetry}
}

// Receive takes a call for an integration of a kind. It ends within CallTime, whoever hangs up in between.
func (s *Service) Receive(ctx context.Context, kind, id string, c connector.Call) Answer {
	began := s.Now()
	e := s.find(kind, id)
	if e == nil {
		return notFound()
	}
	if wait, ok := e.take(began); !ok {
		e.seen.throttled(began)
		return Answer{Status: http.StatusTooManyRequests, Detail: "this integration is called too often", RetryAfter: wait}
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), CallTime)
	defer cancel()
	line := CallLine{At: began.UTC(), Wishes: []WishLine{}}
	answer := s.receive(ctx, e, c, &line)
	line.Status, line.TookMS = answer.Status, s.Now().Sub(began).Milliseconds()
	e.seen.add(line)
	return answer
}

// take counts a call; if there are too many it says how long to wait.
func (e *entry) take(now time.Time) (wait time.Duration, ok bool) {
	r := e.rate.ReserveN(now, 1)
	if d := r.DelayFrom(now); d > 0 {
		r.CancelAt(now)
		return d, false
	}
	return 0, true
}

func (s *Service) receive(ctx context.Context, e *entry, c connector.Call, line *CallLine) Answer {
	p, ok := s.place(ctx, e)
	if !ok {
		line.Outcome, line.Error = Failed, "too many calls were looked at"
		return later("too many calls are looked at right now: try again")
	}
	defer p.leave()
	inst, err := s.open(ctx, e)
	if err != nil {
		line.fail(err)
		return later("the integration cannot take calls right now: try again")
	}
	defer inst.release()
	receiver, ok := inst.Instance.(connector.Callback)
	if !ok {
		return notFound()
	}
	reply, err := s.ask(ctx, p, inst, receiver, c)
	if status, refused := connector.IsRefused(err); refused {
		line.Outcome, line.Error = Refused, event.Clip(err.Error(), maxDetail)
		status = refusalStatus(status)
		return Answer{Status: status, Detail: line.Error, Unproven: status == http.StatusUnauthorized}
	}
	if err != nil {
		s.Log.Warn("a call failed", slog.String("integration", idText(inst.row)), slog.Any("error", err))
		line.fail(err)
		return later("the call could not be looked at: try again")
	}
	return s.reply(ctx, inst, reply, line)
}

// refusalStatus keeps a refusal to the statuses that tell a vendor to give up.
func refusalStatus(status int) int {
	if status < 400 || status > 499 || status == http.StatusTooManyRequests {
		return http.StatusBadRequest
	}
	return status
}

// reply does what the call asks for and makes the answer.
func (s *Service) reply(ctx context.Context, inst *instance, reply connector.Reply, line *CallLine) Answer {
	answer := Answer{Status: reply.Status, ContentType: reply.ContentType, Body: reply.Body}
	if answer.Status < 200 || answer.Status > 299 {
		answer.Status = http.StatusOK
	}
	line.Outcome, line.Note = Done, reply.Note
	if len(reply.Wishes) == 0 {
		line.Outcome = Nothing
	}
	answerer, _ := inst.Instance.(connector.Answerer)
	for _, w := range reply.Wishes {
		told, o, err := s.do(ctx, inst, w)
		line.wish(told)
		if err != nil {
			s.Log.Warn("what a vendor asks for could not be done", slog.String("integration", idText(inst.row)), slog.Any("error", err))
			line.fail(err)
			answer.Status, answer.Detail, answer.RetryAfter = http.StatusServiceUnavailable, "not everything could be done: try again", busyRetry
			break
		}
		if answerer != nil && o != nil {
			answer.after = append(answer.after, s.answer(inst, answerer, w, *o))
		}
	}
	return answer
}

// ask has the connector look at the call. It comes back in time even if the connector does not; the place of the call is
// free when both have.
func (s *Service) ask(ctx context.Context, p *place, inst *instance, receiver connector.Callback, c connector.Call) (connector.Reply, error) {
	type result struct {
		reply connector.Reply
		err   error
	}
	ctx, cancel := context.WithTimeout(ctx, receiveTime)
	done := make(chan result, 1)
	p.share()
	inst.hold()
	go func() {
		defer p.leave()
		defer inst.release()
		defer cancel()
		var r result
		r.err = guarded(func() (err error) {
			r.reply, err = receiver.Receive(ctx, c)
			return err
		})
		done <- r
	}()
	var r result
	select {
	case r = <-done:
	case <-ctx.Done():
		select {
		case r = <-done: // which is what ended the context
		default:
			return connector.Reply{}, errSlow
		}
	}
	if r.err == nil && len(r.reply.Wishes) > maxWishes {
		r.err = fmt.Errorf("it asks for %d things, more than %d", len(r.reply.Wishes), maxWishes)
	}
	return r.reply, r.err
}

var errSlow = errors.New("the connector did not look at the call in time")

// guarded turns a panic of a connector into an error.
func guarded(f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("the connector failed: %v", v)
		}
	}()
	return f()
}

// place is a call's among those that are looked at, in all and of one integration.
type place struct {
	free  func()
	users atomic.Int32
}

// place waits for one as long as a call may take.
func (s *Service) place(ctx context.Context, e *entry) (*place, bool) {
	if !enter(ctx, e.slots) {
		return nil, false
	}
	if !enter(ctx, s.slots) {
		<-e.slots
		return nil, false
	}
	p := &place{free: func() { <-s.slots; <-e.slots }}
	p.share()
	return p, true
}

func (p *place) share() { p.users.Add(1) }

// leave frees the place with the last one that is in it.
func (p *place) leave() {
	if p.users.Add(-1) == 0 {
		p.free()
	}
}

func enter(ctx context.Context, places chan struct{}) bool {
	select {
	case places <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}
