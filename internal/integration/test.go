package integration

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Limits of a test.
const (
	// MaxTestTime bounds a test as a whole; a connector's own timeouts are usually shorter.
	MaxTestTime = 60 * time.Second
	// maxTestError bounds the error that a test answers with, in bytes.
	maxTestError = 2 << 10
)

// errForbidden is all that a test tells of a refusal by the egress guard.
const errForbidden = "the destination's address is not a public one; whoever operates this hub can allow it with egress.allow"

// Grade says how sure a success is.
type Grade = connector.Grade

// The grades.
const (
	Accepted     = connector.Accepted
	Confirmed    = connector.Confirmed
	Unverifiable = connector.Unverifiable
)

// TestResult is what a test found. Request and Response are nil when there was none.
type TestResult struct {
	OK        bool      `json:"ok" doc:"Whether it worked."`
	Request   *Request  `json:"request" doc:"The last request that was made, exactly, with secrets masked."`
	Response  *Response `json:"response" doc:"What came back: status, headers and the first 1 KiB of the body."`
	Error     string    `json:"error" doc:"Why it did not work; empty if it did." example:""`
	LatencyMS float64   `json:"latency_ms" doc:"How long it took, in milliseconds." example:"41.3"`
	Grade     Grade     `json:"grade" enum:"accepted,confirmed,unverifiable," doc:"How sure a success is; empty without one." example:"confirmed"`
	Notes     []string  `json:"notes,omitempty" doc:"What to know of the requests: which signatures they carry, public keys for the receiver."`
}

// TestInput is what a caller asks of a test.
type TestInput struct {
	// Kind is needed for unsaved settings; of a saved integration it may only repeat the kind.
	Kind string
	// Settings are all the settings, or of a saved integration a merge patch for this test alone; nil leaves them.
	Settings json.RawMessage
	// EventType sends a sample of that type, marked as a test; empty proves the credentials and alerts nobody.
	EventType string
}

// TestUnsaved tries settings that are not saved. Errors: form.Errors for settings or an event type that cannot be
// valid, UnknownKindError, whatever CheckKind says. That the vendor refuses is not an error but a result.
func (s *Service) TestUnsaved(ctx context.Context, account event.Account, in TestInput) (TestResult, error) {
	if _, err := s.kind(in.Kind); err != nil {
		return TestResult{}, err
	}
	return s.test(ctx, store.Integration{Account: account, Kind: in.Kind, Settings: json.RawMessage(`{}`)}, "", in)
}

// Test tries a saved integration, whatever its state, with its secrets wherever in.Settings leaves them out or masked.
func (s *Service) Test(ctx context.Context, account event.Account, id event.ID, in TestInput) (TestResult, error) {
	i, err := s.Get(ctx, account, id)
	if err != nil {
		return TestResult{}, err
	}
	if in.Kind != "" && in.Kind != i.Kind {
		return TestResult{}, form.Errors{{Path: "kind", Message: "is not this integration's kind, " + i.Kind}}
	}
	return s.test(ctx, i, id.Text(event.PrefixIntegration), in)
}

func (s *Service) test(ctx context.Context, i store.Integration, id string, in TestInput) (TestResult, error) {
	def, err := s.kind(i.Kind)
	if err != nil {
		return TestResult{}, err
	}
	if err := s.CheckKind(i.Account, i.Kind); err != nil {
		return TestResult{}, err
	}
	var errs form.Errors
	var record *event.Record
	switch {
	case in.EventType != "" && def.Responds():
		errs.Add("event_type", "must be left out: %s", noEvents(def.Kind))
	case in.EventType != "":
		record, err = testEvent(i.Account, in.EventType, s.Now().UTC())
		if err := collect(&errs, "", err); err != nil {
			return TestResult{}, err
		}
	}
	if in.Settings == nil {
		in.Settings = json.RawMessage(`{}`)
	}
	now, err := s.settle(ctx, i, def, in.Settings)
	if err := collect(&errs, "settings", tryable(now, err)); err != nil {
		return TestResult{}, err
	}
	if len(errs) > 0 {
		return TestResult{}, errs
	}
	if err := s.tests.allow(i.Account, s.Now()); err != nil {
		return TestResult{}, err
	}
	o, err := s.open(def, i.Account, id, now.plain)
	if err := collect(&errs, "settings", err); err != nil {
		// The settings have the right form, and the connector still finds that they cannot work.
		return TestResult{}, form.Errors{{Path: "settings", Message: err.Error()}}
	}
	if len(errs) > 0 {
		return TestResult{}, errs
	}
	defer o.close()
	finish, err := s.recordedTest(ctx, i, in)
	if err != nil {
		return TestResult{}, err
	}
	result := s.try(ctx, def, o, record)
	var failed error
	if !result.OK {
		failed = errors.New(result.Error)
	}
	finish(failed)
	return result, nil
}

// tryable says why settings that may be stored cannot be tried: a stored secret goes to no other destination than the one
// it was entered for.
func tryable(now settled, err error) error {
	if err != nil {
		return err
	}
	var errs form.Errors
	for _, path := range now.voided {
		if now.moved != "" {
			errs.Add(path, "is not sent to another destination than it was entered for (%s changed): enter it for this test", now.moved)
			continue
		}
		errs.Add(path, "was given up when the destination changed: enter it again")
	}
	var broken *RefError
	if errors.As(now.broken, &broken) {
		errs.Add(broken.Setting, "%s %s", broken.Reference, broken.Err)
	}
	return errs.Err()
}

// try makes the request and tells what came of it.
func (s *Service) try(ctx context.Context, def connector.Definition, o opened, record *event.Record) TestResult {
	ctx, cancel := context.WithTimeout(ctx, MaxTestTime)
	defer cancel()
	exchange := &httpkit.Exchange{Full: true}
	ctx = httpkit.WithExchange(ctx, exchange)

	start := time.Now() // a duration is measured by the monotonic clock, not by the hub's
	grade, err := Unverifiable, error(nil)
	if record != nil {
		grade, err = connector.GradeOf(def.Kind, o.instance), send(ctx, o.instance, record, event.NewID())
	} else if tester, ok := o.instance.(connector.Tester); ok {
		grade, err = connector.GradeOf(def.Kind, o.instance), guarded(func() error { return tester.Test(ctx) })
	}
	result := TestResult{OK: err == nil, LatencyMS: float64(time.Since(start).Microseconds()) / 1000, Notes: o.notes()}
	result.Request, result.Response = exchanged(exchange)
	if errors.Is(err, httpkit.ErrForbiddenAddress) {
		// Which address a name has inside is not for everybody who may press the button.
		result.Response, result.Error = nil, errForbidden
		return result
	}
	if err != nil {
		result.Error = event.Clip(o.http.MaskText(err.Error()), maxTestError)
		return result
	}
	if record == nil && grade == Confirmed && exchange.Status >= http.StatusMultipleChoices {
		grade = Unverifiable // the receiver was reached, and does not know what it was asked: nothing else is proven
	}
	if g, ok := o.instance.(connector.TestGrader); ok && record == nil {
		grade = g.TestGrade()
	}
	result.Grade = grade
	return result
}

// send delivers one event the way the integration's engine would, as the delivery of an id.
func send(ctx context.Context, instance connector.Instance, r *event.Record, id event.ID) error {
	d := connector.Delivery{Key: id.Text(event.PrefixDelivery), Record: r, Attempt: 1}
	batch, batches := instance.(connector.BatchSender)
	single, singles := instance.(connector.Sender)
	if chooser, ok := instance.(connector.EngineChooser); ok && singles && batches {
		singles = !chooser.UsesBatch()
	}
	return guarded(func() error {
		if singles {
			return single.Send(ctx, d)
		}
		err := batch.SendBatch(ctx, []connector.Delivery{d})
		if rejected, ok := connector.IsRejected(err); ok && rejected[0] != nil {
			return rejected[0]
		}
		return err
	})
}

// guarded turns a panic of a connector into an error: one bad format must not end a request without an answer.
func guarded(f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("the connector failed: %v", v)
		}
	}()
	return f()
}

// isDryRun says that err only means that nothing was to be sent.
func isDryRun(err error) bool { return errors.Is(err, httpkit.ErrDryRun) }
