package elastic

import (
	"time"

	"github.com/tidwall/gjson"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/event/payload"
)

// maxPooled bounds a buffer that is kept for the next batch (16 MiB).
const maxPooled = 16 << 20

var bodies = connector.NewBodyPool(maxPooled)

// formatter writes the bodies of bulk requests: for each event a line that says what to do and a line that is the
// document.
type formatter struct {
	index   index
	gzip    bool
	profile payload.Profile
	write   payload.Writer
}

// appendEvent appends the two lines of one event. The operation is always create: data streams take no other, and an event
// that is there already stays as it is. The error says that the form cannot hold the event; dst is then given back as it
// was.
func (f *formatter) appendEvent(dst []byte, r *event.Record) ([]byte, error) {
	start := len(dst)
	dst = f.index.append(append(dst, `{"create":{"_index":"`...), r.Time)
	dst = r.ID.AppendText(append(dst, `","_id":"`...), event.PrefixEvent)
	dst = append(dst, "\"}}\n"...)
	document := len(dst)
	dst, err := f.write(dst, r)
	if err != nil {
		return dst[:start], err
	}
	if f.profile.Name != payload.ECS {
		dst = stamped(dst, document, r.Time)
	}
	return append(dst, '\n'), nil
}

// stamped puts @timestamp into the document that begins at an offset, if it has none: data streams take none without.
func stamped(b []byte, at int, when time.Time) []byte {
	if gjson.GetBytes(b[at:], `\@timestamp`).Exists() {
		return b
	}
	stamp := when.UTC().AppendFormat([]byte(`"@timestamp":"`), time.RFC3339Nano)
	stamp = append(stamp, '"')
	if at+1 < len(b) && b[at+1] != '}' {
		stamp = append(stamp, ',')
	}
	rest := len(b) - at - 1
	b = append(b, stamp...)
	copy(b[len(b)-rest:], b[at+1:at+1+rest])
	copy(b[at+1:], stamp)
	return b
}

// fill fills b with a batch, and gives the deliveries whose events the form cannot hold; b is without them.
func (f *formatter) fill(b *connector.Body, ds []connector.Delivery) (connector.Rejected, error) {
	return b.Fill(ds, f.profile.Name, f.gzip, f.appendEvent)
}

// idsOf are the ids of the events that are in a request, in their order.
func idsOf(ds []connector.Delivery, refused connector.Rejected) []event.ID {
	ids := make([]event.ID, 0, len(ds))
	for i := range ds {
		if refused[i] == nil {
			ids = append(ids, ds[i].Record.ID)
		}
	}
	return ids
}
