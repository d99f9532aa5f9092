package ingest

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
)

// HECPath is where whatever speaks to Splunk's HTTP Event Collector finds one here.
const HECPath = "/services/collector"

// hecEndpoints are the paths below HECPath, and what they do.
var hecEndpoints = map[string]string{
	"": "event", "/event": "event", "/event/1.0": "event", "/raw": "raw", "/raw/1.0": "raw",
	"/ack": "ack", "/ack/1.0": "ack", "/health": "health", "/health/1.0": "health",
}

// isHEC says whether a path is for the collector.
func isHEC(path string) bool {
	rest, ok := strings.CutPrefix(path, HECPath)
	return ok && (rest == "" || rest[0] == '/')
}

// serveHEC takes what Splunk's collector would take, and answers as it does: a reply code in JSON. A request's events
// are taken all or none: at the first that is wrong, the answer names it and nothing was taken.
func (h *Handler) serveHEC(w http.ResponseWriter, r *http.Request) {
	endpoint := hecEndpoints[strings.TrimSuffix(strings.TrimPrefix(r.URL.Path, HECPath), "/")]
	switch {
	case endpoint == "":
		hecNotFound.write(w)
	case endpoint == "health":
		h.hecHealth(w, r)
	case r.Method != http.MethodPost:
		hecNotPost.write(w)
	case endpoint == "ack":
		h.hecAcks(w, r)
	default:
		h.hecEvents(w, r, endpoint == "raw")
	}
}

// hecHealth needs no token, as with Splunk.
func (h *Handler) hecHealth(w http.ResponseWriter, r *http.Request) {
	if h.healthy != nil && h.healthy(r.Context()) != nil {
		hecUnhealthy.write(w)
		return
	}
	hecHealthy.write(w)
}

func (h *Handler) hecEvents(w http.ResponseWriter, r *http.Request, raw bool) {
	q := &request{h: h, r: r, body: bodyReader{lim: &h.lim, budget: &h.budget}}
	q.seen.Source = "hec"
	start := h.now()
	q.batch.lim, q.batch.received = &h.lim, start
	q.batch.records = q.batch.one[:0]
	defer q.body.release()
	q.beginSpan()
	reply, err := q.serveHEC(raw)
	if err != nil {
		reply = h.hecReplyOf(r, err)
		q.seen.Accepted, q.dropped = 0, 0
		if q.batch.rejectedTotal == 0 && reply.invalid > 0 {
			q.batch.rejectedTotal = 1
		}
	}
	q.seen.Status = reply.status
	q.batch.principal.Rate.write(w.Header())
	reply.write(w)
	q.observe(start)
}

// serveHEC does everything but answer.
func (q *request) serveHEC(raw bool) (hecReply, error) {
	var err error
	if q.batch.principal, err = q.h.hecPrincipal(q.r); err != nil {
		return hecReply{}, err
	}
	if q.h.maxBatch != nil {
		q.batch.planMost = q.h.maxBatch(q.batch.principal.Account)
	}
	channel, err := hecChannel(q.r)
	if err != nil {
		return hecReply{}, err
	}
	body, err := q.body.read(q.r)
	if err != nil {
		return hecReply{}, err
	}
	q.seen.BodyBytes = int64(len(body))
	read := hecReader{
		lim: q.h.lim.Event, received: q.batch.received, header: q.r.Header, decoders: q.h.decoders, defaults: hecDefaults(q.r.URL.Query()),
	}
	if raw {
		err = q.takeHEC(read.lines(body))
	} else {
		err = q.takeHEC(read.events(body))
	}
	if err != nil {
		return hecReply{}, err
	}
	if len(q.batch.records) == 0 {
		return hecReply{}, hecNoData
	}
	if err := q.append(q.r.Context(), nil); err != nil {
		return hecReply{}, err
	}
	reply := hecSuccess
	if channel != "" {
		reply.ack, reply.acked = q.h.acks.give(ackKey{q.batch.principal.Account, channel}), true
	}
	return reply, nil
}

// takeHEC makes records of the items, all of them or, with an error, none.
func (q *request) takeHEC(items func(func(hecItem, error) bool)) error {
	b := &q.batch
	for item, err := range items {
		if err != nil {
			return err
		}
		if err := b.room(); err != nil {
			return err
		}
		r, err := b.record(&item.Item)
		if err != nil {
			return hecInvalidFormat.at(item.number)
		}
		b.accept(r)
		if b.forbidden > 0 {
			return hecInvalidToken
		}
	}
	return nil
}

// hecPrincipal finds out who sends. The token is an API key: "Authorization: Splunk KEY", or the password of Basic.
func (h *Handler) hecPrincipal(r *http.Request) (Principal, error) {
	if r.URL.Query().Has("token") {
		return Principal{}, hecQueryAuth // it would stand in the logs of every proxy
	}
	given := r.Header["Authorization"]
	if len(given) == 0 || strings.TrimSpace(given[0]) == "" {
		return Principal{}, hecTokenRequired
	}
	if len(given) > 1 {
		return Principal{}, hecInvalidAuth
	}
	token, ok := hecToken(given[0])
	if !ok {
		return Principal{}, hecInvalidAuth
	}
	known := r.Clone(r.Context())
	known.Header.Del("X-Api-Key")
	known.Header.Set("Authorization", "Bearer "+token)
	return h.authenticate(known)
}

func hecToken(header string) (string, bool) {
	scheme, token, ok := strings.Cut(strings.TrimSpace(header), " ")
	token = strings.TrimSpace(token)
	if !ok || token == "" {
		return "", false
	}
	switch strings.ToLower(scheme) {
	case "splunk", "bearer":
		return token, strings.IndexByte(token, ' ') < 0
	case "basic":
		both, err := base64.StdEncoding.DecodeString(token)
		if err != nil {
			return "", false
		}
		_, password, ok := strings.Cut(string(both), ":")
		return password, ok && password != ""
	}
	return "", false
}

// hecChannel reads the channel, a GUID; empty: none was given.
func hecChannel(r *http.Request) (string, error) {
	channel := r.Header.Get("X-Splunk-Request-Channel")
	if channel == "" {
		channel = r.URL.Query().Get("channel")
	}
	if channel == "" {
		return "", nil
	}
	channel = strings.ToLower(channel)
	if !isGUID(channel) {
		return "", hecInvalidChannel
	}
	return channel, nil
}

func isGUID(text string) bool {
	if len(text) != 36 {
		return false
	}
	for i := range len(text) {
		c := text[i]
		switch {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if c != '-' {
				return false
			}
		case (c < '0' || c > '9') && (c < 'a' || c > 'f'):
			return false
		}
	}
	return true
}

// maxAcksBody bounds a question about acknowledgements, before and after decompression (64 KiB, some ten thousand ids):
// each id takes many times its text in memory.
const maxAcksBody = 64 << 10

// hecAcks says which requests are durable. One whose answer gave an ack id always is.
func (h *Handler) hecAcks(w http.ResponseWriter, r *http.Request) {
	body, err := h.readAcks(r)
	if err != nil {
		h.hecReplyOf(r, err).write(w)
		return
	}
	writeHEC(w, http.StatusOK, 0, body)
}

func (h *Handler) readAcks(r *http.Request) ([]byte, error) {
	principal, err := h.hecPrincipal(r)
	if err != nil {
		return nil, err
	}
	channel, err := hecChannel(r)
	if err != nil {
		return nil, err
	}
	if channel == "" {
		return nil, hecNoChannel
	}
	lim := h.lim
	lim.WireBytes, lim.InflatedBytes = maxAcksBody, maxAcksBody
	reader := bodyReader{lim: &lim, budget: &h.budget}
	defer reader.release()
	body, err := reader.read(r)
	if err != nil {
		return nil, err
	}
	var asked struct {
		Acks []int64 `json:"acks"`
	}
	if json.Unmarshal(body, &asked) != nil || asked.Acks == nil {
		return nil, hecInvalidFormat
	}
	key := ackKey{principal.Account, channel}
	out, seen := []byte(`{"acks":{`), map[int64]bool{}
	for _, id := range asked.Acks {
		if seen[id] {
			continue
		}
		if len(seen) > 0 {
			out = append(out, ',')
		}
		seen[id] = true
		out = strconv.AppendInt(append(out, '"'), id, 10)
		out = strconv.AppendBool(append(out, `":`...), h.acks.has(key, id))
	}
	return append(out, "}}"...), nil
}

// healthFunc says why the hub takes nothing; nil while it does.
type healthFunc func(context.Context) error
