package webhook

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/event/payload"
)

// verifyV1a is what a receiver does, written down naively: any signature by the public key will do.
func verifyV1a(public string, h http.Header, body []byte) bool {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(public, "whpk_"))
	if err != nil || len(key) != ed25519.PublicKeySize {
		return false
	}
	message := h.Get("webhook-id") + "." + h.Get("webhook-timestamp") + "." + string(body)
	for _, part := range strings.Split(h.Get("webhook-signature"), " ") {
		if encoded, ok := strings.CutPrefix(part, "v1a,"); ok {
			if sig, err := base64.StdEncoding.DecodeString(encoded); err == nil && ed25519.Verify(key, []byte(message), sig) {
				return true
			}
		}
	}
	return false
}

// catch is a receiver that keeps the last request.
func catch(t *testing.T) (url string, header *http.Header, body *[]byte) {
	header, body = new(http.Header), new([]byte)
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		*header = r.Header.Clone()
		*body, _ = io.ReadAll(r.Body)
	}))
	t.Cleanup(s.Close)
	return s.URL, header, body
}

// publicOf gives the public key of a whsk_ text, by another way than the connector's.
func publicOf(t *testing.T, text string) string {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(text, "whsk_"))
	if err != nil {
		t.Fatal(err)
	}
	key := ed25519.NewKeyFromSeed(raw[:32])
	return "whpk_" + base64.StdEncoding.EncodeToString(key[32:])
}

// TestRotation walks from unsigned to v1 to v1a: at every step, what the receiver knows already still verifies.
func TestRotation(t *testing.T) {
	t.Parallel()
	url, header, body := catch(t)
	hmacOf := func(text string) bool {
		wh, err := standardwebhooks.NewWebhookRaw([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return wh.Verify(*body, *header) == nil
	}
	for _, step := range []struct {
		name, settings           string
		v1, v1a, previous, notes bool
		signed                   int
	}{
		{name: "unsigned"},
		{name: "a secret", settings: `,"signing_secret":"` + secretText + `"`, v1: true, signed: 1},
		{name: "both", settings: `,"signing_secret":"` + secretText + `","signing_key":"` + keyText + `"`, v1: true, v1a: true, signed: 2},
		{name: "the key alone", settings: `,"signing_key":"` + keyText + `"`, v1a: true, signed: 1},
		{name: "two keys", settings: `,"signing_key":"` + keyText + `","previous_signing_key":"` + previousText + `"`, v1a: true, previous: true, signed: 2},
	} {
		c := openAt(t, `{"url":"`+url+`"`+step.settings+`}`, time.Now())
		if err := c.Send(t.Context(), fixed(t, 1)[0]); err != nil {
			t.Fatal(err)
		}
		got := []bool{hmacOf(secretText), verifyV1a(publicOf(t, keyText), *header, *body), verifyV1a(publicOf(t, previousText), *header, *body)}
		if diff := cmp.Diff([]bool{step.v1, step.v1a, step.previous}, got); diff != "" {
			t.Errorf("%s: %s", step.name, diff)
		}
		if n := len(strings.Fields(header.Get("webhook-signature"))); n != step.signed {
			t.Errorf("%s: %d signatures: %s", step.name, n, header.Get("webhook-signature"))
		}
		if (header.Get("X-Tocsin-Signature") != "") != step.v1 {
			t.Errorf("%s: X-Tocsin-Signature %q", step.name, header.Get("X-Tocsin-Signature"))
		}
		notes := strings.Join(c.Notes(), "\n")
		if strings.Contains(notes, publicOf(t, keyText)) != step.v1a || strings.Contains(notes, "whsk_") || strings.Contains(notes, "not signed") != (step.signed == 0) {
			t.Errorf("%s: notes %s", step.name, notes)
		}
		*body = append(*body, ' ')
		if verifyV1a(publicOf(t, keyText), *header, *body) {
			t.Errorf("%s: a changed body passes", step.name)
		}
	}
}

// TestBodySignature: the header over the body alone, as receivers of other products check it.
func TestBodySignature(t *testing.T) {
	t.Parallel()
	url, header, body := catch(t)
	c := openAt(t, `{"url":"`+url+`","signing_secret":"`+secretText+`","previous_signing_secret":"`+secretWhsec+`","body_signature_header":"X-SOCWarden-Signature"}`, time.Now())
	for i := range 2 {
		if err := c.Send(t.Context(), fixed(t, 2)[i]); err != nil {
			t.Fatal(err)
		}
		h := hmac.New(sha256.New, []byte(secretText))
		h.Write(*body)
		if got, want := header.Get("X-SOCWarden-Signature"), hex.EncodeToString(h.Sum(nil)); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	s := Settings{}
	s.Profile = payload.SOCWarden
	if s.bodyHeader() != "X-SOCWarden-Signature" {
		t.Errorf("the profile's own header is %q", s.bodyHeader())
	}
	s.BodyHeader = "X-Mine"
	if s.bodyHeader() != "X-Mine" {
		t.Errorf("a chosen header is %q", s.bodyHeader())
	}
}

// TestUnwritable: an event that the form cannot hold fails for good, and alone.
func TestUnwritable(t *testing.T) {
	t.Parallel()
	cannot := errors.New("has no such field")
	picky := func(dst []byte, r *event.Record) ([]byte, error) {
		if strings.HasSuffix(r.ID.Text(event.PrefixEvent), "1") {
			return dst, cannot
		}
		return append(append(append(dst, '"'), r.ID.Text(event.PrefixEvent)[26:]...), '"'), nil
	}
	for format, want := range map[string]string{
		formatArray: `["0000","0002"]`, formatNDJSON: "\"0000\"\n\"0002\"\n",
	} {
		url, _, body := catch(t)
		c := openAt(t, `{"url":"`+url+`","format":"`+format+`"}`, time.Now())
		c.body.write = picky
		rejected, ok := connector.IsRejected(c.SendBatch(t.Context(), fixed(t, 3)))
		if !ok || len(rejected) != 1 || !connector.IsPermanent(rejected[1]) || !errors.Is(rejected[1], cannot) {
			t.Errorf("%s: %v", format, rejected)
		}
		if string(*body) != want {
			t.Errorf("%s: body %s, want %s", format, *body, want)
		}
		*body = nil
		if rejected, ok := connector.IsRejected(c.SendBatch(t.Context(), fixed(t, 2)[1:])); !ok || len(rejected) != 1 || *body != nil {
			t.Errorf("%s: nothing to send: %v, %s", format, rejected, *body)
		}
	}
	url, _, body := catch(t)
	c := openAt(t, `{"url":"`+url+`"}`, time.Now())
	c.body.write, c.body.array = picky, true
	if err := c.Send(t.Context(), fixed(t, 2)[1]); !connector.IsPermanent(err) || !errors.Is(err, cannot) || *body != nil {
		t.Errorf("one: %v", err)
	}
	if err := c.Send(t.Context(), fixed(t, 1)[0]); err != nil || string(*body) != `["0000"]` {
		t.Errorf("a form that always is an array: %v, %s", err, *body)
	}
}

func TestContentType(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ format, profile, want string }{
		{formatObject, "native", "application/json"}, {formatArray, "native", "application/json"}, {formatNDJSON, "native", "application/x-ndjson"},
		{formatObject, "cloudevents", "application/cloudevents+json"}, {formatArray, "cloudevents", "application/cloudevents-batch+json"},
		{formatNDJSON, "ocsf", "application/x-ndjson"}, {formatObject, "cef", "text/plain; charset=utf-8"}, {formatNDJSON, "leef", "text/plain; charset=utf-8"},
	} {
		p, _ := payload.Lookup(c.profile)
		if got := contentType(c.format, p); got != c.want {
			t.Errorf("%s %s: %s", c.format, c.profile, got)
		}
	}
	if got := contentType(formatObject, payload.Profile{AlwaysArray: true, ContentType: "a/b", ArrayContentType: "a/c"}); got != "a/c" {
		t.Errorf("always an array: %s", got)
	}
}

func BenchmarkFormatAndSignV1a(b *testing.B) {
	c := openAt(b, `{"url":"https://example.com","signing_key":"`+keyText+`"}`, time.Now())
	d := kib()
	b.ReportAllocs()
	for b.Loop() {
		o := c.requests.Get().(*outgoing)
		if err := o.one(&c.body, d); err != nil {
			b.Fatal(err)
		}
		o.address(d.Key, d.Record.Type, 1795176000)
		o.signed(c.sign)
		c.requests.Put(o)
	}
}
