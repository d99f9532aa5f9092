package app

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// TestUnprovenTest: a receiver that does not know what a webhook's test asks was reached, and no more is said.
func TestUnprovenTest(t *testing.T) {
	t.Parallel()
	o := newHouse(t)
	for status, grade := range map[int]string{http.StatusNoContent: "confirmed", http.StatusNotImplemented: "unverifiable"} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
		t.Cleanup(server.Close)
		got := o.must("other", "POST", "/api/v1/integrations/test", `{"kind":"webhook","settings":{"url":"`+server.URL+`"}}`)
		if !got.Get("ok").Bool() || got.Get("grade").Str != grade {
			t.Errorf("%d: %s", status, got)
		}
	}
}
