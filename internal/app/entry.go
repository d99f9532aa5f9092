package app

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/api"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/identity"
	"github.com/tocsin-hub/tocsin/internal/identity/gate"
	"github.com/tocsin-hub/tocsin/internal/identity/limit"
	"github.com/tocsin-hub/tocsin/internal/identity/plan"
	"github.com/tocsin-hub/tocsin/internal/ingest"
)

// authenticate is the ingest path's way through the gate. A person's browser sends events too, such as the console's samples.
func (h *hub) authenticate(r *http.Request) (ingest.Principal, error) {
	if !h.serving.Load() {
		return ingest.Principal{}, &ingest.Refusal{
			Status: http.StatusServiceUnavailable, Code: "STOPPING", Detail: errNotServing.Error(), RetryAfter: time.Second,
		}
	}
	key, session := identity.FromRequest(r), form.Secret{}
	if key == "" {
		session = api.SenderSession(r, h.secureCookies())
	}
	visit, err := h.trust.gate.Enter(r.Context(), gate.Knock{
		Key: key, Session: session, Address: h.clientIP(r), ActIn: gate.ActIn(r.Header),
	})
	if err != nil {
		return ingest.Principal{}, refusal(err)
	}
	if !visit.Can(identity.EventsWrite) {
		return ingest.Principal{}, &ingest.Refusal{
			Status: http.StatusForbidden, Code: "SCOPE_MISSING", Detail: "this key lacks the scope " + string(identity.EventsWrite),
			Rate: rateOf(visit.Rate),
		}
	}
	return ingest.Principal{Account: visit.Account, MaySend: visit.SendFilter(), Rate: rateOf(visit.Rate)}, nil
}

// secureCookies says whether browsers reach the hub over HTTPS.
func (h *hub) secureCookies() bool {
	return h.cfg.TLS.Cert != "" || strings.HasPrefix(h.cfg.PublicURL, "https://")
}

func rateOf(s limit.State) ingest.Rate {
	return ingest.Rate{Limit: s.Limit, Remaining: s.Remaining, Reset: s.Reset}
}

// admit holds an account to its plan.
func (h *hub) admit(account event.Account, events int) (over uint64, err error) {
	over, err = h.trust.plans.Admit(account, events)
	reached, ok := errors.AsType[*plan.LimitError](err)
	if !ok {
		return over, err
	}
	no := &ingest.Refusal{Status: http.StatusTooManyRequests, Code: "PLAN_LIMIT", Detail: reached.Error(), RetryAfter: reached.RetryAfter}
	switch reached.Limit {
	case plan.BatchEvents:
		no.Status = http.StatusRequestEntityTooLarge
	case plan.EventsPerSecond:
		no.Code = "RATE_LIMITED"
	}
	return 0, no
}
