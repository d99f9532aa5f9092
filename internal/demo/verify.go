package demo

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// tolerance is how far a signature's time may be from the receiver's clock, either way (Standard Webhooks 1.0.0).
const tolerance = 300 * time.Second

// verifyBoth checks the two signatures that every webhook of the hub carries. body is exactly what was received.
func verifyBoth(secret string, h http.Header, body []byte, now time.Time) error {
	if err := verifyTocsin(secret, h, body, now); err != nil {
		return fmt.Errorf("X-Tocsin-Signature: %w", err)
	}
	if err := verifyStandard(secret, h, body, now); err != nil {
		return fmt.Errorf("webhook-signature: %w", err)
	}
	return nil
}

// verifyTocsin checks "t=<unix seconds>,v1=<hex>[,v1=<hex>]": HMAC-SHA256 over "<t>.<body>".
func verifyTocsin(secret string, h http.Header, body []byte, now time.Time) error {
	var stamp string
	var signatures [][]byte
	for part := range strings.SplitSeq(h.Get("X-Tocsin-Signature"), ",") {
		name, value, _ := strings.Cut(part, "=")
		switch name {
		case "t":
			stamp = value
		case "v1":
			if sum, err := hex.DecodeString(value); err == nil {
				signatures = append(signatures, sum)
			}
		}
	}
	return check(secret, stamp, stamp+".", body, signatures, now)
}

// verifyStandard checks the Standard Webhooks headers: HMAC-SHA256 over "<id>.<timestamp>.<body>", base64.
func verifyStandard(secret string, h http.Header, body []byte, now time.Time) error {
	id, stamp := h.Get("webhook-id"), h.Get("webhook-timestamp")
	if id == "" {
		return errors.New("no webhook-id")
	}
	var signatures [][]byte
	for part := range strings.FieldsSeq(h.Get("webhook-signature")) {
		version, value, _ := strings.Cut(part, ",")
		if sum, err := base64.StdEncoding.DecodeString(value); err == nil && version == "v1" {
			signatures = append(signatures, sum)
		}
	}
	return check(secret, stamp, id+"."+stamp+".", body, signatures, now)
}

func check(secret, stamp, head string, body []byte, signatures [][]byte, now time.Time) error {
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil {
		return errors.New("no timestamp")
	}
	if now.Sub(time.Unix(seconds, 0)).Abs() > tolerance {
		return errors.New("the timestamp is more than 300 s away from this clock")
	}
	mac := hmac.New(sha256.New, keyOf(secret))
	mac.Write([]byte(head))
	mac.Write(body)
	want := mac.Sum(nil)
	for _, sum := range signatures {
		if hmac.Equal(sum, want) {
			return nil
		}
	}
	return errors.New("no signature matches")
}

// keyOf gives the key's bytes: a whsec_ secret is base64, any other is its own bytes.
func keyOf(secret string) []byte {
	if encoded, ok := strings.CutPrefix(secret, "whsec_"); ok {
		if key, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(encoded, "=")); err == nil {
			return key
		}
	}
	return []byte(secret)
}
