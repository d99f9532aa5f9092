package connector

import (
	"bytes"
	"fmt"
	"sync"

	"github.com/klauspost/compress/gzip"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// Body is the body of a batch's request: as it is, and compressed where that is asked for. Its buffers are used again.
type Body struct {
	Plain  []byte
	packed bytes.Buffer
	gz     *gzip.Writer
	pool   *BodyPool
}

// BodyPool keeps bodies for the next batch.
type BodyPool struct {
	most int
	pool sync.Pool
}

// NewBodyPool makes a pool that keeps no buffer of more than most bytes.
func NewBodyPool(most int) *BodyPool { return &BodyPool{most: most} }

// Get gives a body to fill.
func (p *BodyPool) Get() *Body {
	if b, ok := p.pool.Get().(*Body); ok {
		return b
	}
	gz, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed) // the level is a valid one
	return &Body{gz: gz, pool: p}
}

// Release gives the buffers back. Only who knows that nothing reads them any more may do so: after an error the transport
// may still.
func (b *Body) Release() {
	if cap(b.Plain) <= b.pool.most && b.packed.Cap() <= b.pool.most {
		b.pool.pool.Put(b)
	}
}

// Bytes is what goes on the wire, until Fill or Release is called.
func (b *Body) Bytes() []byte {
	if b.packed.Len() > 0 {
		return b.packed.Bytes()
	}
	return b.Plain
}

// Fill writes a batch, each event by appending, and gives the deliveries whose events the form (its name is for people)
// cannot hold; the body is without them.
func (b *Body) Fill(ds []Delivery, form string, pack bool, appending func([]byte, *event.Record) ([]byte, error)) (Rejected, error) {
	b.Plain = b.Plain[:0]
	b.packed.Reset()
	var refused Rejected
	for i := range ds {
		var err error
		if b.Plain, err = appending(b.Plain, ds[i].Record); err != nil {
			if refused == nil {
				refused = Rejected{}
			}
			refused[i] = Unwritable(form, err)
		}
	}
	if !pack || len(b.Plain) == 0 {
		return refused, nil
	}
	b.gz.Reset(&b.packed)
	if _, err := b.gz.Write(b.Plain); err != nil {
		return refused, fmt.Errorf("writing gzip: %w", err)
	}
	if err := b.gz.Close(); err != nil {
		return refused, fmt.Errorf("closing gzip: %w", err)
	}
	return refused, nil
}
