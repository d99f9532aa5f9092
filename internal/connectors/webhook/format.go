package webhook

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"net/http"
	"strconv"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
	"github.com/tocsin-hub/tocsin/internal/event/cloudevents"
)

// The headers that Tocsin sets, in Go's spelling; names of headers have no case.
const (
	headerEvent     = "X-Tocsin-Event"    // the event's type, or "batch" for several types
	headerDelivery  = "X-Tocsin-Delivery" // the same at every attempt
	headerID        = "Webhook-Id"        // the same as headerDelivery
	headerTimestamp = "Webhook-Timestamp"
	headerSignature = "Webhook-Signature"
)

// maxPooledBody bounds the body buffer that is kept for the next request (256 KiB).
const maxPooledBody = 256 << 10

// outgoing is one request in the making, used again for the next when the transport has let go of it.
type outgoing struct {
	request httpkit.Request
	body    []byte
	scratch []byte
	native  string // the signature header's name

	id, seconds string
}

// newOutgoing fills in what is the same for every request.
func newOutgoing(s *Settings, version string) *outgoing {
	h := http.Header{"Content-Type": {contentType(s.Format, s.Profile)}}
	if version != "" {
		h.Set("User-Agent", "Tocsin/"+version)
	}
	seen := map[string]bool{}
	for _, own := range s.Headers {
		name := http.CanonicalHeaderKey(own.Name)
		if !seen[name] {
			h.Del(name) // an own Content-Type or User-Agent takes the place of ours
		}
		seen[name] = true
		h.Add(name, own.Value.Reveal())
	}
	native := http.CanonicalHeaderKey(s.SignatureHeader)
	return &outgoing{
		request: httpkit.Request{Method: s.Method, URL: s.URL, Header: h, Signatures: []string{native, headerSignature}},
		native:  native,
	}
}

// contentType is what a body of that format and profile is called.
func contentType(format, profile string) string {
	switch {
	case format == formatNDJSON:
		return "application/x-ndjson"
	case profile == profileCloudEvents && format == formatArray:
		return cloudevents.BatchContentType
	case profile == profileCloudEvents:
		return cloudevents.ContentType
	}
	return "application/json"
}

// one writes a body of one event.
func (o *outgoing) one(format string, write profile, d connector.Delivery) {
	o.reset()
	o.body = appendBody(o.body, format, write, []connector.Delivery{d})
	o.request.Body = o.body
}

// many writes a body of several events.
func (o *outgoing) many(format string, write profile, ds []connector.Delivery) {
	o.reset()
	o.body = appendBody(o.body, format, write, ds)
	o.request.Body = o.body
}

func (o *outgoing) reset() {
	if cap(o.body) > maxPooledBody {
		o.body = nil
	}
	o.body = o.body[:0]
}

// appendBody appends the request's body. With format object there is one delivery.
func appendBody(dst []byte, format string, write profile, ds []connector.Delivery) []byte {
	switch format {
	case formatArray:
		dst = append(dst, '[')
		for i := range ds {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = write(dst, ds[i].Record)
		}
		return append(dst, ']')
	case formatNDJSON:
		for i := range ds {
			dst = append(write(dst, ds[i].Record), '\n')
		}
		return dst
	}
	return write(dst, ds[0].Record)
}

// address sets the headers that differ between requests.
func (o *outgoing) address(id, eventType string, unix int64) {
	o.id, o.seconds = id, strconv.FormatInt(unix, 10)
	o.set(headerEvent, eventType)
	o.set(headerDelivery, id)
	o.set(headerID, id)
	o.set(headerTimestamp, o.seconds)
}

// signed sets the two signature headers over the body as it is.
func (o *outgoing) signed(s *signer) {
	if s.off() {
		return
	}
	o.scratch = s.native(o.scratch[:0], o.seconds, o.body)
	o.set(o.native, string(o.scratch))
	o.scratch = s.standard(o.scratch[:0], o.id, o.seconds, o.body)
	o.set(headerSignature, string(o.scratch))
}

// set gives a header one value, in place if it had one.
func (o *outgoing) set(name, value string) {
	if v := o.request.Header[name]; len(v) == 1 {
		v[0] = value
		return
	}
	o.request.Header[name] = []string{value}
}

// batchID identifies a batch: the same deliveries have the same id at every attempt. The engine sends a failed batch
// again as it was, so its ends and its length tell it apart.
func batchID(ds []connector.Delivery) string {
	h := sha256.New()
	h.Write([]byte(ds[0].Key))
	h.Write([]byte{0})
	h.Write([]byte(ds[len(ds)-1].Key))
	h.Write([]byte{0})
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(ds))))
	return "bat_" + hex.EncodeToString(h.Sum(nil)[:16])
}

// batchType is the type that all events of a batch share, or "batch".
func batchType(ds []connector.Delivery) string {
	for i := range ds {
		if ds[i].Record.Type != ds[0].Record.Type {
			return "batch"
		}
	}
	return ds[0].Record.Type
}
