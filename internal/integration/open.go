package integration

import (
	"context"
	"encoding/json"
	"log/slog"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Open unseals an integration's secrets and opens its connector. Whatever the connector records or returns as an error
// has the secrets masked. Errors: UnknownKindError, form.Errors for settings that are no longer valid, VoidedError,
// RefError, a failure to unseal.
func (s *Service) Open(_ context.Context, i store.Integration) (connector.Instance, error) {
	def, err := s.kind(i.Kind)
	if err != nil {
		return nil, err
	}
	plain, err := s.plain(i, def)
	s.remember(i, def, plain, err)
	if err != nil {
		return nil, err
	}
	opened, err := s.open(def, i.Account, i.ID.Text(event.PrefixIntegration), plain)
	if err != nil {
		return nil, err
	}
	return opened.instance, nil
}

// opened is an instance together with the maker that masks its secrets.
type opened struct {
	instance connector.Instance
	http     *httpkit.Maker
}

// close gives back what the instance holds.
func (o opened) close() {
	if c, ok := o.instance.(interface{ Close() }); ok {
		c.Close()
	}
}

// notes are what the instance has to say to whoever sets it up.
func (o opened) notes() []string {
	if n, ok := o.instance.(connector.Noter); ok {
		return n.Notes()
	}
	return nil
}

// open opens a connector over settings that have their secrets in place; id is empty for unsaved ones.
func (s *Service) open(def connector.Definition, account event.Account, id string, plain json.RawMessage) (opened, error) {
	maker := s.HTTP.Masking(form.SecretValues(def.Settings(), plain))
	log := s.Log.With(slog.String("kind", def.Kind.Name), slog.String("integration", id))
	env := connector.Env{
		Account: account, Integration: id, Log: log, HTTP: maker, Dial: maker.Dialer(), Now: s.Now, Sink: s.Sink,
		Version: s.Version, PublicURL: s.PublicURL, Turns: &s.turns, Allowances: &s.allowances,
		Ambient: s.Ambient != nil && s.Ambient(account),
	}
	if known, err := event.ParseID(event.PrefixIntegration, id); err == nil && s.Memory != nil {
		env.State, env.Tickets = stateOf{s, account, known}, ticketsOf{s, account, known}
	}
	instance, err := def.Open(plain, env)
	if err != nil {
		return opened{}, maskError(err, maker)
	}
	return opened{instance, maker}, nil
}

// maskError keeps secrets out of an error's text while errors.Is and errors.As go on working.
func maskError(err error, maker *httpkit.Maker) error {
	if _, ok := form.AsErrors(err); ok {
		return err // these never hold a value
	}
	text := maker.MaskText(err.Error())
	if text == err.Error() {
		return err
	}
	return &maskedError{text: text, err: err}
}

type maskedError struct {
	text string
	err  error
}

func (e *maskedError) Error() string { return e.text }
func (e *maskedError) Unwrap() error { return e.err }
