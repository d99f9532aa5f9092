package webhook

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
	"unicode"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/connectortest"
	"github.com/tocsin-hub/tocsin/internal/connector/hook"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/event/eventtest"
	"github.com/tocsin-hub/tocsin/internal/form"
)

const (
	secretText  = connectortest.Canary + "-signing-secret"
	secretWhsec = "whsec_Y2FuYXJ5LTVmM2IxYy1wcmV2aW91cy1zZWNyZXQ="
	// The base64 of "canary-5f3b1c-ed25519-seed-01234", and of the same with 5 at its end.
	keyText      = "whsk_Y2FuYXJ5LTVmM2IxYy1lZDI1NTE5LXNlZWQtMDEyMzQ="
	previousText = "whsk_Y2FuYXJ5LTVmM2IxYy1lZDI1NTE5LXNlZWQtMDEyMzU="
)

// forms are the formats and profiles that are looked at closely; what the others write is their own tests' concern.
var forms = []struct{ format, profile string }{
	{formatObject, "native"}, {formatArray, "native"}, {formatNDJSON, "native"},
	{formatObject, "cloudevents"}, {formatArray, "cloudevents"}, {formatNDJSON, "cloudevents"},
	{formatObject, "ocsf"}, {formatArray, "ecs"}, {formatNDJSON, "ecs"}, {formatObject, "cef"}, {formatNDJSON, "cef"},
}

// settings are valid settings with every secret set.
func settings(t testing.TB, format, profile string) func(string) string {
	cert, key := connectortest.ClientCertificate(t)
	return func(url string) string {
		raw, err := json.Marshal(map[string]any{
			"url": url + "/hook?q=1", "format": format, "profile": profile,
			"headers": []map[string]any{
				{"name": "X-Tenant", "value": "acme"},
				{"name": "X-Token", "value": connectortest.Canary + "-header", "secret": true},
				{"name": "Authorization", "value": "Bearer " + connectortest.Canary},
			},
			"signing_secret": secretText, "previous_signing_secret": secretWhsec, "body_signature_header": "X-Body-Sig",
			"signing_key": keyText, "previous_signing_key": previousText,
			"client_certificate": cert, "client_key": key,
		})
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
}

func TestContract(t *testing.T) {
	t.Parallel()
	for _, c := range forms {
		t.Run(c.format+" "+c.profile, func(t *testing.T) {
			t.Parallel()
			h := connectortest.Harness{
				Definition: Definition(),
				Settings:   settings(t, c.format, c.profile),
				Titles:     func(r connectortest.Request) ([]string, error) { return titles(r, c.format) },
				Keys:       func(r connectortest.Request) []string { return r.Header["Webhook-Id"] },
				Alerts:     func(r connectortest.Request) bool { return r.Method != http.MethodOptions || len(r.Body) > 0 },
			}
			if c.profile == "cef" {
				h.Titles, h.Shown = cefTitles, cefShown
			}
			reads(t, &h, c.format, c.profile)
			connectortest.Run(t, h)
		})
	}
}

// cefTitles reads lines of CEF back.
func cefTitles(r connectortest.Request) ([]string, error) {
	var list []string
	for line := range strings.Lines(string(r.Body)) {
		l, err := eventtest.ParseCEF(strings.TrimSuffix(line, "\n"))
		if err != nil {
			return nil, err
		}
		list = append(list, l.Name)
	}
	return list, nil
}

// cefShown is a title as CEF's header can hold it: short, and without line ends.
func cefShown(title string) string {
	return strings.Map(func(c rune) rune {
		if c != '\t' && unicode.IsControl(c) || c == '\u2028' || c == '\u2029' {
			return ' '
		}
		return c
	}, event.Clip(title, 512))
}

// titles reads events back with encoding/json, whatever their profile.
func titles(r connectortest.Request, format string) ([]string, error) {
	type ev struct {
		Title   string `json:"title"`
		Message string `json:"message"` // of OCSF and ECS
		Data    *struct {
			Title string `json:"title"`
		} `json:"data"`
	}
	var events []ev
	switch format {
	case formatObject:
		events = make([]ev, 1)
		if err := json.Unmarshal(r.Body, &events[0]); err != nil {
			return nil, err
		}
	case formatArray:
		if err := json.Unmarshal(r.Body, &events); err != nil {
			return nil, err
		}
	case formatNDJSON:
		for line := range bytes.Lines(r.Body) {
			var e ev
			if err := json.Unmarshal(line, &e); err != nil {
				return nil, err
			}
			events = append(events, e)
		}
	}
	var list []string
	for _, e := range events {
		if e.Data != nil && e.Data.Title != "" {
			e.Title = e.Data.Title
		}
		if e.Message != "" {
			e.Title = e.Message
		}
		list = append(list, e.Title)
	}
	return list, nil
}

// fixed makes deliveries that are the same in every run.
func fixed(t testing.TB, n int) []connector.Delivery {
	t.Helper()
	ds := make([]connector.Delivery, n)
	for i := range ds {
		id, err := event.ParseID(event.PrefixEvent, fmt.Sprintf("evt_01jd4000000000000000000%03d", i))
		if err != nil {
			t.Fatal(err)
		}
		ds[i] = connector.Delivery{Key: fmt.Sprintf("dlv_%d", i), Record: connectortest.Record(id, "Failed logins <5>"), Attempt: 1}
	}
	return ds
}

func openAt(t testing.TB, raw string, now time.Time) *Connector {
	t.Helper()
	env := connectortest.Env(nil)
	env.Now = func() time.Time { return now }
	i, err := Definition().Open(json.RawMessage(raw), env)
	if err != nil {
		t.Fatal(err)
	}
	c := i.(*Connector)
	t.Cleanup(c.Close)
	return c
}

func TestGolden(t *testing.T) {
	t.Parallel()
	now := time.Unix(1795176000, 0)
	for _, f := range forms {
		raw := form.Merge(new(Settings), json.RawMessage(settings(t, f.format, f.profile)("https://example.com")),
			json.RawMessage(`{"client_certificate":null,"client_key":null}`))
		c := openAt(t, string(raw), now)
		e := &httpkit.Exchange{Full: true, DryRun: true}
		var err error
		if c.UsesBatch() {
			err = c.SendBatch(httpkit.WithExchange(t.Context(), e), fixed(t, 2))
		} else {
			err = c.Send(httpkit.WithExchange(t.Context(), e), fixed(t, 1)[0])
		}
		if !errors.Is(err, httpkit.ErrDryRun) {
			t.Fatal(err)
		}
		connectortest.Golden(t, f.format+"-"+f.profile+".http", connectortest.Text(e))
	}
}

// TestPreviewsAreNotSigned: who may preview a body of their own choosing does not get the signature over it, whatever
// the header is called.
func TestPreviewsAreNotSigned(t *testing.T) {
	t.Parallel()
	for _, header := range []string{"X-Tocsin-Signature", "X-SOCWarden-Signature", "x-sig"} {
		c := openAt(t, `{"url":"https://example.com","signing_secret":"`+secretText+`","signing_key":"`+keyText+`","body_signature_header":"X-Body","signature_header":"`+header+`"}`, time.Now())
		e := &httpkit.Exchange{Full: true, DryRun: true}
		if err := c.Send(httpkit.WithExchange(t.Context(), e), fixed(t, 1)[0]); !errors.Is(err, httpkit.ErrDryRun) {
			t.Fatal(err)
		}
		for _, name := range []string{header, hook.HeaderSignature, "X-Body"} {
			if got := e.RequestHeader.Get(name); got != form.Mask {
				t.Errorf("%s: %s is shown as %q", header, name, got)
			}
		}
	}
}

func TestReadme(t *testing.T) {
	t.Parallel()
	connectortest.Readme(t, Definition())
}

// TestSignatures: receivers that use the Standard Webhooks library, with either live secret, take what is sent; so do
// those that follow the description of X-Tocsin-Signature.
func TestSignatures(t *testing.T) {
	t.Parallel()
	var got http.Header
	var body []byte
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		got = r.Header.Clone()
		body, _ = io.ReadAll(r.Body)
	}))
	t.Cleanup(s.Close)
	now := time.Now()
	c := openAt(t, `{"url":"`+s.URL+`","signing_secret":"`+secretText+`","previous_signing_secret":"`+secretWhsec+`","signature_header":"X-Sig"}`, now)
	if err := c.Send(t.Context(), fixed(t, 1)[0]); err != nil {
		t.Fatal(err)
	}
	byText, err := standardwebhooks.NewWebhookRaw([]byte(secretText))
	if err != nil {
		t.Fatal(err)
	}
	byWhsec, err := standardwebhooks.NewWebhook(secretWhsec)
	if err != nil {
		t.Fatal(err)
	}
	for name, wh := range map[string]*standardwebhooks.Webhook{"text": byText, "whsec": byWhsec} {
		if err := wh.Verify(body, got); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := wh.Verify(append(body, ' '), got); err == nil {
			t.Errorf("%s: a changed body passes", name)
		}
	}
	previous, _ := hook.Key(secretWhsec)
	want := fmt.Sprintf("t=%d,v1=%x,v1=%x", now.Unix(), reference([]byte(secretText), now.Unix(), body), reference(previous, now.Unix(), body))
	if got.Get("X-Sig") != want {
		t.Errorf("X-Sig is %s, want %s", got.Get("X-Sig"), want)
	}
	if got.Get("User-Agent") != "Tocsin/0.0.0-test" || got.Get("X-Tocsin-Event") != "alert.created" ||
		got.Get("X-Tocsin-Delivery") != "dlv_0" || got.Get("Webhook-Id") != "dlv_0" {
		t.Errorf("headers %v", got)
	}
	// The next request, made in the same buffers, has signatures of its own.
	if err := c.Send(t.Context(), fixed(t, 2)[1]); err != nil {
		t.Fatal(err)
	}
	if err := byText.Verify(body, got); err != nil || got.Get("Webhook-Id") != "dlv_1" {
		t.Errorf("second request: %v, %v", err, got)
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	_, key := connectortest.ClientCertificate(t)
	otherCert, _ := connectortest.ClientCertificate(t)
	quote := func(s string) string { b, _ := json.Marshal(s); return string(b) }
	for in, want := range map[string]string{
		`"url":"https://a.example"`: "",
		`"url":"https://a.example","method":"PUT","format":"ndjson","profile":"cloudevents","batch":{"max_events":5,"max_bytes":"2MiB","max_wait":"2s"}`: "",
		`"url":"https://a.example","signing_secret":"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"`:                                                            "",
		`"url":"https://a.example","signing_key":"` + keyText + `","previous_signing_key":"` + previousText + `"`:                                        "",
		`"url":"https://a.example","profile":"cef","format":"ndjson"`:                                                                                    "",
		`"url":"https://a.example","profile":"cef","format":"array"`:                                                                                     "format cannot be array with the profile cef, which writes lines of text",
		`"url":"https://a.example","template":"{}"`:                                                                                                      "template is only for the profile template",
		`"url":"https://a.example","signing_key":"` + secretText + `"`:                                                                                   "signing_key must begin with whsk_",
		`"url":"https://a.example","signing_key":"whsk_***"`:                                                                                             "signing_key must have base64 after whsk_",
		`"url":"https://a.example","signing_key":"whsk_c2hvcnQ="`:                                                                                        "signing_key must have 32 or 64 bytes after whsk_, once decoded",
		`"url":"https://a.example","previous_signing_key":"` + keyText + `"`:                                                                             "signing_key is required with previous_signing_key",
		`"url":"https://a.example","body_signature_header":"x-tocsin-signature"`:                                                                         "body_signature_header is the signature header already",
		`"url":"https://a.example","body_signature_header":"X-B","headers":[{"name":"x-b","value":"x"}]`:                                                 "headers.0.name is the signature header, which Tocsin sets itself",
		``:                              "url is required",
		`"url":"ftp://a.example"`:       "url must be an absolute URL that begins with https:// or http://",
		`"url":"https://u:p@a.example"`: "url must not hold a user name or password: use a header",
		`"url":"https://a.example","method":"GET"`:                                                           "method must be one of POST, PUT",
		`"url":"https://a.example","signing_secret":"short"`:                                                 "signing_secret must have at least 24 bytes",
		`"url":"https://a.example","signing_secret":"whsec_c2hvcnQ="`:                                        "signing_secret must have at least 24 bytes after whsec_, once decoded",
		`"url":"https://a.example","signing_secret":"whsec_***"`:                                             "signing_secret must have base64 after whsec_",
		`"url":"https://a.example","previous_signing_secret":"0123456789012345678901234"`:                    "signing_secret is required with previous_signing_secret",
		`"url":"https://a.example","signature_header":"webhook-signature"`:                                   "signature_header is a header that HTTP or Tocsin sets itself",
		`"url":"https://a.example","signature_header":"content-type"`:                                        "signature_header is a header with another meaning",
		`"url":"https://a.example","headers":[{"name":"host","value":"x"}]`:                                  "headers.0.name is a header that HTTP or Tocsin sets itself",
		`"url":"https://a.example","headers":[{"name":"Content-length","value":"x"}]`:                        "headers.0.name is a header that HTTP or Tocsin sets itself",
		`"url":"https://a.example","headers":[{"name":"Transfer-Encoding","value":"x"}]`:                     "headers.0.name is a header that HTTP or Tocsin sets itself",
		`"url":"https://a.example","headers":[{"name":"connection","value":"x"}]`:                            "headers.0.name is a header that HTTP or Tocsin sets itself",
		`"url":"https://a.example","headers":[{"name":"X-A","value":"a\r\nX-B: c"}]`:                         "headers.0.value must not hold control characters",
		`"url":"https://a.example","headers":[{"name":"X A","value":"x"}]`:                                   "headers.0.name must be a header name: letters, digits and hyphens",
		`"url":"https://a.example","headers":[{"name":"x-tocsin-signature","value":"x"}]`:                    "headers.0.name is the signature header, which Tocsin sets itself",
		`"url":"https://a.example","signature_header":"X-Sig","headers":[{"name":"x-sig","value":"x"}]`:      "headers.0.name is the signature header, which Tocsin sets itself",
		`"url":"https://a.example","client_certificate":` + quote(otherCert):                                 "client_key is required with client_certificate",
		`"url":"https://a.example","client_certificate":` + quote(otherCert) + `,"client_key":` + quote(key): "client_certificate and client_key do not make a usable pair",
		`"url":"https://a.example","ca_bundle":` + quote(key):                                                "ca_bundle holds no certificate",
		`"url":"https://a.example","request_timeout":"1h","batch":{"max_events":0}`:                          "batch.max_events must be at least 1; request_timeout must be at most 5m",
	} {
		err := form.Decode(json.RawMessage("{"+in+"}"), new(Settings))
		if got := fmt.Sprint(err); got != want && !(want == "" && err == nil) {
			t.Errorf("%s\n got %s\nwant %s", in, got, want)
		}
	}
}

// TestHeaderSecrecy: a header is shown unless it is marked as a secret or is known to carry credentials.
func TestHeaderSecrecy(t *testing.T) {
	t.Parallel()
	masked := form.MaskSecrets(new(Settings), json.RawMessage(`{"headers":[{"name":"X-A","value":"seen"},
		{"name":"X-B","value":"hidden","secret":true},{"name":"authorization","value":"hidden"}]}`))
	if strings.Contains(string(masked), "hidden") || !strings.Contains(string(masked), "seen") {
		t.Errorf("masked %s", masked)
	}
}

func TestBatchID(t *testing.T) {
	t.Parallel()
	ds := fixed(t, 5)
	seen := map[string]bool{}
	for i := range ds {
		for j := i + 1; j <= len(ds); j++ {
			id := batchID(ds[i:j])
			if seen[id] || id != batchID(ds[i:j]) {
				t.Errorf("%d to %d: %s", i, j, id)
			}
			seen[id] = true
		}
	}
}

func TestGone(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusGone) }))
	t.Cleanup(s.Close)
	c := openAt(t, `{"url":"`+s.URL+`"}`, time.Now())
	if err := c.Send(t.Context(), fixed(t, 1)[0]); !connector.IsGone(err) || !strings.Contains(err.Error(), "asks for no more events") {
		t.Errorf("error %v", err)
	}
}
