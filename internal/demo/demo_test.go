package demo

import (
	"bytes"
	"compress/gzip"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
)

func TestSamples(t *testing.T) {
	t.Parallel()
	now := time.Date(2031, 5, 6, 7, 8, 9, 10, time.UTC)
	samples, err := Samples(now)
	if err != nil {
		t.Fatal(err)
	}
	sources := map[string]int{}
	for _, s := range samples {
		sources[s.Source]++
		for dec := json.NewDecoder(bytes.NewReader(s.Body)); dec.More(); {
			var v any
			if err := dec.Decode(&v); err != nil {
				t.Errorf("%s: %v", s.Name, err)
				break
			}
		}
		if bytes.Contains(s.Body, []byte("2026-01-01T00:00:00.0")) || bytes.Contains(s.Body, []byte("1767225600")) {
			t.Errorf("%s still says when it was written", s.Name)
		}
	}
	if sources["falco"] < 3 || sources["wallarm"] < 2 || sources["events"] != 1 {
		t.Errorf("samples by source: %v", sources)
	}
}

// post sends a request to a local receiver.
func post(t *testing.T, url string, body []byte, header ...string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	return resp.StatusCode
}

func sum(secret, text string) []byte {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

func TestWebhookReceiver(t *testing.T) {
	t.Parallel()
	const secret = "a secret of twenty-four bytes"
	r, err := StartWebhook(0, secret)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	stamp := strconv.FormatInt(time.Now().Unix(), 10)
	signed := func(body, key string) []string {
		return []string{
			"webhook-id", "dlv_1", "webhook-timestamp", stamp,
			"webhook-signature", "v1," + base64.StdEncoding.EncodeToString(sum(key, "dlv_1."+stamp+"."+body)),
			"X-Tocsin-Signature", "t=" + stamp + ",v1=" + hex.EncodeToString(sum(key, stamp+"."+body)),
		}
	}
	body := `{"id":"evt_1"}`
	if got := post(t, r.URL(), []byte(body), signed(body, secret)...); got != http.StatusNoContent {
		t.Errorf("a signed event: %d", got)
	}
	if got := post(t, r.URL(), []byte(body), signed(body, secret+"x")...); got != http.StatusUnauthorized {
		t.Errorf("another key: %d", got)
	}
	if got := post(t, r.URL(), []byte(body)); got != http.StatusUnauthorized {
		t.Errorf("no signature: %d", got)
	}
	if _, ok := r.Arrived("evt_1"); !ok || len(r.Faults()) != 2 {
		t.Errorf("arrived %v, faults %q", ok, r.Faults())
	}
}

func TestHEC(t *testing.T) {
	t.Parallel()
	r, err := StartHEC(0, "token")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	url := r.URL() + "/services/collector/event"
	batch := []byte(`{"time":1,"event":{"id":"evt_1"}}{"time":2,"event":{"id":"evt_2"}}`)
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	fmt.Fprint(z, `{"event":{"id":"evt_3"}}`)
	z.Close()
	for _, tt := range []struct {
		name   string
		body   []byte
		header []string
		want   int
	}{
		{"a batch", batch, []string{"Authorization", "Splunk token"}, 200},
		{"gzip", packed.Bytes(), []string{"Authorization", "Splunk token", "Content-Encoding", "gzip"}, 200},
		{"no data", nil, []string{"Authorization", "Splunk token"}, 400},
		{"no JSON", []byte("{"), []string{"Authorization", "Splunk token"}, 400},
		{"no event", []byte(`{"event":"x"}`), []string{"Authorization", "Splunk token"}, 400},
		{"another token", batch, []string{"Authorization", "Splunk nekot"}, 403},
		{"no token", batch, nil, 401},
	} {
		if got := post(t, url, tt.body, tt.header...); got != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, got, tt.want)
		}
	}
	for _, id := range []string{"evt_1", "evt_2", "evt_3"} {
		if _, ok := r.Arrived(id); !ok {
			t.Errorf("%s did not arrive", id)
		}
	}
}

func TestState(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	first, err := LoadState(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(first.SigningSecret) < 24 || first.HECToken == "" {
		t.Errorf("%+v", first)
	}
	world, err := StartWorld(first)
	if err != nil {
		t.Fatal(err)
	}
	first.Key = "key"
	if err := first.Save(); err != nil {
		t.Fatal(err)
	}
	second, err := LoadState(dir)
	if err != nil || *second != *first {
		t.Errorf("%v: %+v is not %+v", err, second, first)
	}
	if info, err := os.Stat(filepath.Join(dir, stateFile)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
	// While the first world runs, a second one takes other ports.
	other, err := StartWorld(second)
	if err != nil || other.Webhook.Port() == world.Webhook.Port() {
		t.Errorf("the second world: %v", err)
	}
	if err := world.Close(); err != nil {
		t.Error(err)
	}
	if err := other.Close(); err != nil {
		t.Error(err)
	}
	if err := os.WriteFile(filepath.Join(dir, stateFile), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadState(dir); err == nil {
		t.Error("a broken state was taken")
	}
}

func TestTable(t *testing.T) {
	t.Parallel()
	integrations := []*Integration{{Kind: "capture"}, {Kind: "webhook"}, {Kind: "splunk"}}
	rows := []*Row{
		{Source: "falco", Type: "alert.created", Severity: event.High, Title: strings.Repeat("é", 60), Cells: []Cell{
			{Wanted: true, Arrived: true}, {Wanted: true, Arrived: true, Took: 1234 * time.Microsecond}, {Wanted: true},
		}},
		{Source: "events", Type: "custom.x", Title: "short", Cells: []Cell{{Wanted: true, Arrived: true}, {}, {Arrived: true}}},
		{Source: "events", Type: "custom.x", Title: "short", Cells: []Cell{{Wanted: true, Arrived: true}, {Silenced: true}, {Silenced: true, Arrived: true}}},
	}
	var out strings.Builder
	if err := WriteTable(&out, integrations, rows); err != nil {
		t.Fatal(err)
	}
	want := "" +
		"  SENT AS  EVENT          SEVERITY  TITLE                               INBOX  WEBHOOK, SIGNED   SPLUNK HEC (MODEL)\n" +
		"  falco    alert.created  high      " + strings.Repeat("é", 33) + "…  ✓      ✓ 1.2 ms          ✗ missing\n" +
		"  events   custom.x       info      short                               ✓      – not subscribed  ✗ not subscribed, yet delivered\n" +
		"  events   custom.x       info      short                               ✓      – silenced        ✗ not subscribed, yet delivered\n"
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", out.String(), want)
	}
}
