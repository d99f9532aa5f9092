package app

import (
	"context"
	"crypto/x509"
	"errors"
	"net/http"
	"time"

	"github.com/tocsin-hub/tocsin/internal/config"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/identity/gate"
	"github.com/tocsin-hub/tocsin/internal/identity/limit"
	"github.com/tocsin-hub/tocsin/internal/ingest"
	"github.com/tocsin-hub/tocsin/internal/source"
)

// openSources opens the source endpoints.
func (h *hub) openSources(ctx context.Context, cfg config.Config) error {
	references := h.references(cfg)
	h.sources = source.New(source.Deps{
		Store: h.store, Sealer: h.sealer, Dialects: dialectNames(), Recorder: h.trust.audit, References: &references, Log: h.log,
	})
	return h.sources.Load(ctx)
}

// dialectNames are the dialects that a source may have.
func dialectNames() []string {
	names := []string{ingest.Native}
	for _, d := range ingest.Decoders() {
		names = append(names, d.Name())
	}
	return names
}

// doors lets the senders of source endpoints in.
type doors struct{ h *hub }

// Source implements ingest.Sources.
func (d doors) Source(id string) ingest.Source {
	if e := d.h.sources.Find(id); e != nil {
		return door{Endpoint: e, h: d.h}
	}
	return nil
}

// door is one endpoint and the gate before it.
type door struct {
	*source.Endpoint
	h *hub
}

// Enter implements ingest.Source.
func (d door) Enter(r *http.Request) (ingest.Entry, error) {
	var e ingest.Entry
	e.Defaults.Project, e.Defaults.Labels = d.Defaults()
	if !d.h.serving.Load() {
		return e, &ingest.Refusal{Status: http.StatusServiceUnavailable, Code: "STOPPING", Detail: errNotServing.Error(), RetryAfter: time.Second}
	}
	v, err := d.Verifier()
	if err != nil { // it was logged
		return e, &ingest.Refusal{
			Status: http.StatusServiceUnavailable, RetryAfter: retrySecret, Detail: "the secret of this source cannot be read at the moment: try again",
		}
	}
	if v.ByKey() {
		e.Principal, err = d.enterByKey(r)
		return e, err
	}
	address := d.h.clientIP(r)
	rate, err := d.h.trust.gate.Arrive(address)
	if err != nil {
		return e, refusal(err)
	}
	claim, err := v.Check(&source.Head{Header: r.Header, Certificates: certificates(r), Now: time.Now()})
	if err != nil {
		return e, d.refuse(address, err)
	}
	e.Delivery, e.Signed = claim.Delivery, claim.Signed
	if claim.Prove == nil {
		e.Principal, err = d.admit(rate)
		return e, err
	}
	e.Prove = func(body []byte) (ingest.Principal, error) {
		if err := claim.Prove(body); err != nil {
			return ingest.Principal{}, d.refuse(address, err)
		}
		return d.admit(rate)
	}
	return e, nil
}

// retrySecret is how long a sender is asked to wait when a secret cannot be read: then it is looked at again.
const retrySecret = 30 * time.Second

// enterByKey is for a source whose senders bring an API key of its account. To those of other accounts it is not there.
func (d door) enterByKey(r *http.Request) (ingest.Principal, error) {
	who, err := d.h.authenticate(r)
	if no, ok := errors.AsType[*ingest.Refusal](err); ok && no.Status == http.StatusUnauthorized {
		d.Refused()
	}
	if err != nil {
		return who, err
	}
	if who.Account != d.Account() {
		return ingest.Principal{}, ingest.ErrNoSource
	}
	who.MaySend = both(who.MaySend, d.SendFilter())
	return who, nil
}

// both is what both allow; nil allows what is not the hub's own.
func both(a, b func(string) bool) func(string) bool {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	return func(eventType string) bool { return a(eventType) && b(eventType) }
}

func (d door) admit(rate limit.State) (ingest.Principal, error) {
	rate, err := d.h.trust.gate.Admit(d.Account(), rate)
	if err != nil {
		return ingest.Principal{}, refusal(err)
	}
	return ingest.Principal{Account: d.Account(), MaySend: d.SendFilter(), Rate: rateOf(rate)}, nil
}

// refuse is the answer to whoever did not prove to be the source's sender.
func (d door) refuse(address string, err error) error {
	no, ok := errors.AsType[*source.Refused](err)
	if !ok {
		return err
	}
	d.Refused()
	out := refusal(d.h.trust.gate.Refuse(address, no.Detail, "source_"+no.Reason, no.Reason != source.ReasonMissing))
	if r, ok := errors.AsType[*ingest.Refusal](out); ok && no.Basic {
		r.Challenge = `Basic realm="tocsin", charset="UTF-8"`
	}
	return out
}

// refusal turns the gate's refusal into that of ingest.
func refusal(err error) error {
	no, ok := errors.AsType[*gate.Refusal](err)
	if !ok {
		return err
	}
	return &ingest.Refusal{Status: no.Status, Code: no.Code, Detail: no.Detail, RetryAfter: no.RetryAfter, Rate: rateOf(no.Rate)}
}

// certificates are those that the TLS client showed, its own first.
func certificates(r *http.Request) []*x509.Certificate {
	if r.TLS == nil {
		return nil
	}
	return r.TLS.PeerCertificates
}

// trySource reads a sample as a source would.
func (h *hub) trySource(ctx context.Context, account event.Account, id event.ID, header http.Header, body []byte) (ingest.Tried, error) {
	src, err := h.sources.Get(ctx, account, id)
	if err != nil {
		return ingest.Tried{}, err
	}
	return h.ingest.Try(ingest.Trial{
		Dialect: src.Dialect, Account: account, MaySend: source.SendFilter(src.Types), Header: header, Body: body,
		Defaults: ingest.Defaults{Project: src.Project, Labels: src.Labels},
	})
}
