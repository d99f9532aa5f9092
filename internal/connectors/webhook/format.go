package webhook

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"net/http"
	"strconv"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/hook"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
	"github.com/tocsin-hub/tocsin/internal/event/payload"
)

// maxPooledBody bounds the body buffer that is kept for the next request (256 KiB).
const maxPooledBody = 256 << 10

// outgoing is one request in the making, used again for the next when the transport has let go of it.
type outgoing struct {
	request httpkit.Request
	body    []byte
	scratch []byte
	native  string // the header of Tocsin's signature
	raw     string // the header of the signature over the body alone; empty: none

	id, seconds string
}

// newOutgoing fills in what is the same for every request.
func newOutgoing(s *Settings, profile payload.Profile, version string) *outgoing {
	h := http.Header{"Content-Type": {contentType(s.Format, profile)}}
	if version != "" {
		h.Set("User-Agent", "Tocsin/"+version)
	}
	hook.Set(h, s.Headers) // an own Content-Type or User-Agent takes the place of ours
	o := &outgoing{
		request: httpkit.Request{Method: s.Method, URL: s.URL, Header: h},
		native:  http.CanonicalHeaderKey(s.SignatureHeader), raw: http.CanonicalHeaderKey(s.bodyHeader()),
	}
	o.request.Signatures = []string{o.native, hook.HeaderSignature}
	if o.raw != "" {
		o.request.Signatures = append(o.request.Signatures, o.raw)
	}
	return o
}

// contentType is what a body of that format and profile is called.
func contentType(format string, p payload.Profile) string {
	switch {
	case p.Text:
		return p.Media()
	case format == formatNDJSON:
		return "application/x-ndjson"
	case format == formatArray || p.AlwaysArray:
		return p.ArrayMedia()
	}
	return p.Media()
}

// body is how a request's body is made of events.
type body struct {
	format string
	array  bool // one event goes as an array of one
	write  payload.Writer
}

// one writes a body of one event. Its error says that the form cannot hold the event; there is no body then.
func (o *outgoing) one(f *body, d connector.Delivery) error {
	o.reset()
	var err error
	if f.array {
		o.body = append(o.body, '[')
	}
	if o.body, err = f.write(o.body, d.Record); err != nil {
		return err
	}
	if f.array {
		o.body = append(o.body, ']')
	}
	o.request.Body = o.body
	return nil
}

// many writes a body of several events, and gives the errors of those that the form cannot hold; the body is without them.
func (o *outgoing) many(f *body, ds []connector.Delivery) map[int]error {
	o.reset()
	var refused map[int]error
	array := f.format == formatArray
	if array {
		o.body = append(o.body, '[')
	}
	start := len(o.body)
	for i := range ds {
		before := len(o.body)
		if array && before > start {
			o.body = append(o.body, ',')
		}
		var err error
		if o.body, err = f.write(o.body, ds[i].Record); err != nil {
			if refused == nil {
				refused = map[int]error{}
			}
			refused[i], o.body = err, o.body[:before]
			continue
		}
		if !array {
			o.body = append(o.body, '\n')
		}
	}
	if array {
		o.body = append(o.body, ']')
	}
	o.request.Body = o.body
	return refused
}

func (o *outgoing) reset() {
	if cap(o.body) > maxPooledBody {
		o.body = nil
	}
	o.body = o.body[:0]
}

// address sets the headers that differ between requests.
func (o *outgoing) address(id, eventType string, unix int64) {
	o.id, o.seconds = id, strconv.FormatInt(unix, 10)
	o.set(hook.HeaderEvent, eventType)
	o.set(hook.HeaderDelivery, id)
	o.set(hook.HeaderID, id)
	o.set(hook.HeaderTimestamp, o.seconds)
}

// signed sets the signature headers over the body as it is.
func (o *outgoing) signed(s *hook.Signer) {
	if s.Off() {
		return
	}
	if s.Secrets() > 0 {
		o.scratch = s.Native(o.scratch[:0], o.seconds, o.body)
		o.set(o.native, string(o.scratch))
	}
	if s.Secrets() > 0 && o.raw != "" {
		o.scratch = s.Raw(o.scratch[:0], o.body)
		o.set(o.raw, string(o.scratch))
	}
	o.scratch = s.Standard(o.scratch[:0], o.id, o.seconds, o.body)
	o.set(hook.HeaderSignature, string(o.scratch))
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
