package splunk

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/event/payload"
)

// maxPooled bounds a buffer that is kept for the next batch (4 MiB).
const maxPooled = 4 << 20

var bodies = connector.NewBodyPool(maxPooled)

// formatter writes HEC's event objects. What is the same for every event is encoded once.
type formatter struct {
	meta    []byte // ,"host":…,"source":…,"sourcetype":…,"index":…,"event":
	gzip    bool
	profile payload.Profile
	form    payload.Writer // nil: Tocsin's own form
	hub     string         // where people reach this hub
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

// use takes the form that the settings choose.
func (f *formatter) use(p *connector.Payload, env connector.Env) error {
	write, profile, err := p.Open(env)
	if err != nil {
		return fmt.Errorf("opening the payload profile: %w", err)
	}
	f.profile, f.hub = profile, env.PublicURL
	if profile.Name != payload.Native {
		f.form = write
	}
	return nil
}

// appendEvent appends one event object. A batch is such objects one after the other, not an array.
//
// The indexed fields let tstats count by type and severity without reading events. They have names of their own: a
// field that is indexed and also found in the event shows twice in a search.
//
// The error says that the form cannot hold the event; dst is then given back as it was.
func (f *formatter) appendEvent(dst []byte, r *event.Record) ([]byte, error) {
	start := len(dst)
	dst = append(dst, `{"time":`...)
	dst = appendSeconds(dst, r)
	dst = append(dst, f.meta...)
	dst, err := f.appendForm(dst, r)
	if err != nil {
		return dst[:start], err
	}
	dst = append(dst, `,"fields":{"tocsin_type":"`...)
	dst = append(dst, r.Type...) // [a-z0-9_.], see event.ValidType
	dst = append(dst, `","tocsin_severity":"`...)
	dst = append(dst, r.Severity.String()...)
	return append(dst, `"}}`...), nil
}

// appendForm appends the event in its form; a line of text is a JSON string.
func (f *formatter) appendForm(dst []byte, r *event.Record) ([]byte, error) {
	switch {
	case f.form == nil:
		return r.AppendLinked(dst, r.Link(f.hub)), nil
	case !f.profile.Text:
		return f.form(dst, r)
	}
	line, err := f.form(nil, r)
	if err != nil {
		return dst, err
	}
	return event.AppendString(dst, string(line)), nil
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

// write fills b with a batch, and gives the deliveries whose events the form cannot hold; b is without them.
func (f *formatter) write(b *connector.Body, ds []connector.Delivery) (connector.Rejected, error) {
	return b.Fill(ds, f.profile.Name, f.gzip, f.appendEvent)
}
