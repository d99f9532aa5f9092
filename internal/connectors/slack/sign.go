package slack

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
)

// How Slack signs its requests (https://docs.slack.dev/authentication/verifying-requests-from-slack).
const (
	headerTimestamp = "X-Slack-Request-Timestamp"
	headerSignature = "X-Slack-Signature"
	signVersion     = "v0"
	// tolerance is how far a request's time may be from ours, on either side.
	tolerance = 5 * time.Minute
)

// signature is what a request of that time and body carries.
func signature(secret, timestamp string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(signVersion + ":" + timestamp + ":"))
	mac.Write(body)
	return signVersion + "=" + hex.EncodeToString(mac.Sum(nil))
}

// verify proves that a call comes from Slack and has not come before. Its error is connector.Refused, or that of the state.
func (c *Connector) verify(ctx context.Context, call *connector.Call) error {
	secret := c.settings.SigningSecret.Reveal()
	if secret == "" || c.state == nil {
		return connector.Refused(http.StatusUnauthorized, "this integration has no signing_secret: it takes no calls")
	}
	timestamp, given := call.Header.Get(headerTimestamp), call.Header.Get(headerSignature)
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil {
		return connector.Refused(http.StatusUnauthorized, "%s is not a time", headerTimestamp)
	}
	if off := call.At.Sub(time.Unix(seconds, 0)); off > tolerance || off < -tolerance {
		return connector.Refused(http.StatusUnauthorized, "the request's time is more than %s away from ours", tolerance)
	}
	want := signature(secret, timestamp, call.Body)
	if subtle.ConstantTimeCompare([]byte(given), []byte(want)) != 1 {
		return connector.Refused(http.StatusUnauthorized, "the signature is not that of the signing secret")
	}
	fresh, err := c.state.Add(ctx, "call/"+want, nil, 2*tolerance)
	if err != nil {
		return fmt.Errorf("noting that a call of Slack's has come: %w", err)
	}
	if !fresh {
		return connector.Refused(http.StatusUnauthorized, "this very request has come before")
	}
	return nil
}
