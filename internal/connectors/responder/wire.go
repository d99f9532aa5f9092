package responder

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/hook"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/event/card"
)

// What an endpoint is asked for. The word stands in the body, too, so that a signed request to block cannot be passed off as
// one to unblock.
const (
	actionList    = "list"
	actionBlock   = "block"
	actionUnblock = "unblock"
	actionTest    = "test"
)

// headerKey is the same for the same request (draft-ietf-httpapi-idempotency-key-header). Go's transport and others on the way
// repeat requests that have it when a connection breaks. An endpoint that keeps no ids would call what the first of them has
// blocked somebody else's; and one that cannot list would have the answer to the second, "not now, nothing was done", stand
// for both. Neither gets one.
const headerKey = "Idempotency-Key"

// maxReason bounds a reason, in bytes.
const maxReason = 200

// body is the body of a request.
type body struct {
	Action string  `json:"action"`
	Owner  string  `json:"owner,omitempty"` // the integration's id; none while unsaved settings are tested
	Blocks []block `json:"blocks"`
}

// block is one change of a request. An unblocking one has no end and no reason.
type block struct {
	ID        string     `json:"id"`
	Target    string     `json:"target"`
	Handle    string     `json:"handle,omitempty"`
	ExpiresAt *time.Time `json:"expires_at,omitempty"` // absent: never
	Reason    string     `json:"reason,omitempty"`
}

func newBlock(c *connector.BlockChange) block {
	b := block{ID: c.Block, Target: c.Prefix.String()}
	if c.Remove {
		b.Handle = c.Handle
		return b
	}
	b.Reason = event.Clip(strings.TrimSpace(card.Line(c.Reason)), maxReason)
	if !c.Until.IsZero() {
		until := c.Until.UTC().Truncate(time.Second)
		b.ExpiresAt = &until
	}
	return b
}

// call is a request in the making.
type call struct {
	action string
	cursor string  // of a list
	blocks []block // of anything else
	taken  taken   // when what it was decided by was read
}

// request makes and signs a request.
func (c *Connector) request(of call) *httpkit.Request {
	r := &httpkit.Request{Method: http.MethodPost, URL: c.settings.URL + "/blocks", Header: http.Header{}}
	switch of.action {
	case actionList:
		r.Method = http.MethodGet
		if of.cursor != "" {
			r.URL += "?cursor=" + url.QueryEscape(of.cursor)
		}
	case actionUnblock:
		r.URL = c.settings.URL + "/unblocks"
		fallthrough
	default:
		r.Body = encode(body{Action: of.action, Owner: c.integration, Blocks: of.blocks})
		r.Header.Set("Content-Type", "application/json")
	}
	hook.Set(r.Header, c.settings.Headers)
	key, seconds := of.key(r), strconv.FormatInt(c.now().Unix(), 10)
	for name, value := range map[string]string{
		hook.HeaderEvent: "blocks." + of.action, hook.HeaderDelivery: key, hook.HeaderID: key, hook.HeaderTimestamp: seconds,
		hook.HeaderNative:    string(c.sign.Native(nil, seconds, r.Body)),
		hook.HeaderSignature: string(c.sign.Standard(nil, key, seconds, r.Body)),
	} {
		r.Header.Set(name, value)
	}
	if r.Method == http.MethodPost && c.settings.Marks && c.settings.List {
		r.Header.Set(headerKey, key)
	}
	r.Signatures = []string{hook.HeaderNative, hook.HeaderSignature}
	return r
}

// key names the request: the same changes, decided by the same reading, have the same.
func (of call) key(r *httpkit.Request) string {
	h := sha256.New()
	fmt.Fprintf(h, "%d\n%s\n%s\n%s", of.taken, of.action, r.URL, r.Body) //nolint:errcheck // a hash never fails to write
	return "req_" + hex.EncodeToString(h.Sum(nil)[:16])
}

func encode(b body) []byte {
	var raw bytes.Buffer
	e := json.NewEncoder(&raw)
	e.SetEscapeHTML(false) // it is read by programs alone, and by people who look at a plan
	if err := e.Encode(b); err != nil {
		panic("responder: encoding its own request: " + err.Error())
	}
	return bytes.TrimSuffix(raw.Bytes(), []byte("\n"))
}
