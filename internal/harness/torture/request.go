package torture

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/klauspost/compress/gzip"

	"github.com/tocsin-hub/tocsin/internal/harness/wire"
)

// read checks that a request is what the hub owes the lane, and gives the events in it.
func (l *lane) read(m *wire.Message) ([]arrived, error) {
	if l.format == formatHEC {
		return readHEC(m)
	}
	key := string(m.Get("X-Tocsin-Delivery"))
	if id := string(m.Get("webhook-id")); key == "" || key != id {
		return nil, fmt.Errorf("X-Tocsin-Delivery is %q, webhook-id is %q", key, id)
	}
	if err := checkSignatures(m, l.secrets.live()); err != nil {
		return nil, err
	}
	if l.format == formatObject {
		return []arrived{{json: m.Body, key: key}}, nil
	}
	var out []arrived
	for line := range bytes.Lines(m.Body) {
		if len(line) > 1 {
			out = append(out, arrived{json: bytes.TrimSuffix(line, []byte("\n"))})
		}
	}
	if len(out) == 0 {
		return nil, errors.New("a batch without events")
	}
	return out, nil
}

// checkSignatures checks both of the webhook's signatures: some secret must be the first of them, and each mark must be
// of one.
func checkSignatures(m *wire.Message, secrets []string) error {
	var seconds string
	var marks []string
	for part := range strings.SplitSeq(string(m.Get("X-Tocsin-Signature")), ",") {
		name, value, _ := strings.Cut(part, "=")
		switch name {
		case "t":
			seconds = value
		case "v1":
			marks = append(marks, value)
		}
	}
	id, at := string(m.Get("webhook-id")), string(m.Get("webhook-timestamp"))
	var ours, standard []string // by secret
	for _, secret := range secrets {
		ours = append(ours, hex.EncodeToString(mac(secret, seconds, ".", string(m.Body))))
		standard = append(standard, "v1,"+base64.StdEncoding.EncodeToString(mac(secret, id, ".", at, ".", string(m.Body))))
	}
	if seconds == "" || !allOf(marks, ours) {
		return fmt.Errorf("X-Tocsin-Signature %q is not of this body", m.Get("X-Tocsin-Signature"))
	}
	if got := string(m.Get("webhook-signature")); at == "" || !allOf(strings.Fields(got), standard) {
		return fmt.Errorf("webhook-signature %q is not of this body", got)
	}
	return nil
}

// allOf says whether there are marks, each one of those that may be.
func allOf(marks, may []string) bool {
	for _, m := range marks {
		if !slices.Contains(may, m) {
			return false
		}
	}
	return len(marks) > 0
}

func mac(secret string, parts ...string) []byte {
	h := hmac.New(sha256.New, []byte(secret))
	for _, p := range parts {
		_, _ = io.WriteString(h, p) // a hash never fails to write
	}
	return h.Sum(nil)
}

// readHEC reads HEC's event objects, one after the other.
func readHEC(m *wire.Message) ([]arrived, error) {
	if got := string(m.Get("Authorization")); got != "Splunk "+hecToken {
		return nil, fmt.Errorf("authorization is %q", got)
	}
	var body io.Reader = bytes.NewReader(m.Body)
	if string(m.Get("Content-Encoding")) == "gzip" {
		zr, err := gzip.NewReader(body)
		if err != nil {
			return nil, fmt.Errorf("reading gzip: %w", err)
		}
		defer zr.Close() //nolint:errcheck // it holds nothing
		body = zr
	}
	var out []arrived
	d := json.NewDecoder(body)
	for {
		var e struct {
			Time  json.Number     `json:"time"`
			Event json.RawMessage `json:"event"`
		}
		err := d.Decode(&e)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("reading HEC's objects: %w", err)
		}
		if e.Time == "" || len(e.Event) == 0 {
			return nil, errors.New("an HEC object without time or event")
		}
		out = append(out, arrived{json: e.Event})
	}
	if len(out) == 0 {
		return nil, errors.New("a batch without events")
	}
	return out, nil
}
