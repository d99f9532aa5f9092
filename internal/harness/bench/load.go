package bench

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/tocsin-hub/tocsin/internal/harness"
	"github.com/tocsin-hub/tocsin/internal/harness/wire"
)

// eventBytes is the size of an event of the load.
const eventBytes = 1024

// template is a prepared request whose events' numbers are written over before it is sent again.
type template struct {
	bytes   []byte
	body    []byte // the part of bytes that is the body
	numbers []int  // offsets in body
}

// newTemplate prepares a request with events of its own; variant makes it differ from others.
func newTemplate(addr string, events, variant int) *template {
	var body []byte
	for i := range events {
		n := uint32(variant*events + i)
		if i > 0 {
			body = append(body, '\n')
		}
		body = harness.AppendEvent(body, harness.Event{Number: n, Type: harness.Types[int(n)%len(harness.Types)], Size: eventBytes})
	}
	t := &template{}
	contentType := "application/json"
	if events > 1 {
		contentType = "application/x-ndjson"
	}
	t.bytes = wire.AppendRequest(nil, "POST", "/api/v1/events", addr, []wire.Header{
		{Name: "X-API-Key", Value: harness.AdminKey}, {Name: "Content-Type", Value: contentType},
	}, body)
	t.body = t.bytes[len(t.bytes)-len(body):]
	for at := 0; ; {
		i := harness.NumberAt(t.body[at:])
		if i < 0 {
			return t
		}
		at += i
		t.numbers = append(t.numbers, at)
	}
}

// stamp gives the events numbers from first on.
func (t *template) stamp(first uint32) {
	for i, at := range t.numbers {
		harness.SetNumber(t.body, at, first+uint32(i))
	}
}

// poster sends prepared requests over one connection.
type poster interface {
	post(t *template) error
	close()
}

// newPoster opens a connection to the hub.
func newPoster(ctx context.Context, addr string, e Engine) (poster, error) {
	if e == NetHTTP {
		return &stdPoster{ctx, "http://" + addr + "/api/v1/events", &http.Client{Transport: &http.Transport{}}}, nil
	}
	c, err := wire.Dial(ctx, addr)
	if err != nil {
		return nil, err
	}
	return rawPoster{c}, nil
}

type rawPoster struct{ c *wire.Client }

func (p rawPoster) post(t *template) error {
	m, err := p.c.Do(t.bytes, 0)
	if err != nil {
		return err
	}
	return taken(m)
}

// taken says whether an answer acknowledges.
func taken(m *wire.Message) error {
	if m.Status() != http.StatusAccepted {
		return fmt.Errorf("the hub answered %d: %.300s", m.Status(), m.Body)
	}
	return nil
}

func (p rawPoster) close() { p.c.Close() }

type stdPoster struct {
	ctx    context.Context
	url    string
	client *http.Client
}

func (p *stdPoster) post(t *template) error {
	req, err := http.NewRequestWithContext(p.ctx, http.MethodPost, p.url, bytes.NewReader(t.body))
	if err != nil {
		return fmt.Errorf("making a request: %w", err)
	}
	req.Header.Set("X-API-Key", harness.AdminKey)
	req.Header.Set("Content-Type", "application/json")
	if len(t.numbers) > 1 {
		req.Header.Set("Content-Type", "application/x-ndjson")
	}
	resp, err := p.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close() //nolint:errcheck // it was read to its end
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return fmt.Errorf("reading the answer: %w", err)
	}
	if resp.StatusCode != http.StatusAccepted {
		return fmt.Errorf("the hub answered %d", resp.StatusCode)
	}
	return nil
}

func (p *stdPoster) close() { p.client.CloseIdleConnections() }

// flood is a load that sends as fast as the hub answers.
type flood struct {
	addr        string
	engine      Engine
	connections int
	perRequest  int // events
	events      int // a multiple of perRequest
	first       uint32
}

// variants is how many different requests each connection goes round.
const variants = 8

// course is the place of one connection in a flood.
type course struct {
	flood     *flood
	templates [variants]*template
	at        int
}

func (f *flood) course(index int) *course {
	c := &course{flood: f}
	for i := range c.templates {
		c.templates[i] = newTemplate(f.addr, f.perRequest, index*variants+i)
	}
	return c
}

// next gives the next request; nil when all are taken.
func (c *course) next(sent *atomic.Int64) *template {
	at := sent.Add(int64(c.flood.perRequest)) - int64(c.flood.perRequest)
	if at >= int64(c.flood.events) {
		return nil
	}
	t := c.templates[c.at%variants]
	c.at++
	t.stamp(c.flood.first + uint32(at))
	return t
}

// run sends everything once.
func (f *flood) run(ctx context.Context) error {
	var sent atomic.Int64
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	for i := range f.connections {
		wg.Go(func() {
			if err := f.connection(ctx, i, &sent); err != nil {
				cancel(err)
			}
		})
	}
	wg.Wait()
	return context.Cause(ctx)
}

func (f *flood) connection(ctx context.Context, index int, sent *atomic.Int64) error {
	p, err := newPoster(ctx, f.addr, f.engine)
	if err != nil {
		return err
	}
	defer p.close()
	c := f.course(index)
	for ctx.Err() == nil {
		t := c.next(sent)
		if t == nil {
			return nil
		}
		if err := p.post(t); err != nil {
			return err
		}
	}
	return nil
}
