package harness

import (
	"bytes"
	"math/rand/v2"
	"strconv"
	"time"
)

// Types are the event types of the load.
var Types = []string{
	"alert.created", "alert.updated", "alert.acknowledged", "alert.resolved", "hit.detected",
	"incident.created", "incident.updated", "incident.closed", "detection.brute_force", "detection.port_scan",
	"detection.impossible_travel", "detection.credential_stuffing", "vulnerability.detected", "scope.changed", "ip.blocked",
	"ip.unblocked", "custom.event", "custom.order_placed", "telemetry.statistics", "telemetry.heartbeat",
}

var severities = []string{"info", "low", "medium", "high", "critical"}

// Event says what one event of the load is. The same Event always gives the same bytes.
type Event struct {
	Number uint32 // its number in the run, which the receiver finds again
	Type   string
	Key    string // ordering key; empty for none
	Size   int    // bytes, roughly; small sizes give what the fields need
}

// marker stands before an event's number, in source.id.
const marker = `"id":"tn#`

// MarkerLen is how far before an event's number its JSON must begin for EventNumber to find it, in bytes.
const MarkerLen = len(marker)

// numberDigits is the length of an event's number: hexadecimal, padded.
const numberDigits = 8

// oddText is what careless encoders break.
const oddText = `\"quoted\" <b>&amp;</b> \\ / \u0007 \u2028 \ud83d\ude80 ÄÖ 日本 $(id) {{x}} `

// AppendEvent appends the event as one JSON object on one line.
func AppendEvent(dst []byte, e Event) []byte {
	began := len(dst)
	r := rand.New(rand.NewPCG(uint64(e.Number), 0x7461626c65))
	at := time.Unix(1_790_000_000+int64(e.Number/1000), int64(e.Number%1000)*int64(time.Millisecond)).UTC()
	user, last := "user"+strconv.Itoa(r.IntN(5000))+"@example.com", strconv.Itoa(r.IntN(254)+1)
	attempts := r.IntN(500)
	dst = append(dst, `{"type":"`...)
	dst = append(dst, e.Type...)
	dst = append(dst, `","time":"`...)
	dst = at.AppendFormat(dst, "2006-01-02T15:04:05.000Z")
	dst = append(dst, `","severity":"`...)
	dst = append(dst, severities[r.IntN(len(severities))]...)
	dst = append(dst, `","title":"Repeated failed logins of `...)
	dst = append(dst, user...)
	dst = append(dst, `","project":"production-api","alert_type":"brute_force"`...)
	if e.Key != "" {
		dst = append(dst, `,"ordering_key":"`...)
		dst = append(dst, e.Key...)
		dst = append(dst, '"')
	}
	dst = append(dst, `,"endpoint":"/v1/login","rule":{"id":"r-17","name":"Failed logins"},"mitre":["T1110.001"],"risk_score":`...)
	dst = strconv.AppendInt(dst, int64(r.IntN(101)), 10)
	dst = append(dst, `,"status":"open","actor":"`...)
	dst = append(dst, user...)
	dst = append(dst, `","entities":[{"type":"ip","value":"203.0.113.`...)
	dst = append(dst, last...)
	dst = append(dst, `","role":"source","observed":true},{"type":"user","value":"`...)
	dst = append(dst, user...)
	dst = append(dst, `","role":"target"}],"tags":["auth","brute_force"],"source":{"vendor":"example","product":"idp","instance":"eu-1",`+marker...)
	dst = appendNumber(dst, e.Number)
	dst = append(dst, `"},"data":{"attempts":`...)
	dst = strconv.AppendInt(dst, int64(attempts), 10)
	dst = append(dst, `,"window":"5m","ratio":0.125,"nothing":null,"usernames":["alice","bob"],"note":"`...)
	if e.Number%7 == 0 {
		dst = append(dst, oddText...)
	}
	return append(appendPadding(dst, began+e.Size-len(`"}}`), r), `"}}`...)
}

const hexDigits = "0123456789abcdef"

func appendNumber(dst []byte, n uint32) []byte {
	for shift := 28; shift >= 0; shift -= 4 {
		dst = append(dst, hexDigits[n>>shift&15])
	}
	return dst
}

// appendPadding fills dst up to a length with words, so that compression has what logs give it.
func appendPadding(dst []byte, upTo int, r *rand.Rand) []byte {
	words := [...]string{"session ", "token ", "rejected ", "gateway ", "policy ", "device ", "attempt ", "from "}
	for len(dst) < upTo {
		w := words[r.IntN(len(words))]
		if r.IntN(4) == 0 && len(dst)+24 < upTo {
			dst = strconv.AppendUint(append(dst, w[:len(w)-1]...), r.Uint64(), 36)
			w = " "
		}
		dst = append(dst, w[:min(len(w), max(upTo-len(dst), 1))]...)
	}
	return dst
}

// EventNumber finds the number in an event's JSON; false if it is none of the load's.
func EventNumber(body []byte) (uint32, bool) {
	at := bytes.Index(body, []byte(marker))
	if at < 0 || len(body) < at+len(marker)+numberDigits {
		return 0, false
	}
	n, err := strconv.ParseUint(string(body[at+len(marker):at+len(marker)+numberDigits]), 16, 32)
	return uint32(n), err == nil
}

// SetNumber writes another number over the one at offset in a prepared event; see NumberAt.
func SetNumber(body []byte, offset int, n uint32) { appendNumber(body[offset:offset], n) }

// NumberAt gives the offset of an event's number in its JSON; -1 if it has none.
func NumberAt(body []byte) int {
	at := bytes.Index(body, []byte(marker))
	if at < 0 {
		return -1
	}
	return at + len(marker)
}
