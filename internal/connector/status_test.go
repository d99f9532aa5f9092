package connector_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
)

func TestClassifyStatus(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	for status := 100; status < 700; status++ {
		for _, after := range []string{"", "30", "-1", "Fri, 20 Nov 2026 12:00:30 GMT", "315360000"} {
			resp := &httpkit.Response{Status: status, Header: http.Header{}, Body: []byte("because\r\n\x1b[31mof this")}
			if after != "" {
				resp.Header.Set("Retry-After", after)
			}
			err := connector.ClassifyStatus(resp, now)
			if (err == nil) != (status/100 == 2) {
				t.Fatalf("%d: %v", status, err)
			}
			if err == nil {
				continue
			}
			if !strings.Contains(err.Error(), "because [31mof this") {
				t.Errorf("%d: %v", status, err)
			}
			pause, throttled := connector.IsThrottled(err)
			if want := status == 429 || status == 503 && after != ""; throttled != want {
				t.Errorf("%d, Retry-After %q: throttled %v", status, after, throttled)
			}
			want := map[string]time.Duration{"30": 30 * time.Second, "Fri, 20 Nov 2026 12:00:30 GMT": 30 * time.Second, "315360000": time.Hour}[after]
			if throttled && pause != want {
				t.Errorf("%d, Retry-After %q: wait %v", status, after, pause)
			}
			retryable := status == 408 || status == 425 || status == 429 || status/100 == 5
			if connector.IsPermanent(err) == retryable || connector.IsGone(err) != (status == 410) {
				t.Errorf("%d: permanent %v, gone %v", status, connector.IsPermanent(err), connector.IsGone(err))
			}
		}
	}
}
