package splunk

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/klauspost/compress/gzip"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
)

// maxPooled bounds a buffer that is kept for the next batch (4 MiB).
const maxPooled = 4 << 20

// formatter writes HEC's event objects. What is the same for every event is encoded once.
type formatter struct {
	meta []byte // ,"host":…,"source":…,"sourcetype":…,"index":…,"event":
	gzip bool
}

func newFormatter(s *Settings) *formatter {
	f := &formatter{gzip: s.Gzip}
	for _, m := range []struct{ name, value string }{
		{"host", s.Host}, {"source", s.Source}, {"sourcetype", s.SourceType}, {"index", s.Index},
	} {
		if m.value == "" {
			continue
		}
		quoted, _ := json.Marshal(m.value) // a text always encodes
		f.meta = append(f.meta, `,"`+m.name+`":`...)
		f.meta = append(f.meta, quoted...)
	}
	f.meta = append(f.meta, `,"event":`...)
	return f
}

// appendEvent appends one event object. A batch is such objects one after the other, not an array.
//
// The indexed fields let tstats count by type and severity without reading events. They have names of their own: a
// field that is indexed and also found in the event shows twice in a search.
func (f *formatter) appendEvent(dst []byte, r *event.Record) []byte {
	dst = append(dst, `{"time":`...)
	dst = appendSeconds(dst, r)
	dst = append(dst, f.meta...)
	dst = r.AppendJSON(dst)
	dst = append(dst, `,"fields":{"tocsin_type":"`...)
	dst = append(dst, r.Type...) // [a-z0-9_.], see event.ValidType
	dst = append(dst, `","tocsin_severity":"`...)
	dst = append(dst, r.Severity.String()...)
	return append(dst, `"}}`...)
}

// appendSeconds appends the event's time as epoch seconds with milliseconds, HEC's resolution, or the time of
// reception for an event that has none or one before 1970, which HEC refuses.
func appendSeconds(dst []byte, r *event.Record) []byte {
	t := r.Time
	if t.Unix() < 0 {
		t = r.Received
	}
	if t.Unix() < 0 {
		t = time.Unix(0, 0)
	}
	dst = strconv.AppendInt(dst, t.Unix(), 10)
	ms := t.Nanosecond() / int(time.Millisecond)
	return append(dst, '.', byte('0'+ms/100), byte('0'+ms/10%10), byte('0'+ms%10))
}

// buffers are one batch: as it is, and compressed.
type buffers struct {
	plain  []byte
	packed bytes.Buffer
	gz     *gzip.Writer
}

var bufferPool = sync.Pool{New: func() any {
	gz, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed) // the level is a valid one
	return &buffers{gz: gz}
}}

func getBuffers() *buffers { return bufferPool.Get().(*buffers) }

func putBuffers(b *buffers) {
	if cap(b.plain) <= maxPooled && b.packed.Cap() <= maxPooled {
		bufferPool.Put(b)
	}
}

// body is what goes on the wire.
func (b *buffers) body() []byte {
	if b.packed.Len() > 0 {
		return b.packed.Bytes()
	}
	return b.plain
}

// write fills b with a batch.
func (f *formatter) write(b *buffers, ds []connector.Delivery) error {
	b.plain = b.plain[:0]
	b.packed.Reset()
	for i := range ds {
		b.plain = f.appendEvent(b.plain, ds[i].Record)
	}
	if !f.gzip {
		return nil
	}
	b.gz.Reset(&b.packed)
	if _, err := b.gz.Write(b.plain); err != nil {
		return fmt.Errorf("writing gzip: %w", err)
	}
	if err := b.gz.Close(); err != nil {
		return fmt.Errorf("closing gzip: %w", err)
	}
	return nil
}
