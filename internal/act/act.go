// Package act says who does what: the actor behind a request, and the act as the audit record wants it. Rooms that
// change something privileged write it down through a [Recorder] before they do it; the audit room is one.
package act

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// The kinds of an Actor.
const (
	KindKey    = "key"    // an API key
	KindUser   = "user"   // a person who is signed in
	KindLocal  = "local"  // somebody at the command line, with the data directory
	KindSystem = "system" // the hub itself

	KindIntegration = "integration" // somebody at a vendor, whose doing an integration has brought over
)

// Actor is who acts. It holds no secret and may be shown to the account's auditors.
type Actor struct {
	Kind string `json:"kind"`
	// ID is "key_…", "usr_…" or "int_…"; empty for local and system.
	ID   string `json:"id,omitempty"`
	Name string `json:"name,omitempty"` // the key's name or the person's e-mail address
	// Account is the actor's own; it differs from the act's when a parent acts in a child.
	Account event.Account `json:"account,omitempty"`
	// Address is where the request came from.
	Address string `json:"address,omitempty"`
	// Admin says that the actor may do everything in the account: what is dangerous even for those who may change
	// settings (references to the host's files and environment) asks for it.
	Admin bool `json:"-"`
}

// System is the hub itself, for what nobody asked for.
func System(why string) Actor { return Actor{Kind: KindSystem, Name: why, Admin: true} }

// Act is one privileged act. Before and After are JSON with secrets masked, either may be empty; only what differs
// needs to be in them.
type Act struct {
	Account event.Account
	// Actor is taken from the context if its Kind is empty.
	Actor Actor
	// Action is a dotted name, "integration.update"; it becomes the event type "audit.integration_update".
	Action string
	// Target is the textual id or name of what is acted on; empty if it has none yet.
	Target string
	Before json.RawMessage
	After  json.RawMessage
	// Note is a sentence for people, such as a reason that was given. It may hold text of a caller.
	Note string
}

// Finish writes down how an act ended: nil for success. It is called exactly once.
type Finish func(err error)

// Errors that say how an act ended. Callers match them with errors.Is.
var (
	// ErrRefused: the act was tried and was not allowed, or asked for what cannot be. Wrap it where the record should
	// say "refused" rather than "failed"; field errors and conflicts count as refusals without it.
	ErrRefused = errors.New("refused")
	// ErrPanicked: the code that did it broke off. Nobody can say how much of it was done.
	ErrPanicked = errors.New("broke off with a panic")
)

// Recorder makes acts durable in the audit record.
type Recorder interface {
	// Begin writes the act down. On an error the act must not happen; the error is for the caller (503). After a nil
	// error the act is done, and then Finish called with its result.
	Begin(ctx context.Context, a Act) (Finish, error)
}

// Discard records nothing. It is for tests and for tools without a record.
type Discard struct{}

// Begin implements Recorder.
func (Discard) Begin(context.Context, Act) (Finish, error) { return func(error) {}, nil }

var _ Recorder = Discard{}

type actorKey struct{}

// With gives a context that carries the actor.
func With(ctx context.Context, a Actor) context.Context { return context.WithValue(ctx, actorKey{}, a) }

// From gives the actor of a context; without one it is the hub itself.
func From(ctx context.Context) Actor {
	if a, ok := ctx.Value(actorKey{}).(Actor); ok {
		return a
	}
	return System("")
}

// Do records an act around f: it is written down, done, and its outcome is written down. A panic of f is recorded and
// goes on.
func Do(ctx context.Context, r Recorder, a Act, f func(context.Context) error) error {
	finish, err := r.Begin(ctx, a)
	if err != nil {
		return err
	}
	err = ErrPanicked
	defer func() { finish(err) }()
	err = f(ctx)
	return err
}
