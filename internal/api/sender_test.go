package api_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/tocsin-hub/tocsin/internal/api"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/identity/user"
)

func TestSenderSession(t *testing.T) {
	t.Parallel()
	const token = "tss_a-session"
	right, other := user.CSRF(form.NewSecret(token)), user.CSRF(form.NewSecret("tss_another"))
	for _, tt := range []struct {
		name, cookie, csrf string
		secure, want       bool
	}{
		{"the session's own token", "tocsin_session", right, false, true},
		{"over HTTPS", "__Host-tocsin_session", right, true, true},
		{"the cookie of plain HTTP on a hub of HTTPS", "tocsin_session", right, true, false},
		{"a cookie alone, as another site's page would send it", "tocsin_session", "", false, false},
		{"another session's token", "tocsin_session", other, false, false},
		{"a token without a cookie", "", right, false, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/v1/events", nil)
			if tt.cookie != "" {
				r.AddCookie(&http.Cookie{Name: tt.cookie, Value: token})
			}
			if tt.csrf != "" {
				r.Header.Set("X-CSRF-Token", tt.csrf)
			}
			if got := api.SenderSession(r, tt.secure).Reveal() == token; got != tt.want {
				t.Errorf("taken as the session: %v, want %v", got, tt.want)
			}
		})
	}
}
