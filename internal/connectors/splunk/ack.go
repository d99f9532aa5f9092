package splunk

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
)

// Limits of waiting for acknowledgements.
const (
	// maxUnacked is the most batches that wait for their acknowledgement at once; more wait to be posted. Only their ids
	// are held here, but the lane's window holds their events.
	maxUnacked = 16
	// firstPoll is how soon after a batch it is asked for first. Every question makes the pause half as long again, up
	// to the setting.
	firstPoll = 250 * time.Millisecond
)

// acks posts batches and waits until Splunk has indexed them.
//
// ackIds are numbers that Splunk counts up from 0 in each channel, and begins anew when it restarts. So that the id of a
// batch that a restart lost is never taken for that of a later one, one request is made at a time, posts and questions
// alike: the ids of a channel must grow from answer to answer, and if they do not, or a request ends without an answer
// (it may have been given an id that nobody knows), everything that is not acknowledged yet is sent again. Rather twice
// than never.
type acks struct {
	do       func(context.Context, *httpkit.Request) (*httpkit.Response, error)
	question func(body []byte) *httpkit.Request
	now      func() time.Time
	channel  string
	interval time.Duration // the longest pause between two questions
	timeout  time.Duration // after which a batch counts as lost

	room chan struct{} // holds one for each batch under way
	turn chan struct{} // holds one while a request is made

	mu      sync.Mutex
	waiting map[int64]*unacked
	last    int64 // the newest id; -1 at first
	proven  bool  // the token takes the question
	cookies []*http.Cookie
	fresh   chan struct{}      // tells the poller of a new batch
	stop    context.CancelFunc // of the poller; nil while there is none
	trouble error              // with the last question
}

// unacked is a batch that Splunk took and has not indexed yet.
type unacked struct {
	id   int64
	done chan error // gets one value
}

func newAcks(c *Connector, channel string, interval, timeout time.Duration) *acks {
	url := ackEndpoint(c.settings.endpoint())
	return &acks{
		do: c.client.Do,
		question: func(body []byte) *httpkit.Request {
			r := c.request(http.MethodPost)
			r.URL, r.Body = url, body
			return r
		},
		now: c.now, channel: channel, interval: interval, timeout: timeout,
		room: make(chan struct{}, maxUnacked), turn: make(chan struct{}, 1),
		waiting: map[int64]*unacked{}, last: -1, fresh: make(chan struct{}, 1),
	}
}

// send posts a batch, whose request is made when it is its turn, and returns when Splunk has indexed them. A batch
// that is not acknowledged in time is an error to be tried again.
func (a *acks) send(ctx context.Context, p *post) error {
	if err := enter(ctx, a.room); err != nil {
		return err
	}
	defer leave(a.room)
	w, err := a.post(ctx, p)
	if err != nil {
		return err
	}
	return a.await(ctx, w)
}

// enter takes a place; leave gives it back.
func enter(ctx context.Context, places chan struct{}) error {
	select {
	case places <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("waiting to post to Splunk: %w", ctx.Err())
	}
}

func leave(places chan struct{}) { <-places }

// post makes the request and notes the id that it got.
func (a *acks) post(ctx context.Context, p *post) (*unacked, error) {
	if err := enter(ctx, a.turn); err != nil {
		return nil, err
	}
	defer leave(a.turn)
	if e := httpkit.ExchangeOf(ctx); e == nil || !e.DryRun {
		if err := a.prove(ctx); err != nil {
			return nil, err
		}
	}
	req, release, err := p.request()
	if err != nil {
		return nil, err
	}
	resp, err := a.request(ctx, req)
	if err != nil {
		a.forget(errDoubtful)
		return nil, fmt.Errorf("posting to Splunk: %w", err)
	}
	release(resp)
	if err := judgeAcked(resp, p.sent(), a.now()); err != nil {
		if !definite(resp) {
			a.forget(errDoubtful)
		}
		return nil, err
	}
	id, ok := ackIDOf(resp.Body)
	if !ok {
		a.doubt()
		return nil, errNoAckID
	}
	return a.register(id), nil
}

// prove asks a question before the first batch, and after each refusal: a token without acknowledgement would take
// batches and acknowledge none, and each try would be another copy in the index.
func (a *acks) prove(ctx context.Context) error {
	a.mu.Lock()
	proven := a.proven
	a.mu.Unlock()
	if proven {
		return nil
	}
	resp, err := a.request(ctx, a.question(ackQuestion([]int64{noAckID})))
	if err != nil {
		return fmt.Errorf("asking Splunk for acknowledgements: %w", err)
	}
	if err := judgeAck(resp, a.now()); err != nil {
		return fmt.Errorf("asking for acknowledgements: %w", err)
	}
	if _, ok := ackAnswer(resp.Body); !ok {
		return fmt.Errorf("asking for acknowledgements: what answers at %s is not Splunk (%s)", ackPath, resp.Excerpt(200))
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.proven = true
	return nil
}

// test proves that acknowledgements can be asked for.
func (a *acks) test(ctx context.Context) error {
	if err := enter(ctx, a.turn); err != nil {
		return err
	}
	defer leave(a.turn)
	return a.prove(ctx)
}

// doubt has the next batch ask first.
func (a *acks) doubt() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.proven = false
}

// request makes a request in the channel, within the session that a load balancer keeps by cookies. It is the caller's
// turn.
func (a *acks) request(ctx context.Context, r *httpkit.Request) (*httpkit.Response, error) {
	r.Header[channelHeader] = []string{a.channel}
	a.mu.Lock()
	if len(a.cookies) > 0 {
		r.Header["Cookie"] = []string{cookieHeader(a.cookies)}
	}
	a.mu.Unlock()
	resp, err := a.do(ctx, r)
	if err != nil {
		return nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.cookies = keepCookies(a.cookies, resp.Header)
	return resp, nil
}

// register notes a new id. An id that is not above all others shows that Splunk has begun to count anew. It is the
// caller's turn, so no question is under way.
func (a *acks) register(id int64) *unacked {
	a.mu.Lock()
	defer a.mu.Unlock()
	if id <= a.last {
		a.forgetLocked(errForgotten)
	}
	a.last = id
	w := &unacked{id: id, done: make(chan error, 1)}
	a.waiting[id] = w
	if a.stop == nil {
		ctx, cancel := context.WithCancel(context.Background())
		a.stop, a.trouble = cancel, nil
		go a.poll(ctx)
	}
	select {
	case a.fresh <- struct{}{}:
	default:
	}
	return w
}

// forget fails everything that is not acknowledged.
func (a *acks) forget(why error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.forgetLocked(why)
}

func (a *acks) forgetLocked(why error) {
	for _, w := range a.waiting {
		a.endLocked(w, why)
	}
}

// endLocked ends the waiting of a batch, and the poller with the last of them. One that has ended already is left alone.
func (a *acks) endLocked(w *unacked, result error) {
	if a.waiting[w.id] != w {
		return
	}
	delete(a.waiting, w.id)
	w.done <- result
	if len(a.waiting) == 0 && a.stop != nil {
		a.stop()
		a.stop = nil
	}
}

// await waits for the acknowledgement of a batch.
func (a *acks) await(ctx context.Context, w *unacked) error {
	timer := time.NewTimer(a.timeout)
	defer timer.Stop()
	select {
	case err := <-w.done:
		return err
	case <-ctx.Done():
		a.mu.Lock()
		a.endLocked(w, nil)
		a.mu.Unlock()
		return fmt.Errorf("waiting for Splunk's acknowledgement: %w", ctx.Err())
	case <-timer.C:
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	select {
	case err := <-w.done: // it came at this moment
		return err
	default:
	}
	trouble := a.trouble
	a.endLocked(w, nil)
	err := fmt.Errorf("no acknowledgement within %s from Splunk, which took the batch (ackId %d): it is sent again, and may be found twice",
		a.timeout, w.id)
	if trouble != nil {
		err = fmt.Errorf("%w; the last question for it failed: %w", err, plain{trouble})
	}
	return err
}

// plain takes the class from an error: that a question was refused does not mean that the batch was.
type plain struct{ err error }

func (p plain) Error() string { return p.err.Error() }

// poll asks for what waits, until nothing does. All batches share a question.
func (a *acks) poll(ctx context.Context) {
	r := newRhythm(min(firstPoll, a.interval), a.interval, time.Now())
	timer := time.NewTimer(time.Until(r.next))
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-a.fresh:
			r.fresh(time.Now())
		case <-timer.C:
			atLeast := a.ask(ctx)
			r.asked(time.Now(), atLeast)
		}
		timer.Reset(time.Until(r.next))
	}
}

// rhythm says when the next question is due. It is pure.
type rhythm struct {
	first, longest time.Duration
	pause          time.Duration
	last           time.Time // of the last question
	notBefore      time.Time // Splunk asked for a pause
	next           time.Time
}

func newRhythm(first, longest time.Duration, now time.Time) *rhythm {
	return &rhythm{first: first, longest: longest, pause: first, last: now, next: now.Add(first)}
}

// fresh has a new batch be asked for soon. Batches that come closely put off no question, nor do they bring more than one
// in the first pause.
func (r *rhythm) fresh(now time.Time) {
	at := now.Add(r.first)
	if soonest := r.last.Add(r.first); now.Before(soonest) {
		at = soonest
	}
	if at.Before(r.notBefore) {
		at = r.notBefore
	}
	if at.Before(r.next) {
		r.next, r.pause = at, r.first
	}
}

// asked makes the next pause half as long again, or as long as Splunk wants it: what is indexed after some time is known not
// much later.
func (r *rhythm) asked(now time.Time, atLeast time.Duration) {
	r.pause = min(r.pause*3/2, r.longest)
	r.last = now
	r.notBefore = now.Add(atLeast)
	r.next = now.Add(max(r.pause, atLeast))
}

// ask makes one question and tells what came of it. It gives the pause that Splunk asks for, if it does.
func (a *acks) ask(ctx context.Context) time.Duration {
	if enter(ctx, a.turn) != nil {
		return 0
	}
	defer leave(a.turn)
	a.mu.Lock()
	ids := make([]int64, 0, len(a.waiting))
	for id := range a.waiting {
		ids = append(ids, id)
	}
	a.mu.Unlock()
	if len(ids) == 0 {
		return 0
	}
	resp, err := a.request(ctx, a.question(ackQuestion(ids)))
	if err == nil {
		err = judgeAck(resp, a.now())
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if ctx.Err() != nil {
		return 0 // whoever waited has gone
	}
	if err != nil {
		return a.troubleLocked(err, resp)
	}
	indexed, ok := ackAnswer(resp.Body)
	if !ok {
		a.trouble = fmt.Errorf("the answer is not one about acknowledgements (%s)", resp.Excerpt(200))
		return 0
	}
	a.trouble = nil
	for _, id := range ids {
		if w := a.waiting[id]; w != nil && indexed[id] {
			a.endLocked(w, nil)
		}
	}
	return 0
}

// troubleLocked notes a question that failed. While it may work later, the batches go on waiting; when it was refused they
// cannot be acknowledged at all.
func (a *acks) troubleLocked(err error, resp *httpkit.Response) time.Duration {
	a.trouble = err
	after, throttled := connector.IsThrottled(err)
	if throttled || resp == nil || resp.Status >= 500 || resp.Status == http.StatusRequestTimeout || resp.Status == http.StatusTooEarly {
		return after
	}
	a.proven = false
	a.forgetLocked(fmt.Errorf("no word from Splunk whether the batch, which it took, is indexed, so it is sent again and may be found twice: %w", plain{err}))
	return 0
}
