package source

import (
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/form"
)

// Limits of what a request presents.
const (
	// maxPresented bounds a header that proves something, in bytes: the longest secret in Basic and its encoding fits.
	maxPresented = 4 << 10
	// maxSignatures bounds the signatures of one request: each is compared with each secret's.
	maxSignatures = 16
	// maxDelivery bounds a sender's id of a delivery, in bytes.
	maxDelivery = 256
)

// single gives the value of a header that must stand once. A second one might be read by somebody else on the way, and
// which of the two counts is a guess that a forger could use.
func single(h *Head, name string) (string, error) {
	values := h.Header[http.CanonicalHeaderKey(name)]
	switch {
	case len(values) == 0 || len(values) == 1 && values[0] == "":
		return "", refused(ReasonMissing, "the header %s is missing", name)
	case len(values) > 1:
		return "", refused(ReasonMalformed, "the header %s stands more than once", name)
	case len(values[0]) > maxPresented:
		return "", refused(ReasonMalformed, "the header %s is longer than %d bytes", name, maxPresented)
	}
	return values[0], nil
}

// delivery gives a header with a sender's id of a delivery: printable, without spaces, at most maxDelivery bytes.
func delivery(h *Head, name string) (string, error) {
	id, err := single(h, name)
	if err != nil {
		return "", err
	}
	if len(id) > maxDelivery || strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", refused(ReasonMalformed, "the header %s must be an id of at most %d printable characters", name, maxDelivery)
	}
	return id, nil
}

// checkTime holds a signature's time, as it was sent, against the clock.
func checkTime(text, where string, tolerance time.Duration, now time.Time) error {
	at, ok := signingTime(text)
	if !ok {
		return refused(ReasonMalformed, "%s must be a Unix time", where)
	}
	if age := now.Sub(at); age > tolerance || age < -tolerance {
		return refused(ReasonTimestamp, "%s is more than %s away from this hub's clock: send a request when it is signed, and set both clocks",
			where, form.DurationText(tolerance))
	}
	return nil
}

// msecFrom is the number from which a time is in milliseconds: as seconds it would be in the year 5138.
const msecFrom = 100_000_000_000

// signingTime reads Unix seconds or milliseconds: digits alone, at most 15.
func signingTime(text string) (time.Time, bool) {
	if text == "" || len(text) > 15 {
		return time.Time{}, false
	}
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return time.Time{}, false
		}
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Time{}, false
	}
	if n >= msecFrom {
		return time.UnixMilli(n), true
	}
	return time.Unix(n, 0), true
}

// decodeSum reads a keyed hash of size bytes.
func decodeSum(text, encoding string, size int) ([]byte, bool) {
	var sum []byte
	var err error
	if encoding == "base64" {
		sum, err = base64.RawStdEncoding.Strict().DecodeString(strings.TrimRight(text, "="))
	} else {
		sum, err = hex.DecodeString(text)
	}
	return sum, err == nil && len(sum) == size
}

// tocsinSignature reads "t=<seconds>,v1=<hex>[,v1=<hex>]". What else it holds is for later versions.
func tocsinSignature(text string) (seconds string, sums [][]byte, ok bool) {
	for part := range strings.SplitSeq(text, ",") {
		name, value, found := strings.Cut(strings.TrimSpace(part), "=")
		switch {
		case !found:
			return "", nil, false
		case name == "t" && seconds != "":
			return "", nil, false
		case name == "t":
			seconds = value
		case name == "v1":
			sum, good := decodeSum(value, "hex", sha256Size)
			if !good || len(sums) == maxSignatures {
				return "", nil, false
			}
			sums = append(sums, sum)
		}
	}
	return seconds, sums, seconds != "" && len(sums) > 0
}

// standardSignatures reads "v1,<base64>[ v1,<base64>]". Signatures of other versions are left out, and so are those that
// cannot be one: a sender that rotates its key may send an old one in any form.
func standardSignatures(text string) (sums [][]byte) {
	for part := range strings.SplitSeq(text, " ") {
		version, value, _ := strings.Cut(part, ",")
		if version != "v1" || len(sums) == maxSignatures {
			continue
		}
		if sum, ok := decodeSum(value, "base64", sha256Size); ok {
			sums = append(sums, sum)
		}
	}
	return sums
}
