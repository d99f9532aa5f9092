package callback

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"
	"unicode"

	"github.com/tocsin-hub/tocsin/internal/connector"
)

// What is remembered to do a wish once, and in its order. Keys of an integration's state that begin with Reserved are
// this room's.
const (
	// Reserved begins the keys that connectors leave alone.
	Reserved = "tocsin/"
	// guardKeep is how long a message is known again: vendors send it again for 48 h at most.
	guardKeep = 7 * 24 * time.Hour
	// guardLease is how long a message is under way at most. What a crash broke off is done when it comes again after it.
	guardLease = 30 * time.Second
	// orderKeep is how long it is known when the status of an alert was last changed from over there.
	orderKeep = 400 * 24 * time.Hour
	// afterwards bounds the writing of what became of a wish, when the call's own time is over.
	afterwards = 2 * time.Second
)

// The values of a guard.
const (
	underWay = "under way"
	allDone  = "done"
)

// errUnderWay: the same message is being looked at.
var errUnderWay = errors.New("the same message is being looked at right now")

// guard keeps a wish from being done twice. One without a key guards nothing.
type guard struct {
	state connector.State
	key   string
}

// enterGuard gives nil for a wish that was done already.
func enterGuard(ctx context.Context, state connector.State, w connector.Wish) (*guard, error) {
	if w.ID == "" || state == nil {
		return &guard{}, nil
	}
	g := &guard{state, Reserved + "wish/" + digest(string(w.Verb), w.ID)}
	fresh, err := state.Add(ctx, g.key, []byte(underWay), guardLease)
	if err != nil {
		return nil, fmt.Errorf("remembering a message: %w", err)
	}
	if fresh {
		return g, nil
	}
	value, err := state.Get(ctx, g.key)
	switch {
	case err != nil && !errors.Is(err, connector.ErrNoState):
		return nil, fmt.Errorf("looking whether a message came before: %w", err)
	case string(value) != allDone:
		return nil, errUnderWay
	}
	return nil, nil
}

// done remembers that the wish need not be done again.
func (g *guard) done(ctx context.Context) error {
	if g.key == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), afterwards)
	defer cancel()
	if err := g.state.Put(ctx, g.key, []byte(allDone), guardKeep); err != nil {
		return fmt.Errorf("remembering that a message is done: %w", err)
	}
	return nil
}

// release lets the message come again.
func (g *guard) release(ctx context.Context) error {
	if g.key == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), afterwards)
	defer cancel()
	return g.state.Delete(ctx, g.key)
}

// newest is the last change of status that came from over there.
type newest struct {
	At   time.Time      `json:"at"`
	ID   string         `json:"id"`
	Verb connector.Verb `json:"verb"`
}

// changesStatus says whether the order of wishes with this verb matters.
func changesStatus(v connector.Verb) bool {
	return v == connector.Acknowledge || v == connector.Resolve || v == connector.Reopen
}

func orderKey(w connector.Wish) string { return Reserved + "order/" + digest(subject(w)) }

// outdated says why a wish is too late: what it says happened before something that is known already. Empty: it is not.
func outdated(ctx context.Context, state connector.State, w connector.Wish) (string, error) {
	if state == nil || w.At.IsZero() || !changesStatus(w.Verb) {
		return "", nil
	}
	raw, err := state.Get(ctx, orderKey(w))
	if errors.Is(err, connector.ErrNoState) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("looking for a newer change: %w", err)
	}
	var last newest
	if err := json.Unmarshal(raw, &last); err != nil {
		return "", nil //nolint:nilerr // nothing that this build has written
	}
	if w.At.Before(last.At) || w.ID != "" && w.ID == last.ID && w.Verb == last.Verb {
		return "it happened at " + w.At.UTC().Format(time.RFC3339) + ", and a newer change is known, of " + last.At.UTC().Format(time.RFC3339), nil
	}
	return "", nil
}

// remember notes the time of a change of status that was done.
func remember(ctx context.Context, state connector.State, w connector.Wish, late string) error {
	if state == nil || late != "" || w.At.IsZero() || !changesStatus(w.Verb) {
		return nil
	}
	raw, err := json.Marshal(newest{w.At.UTC(), w.ID, w.Verb})
	if err != nil {
		return fmt.Errorf("writing the time of a change: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), afterwards)
	defer cancel()
	if err := state.Put(ctx, orderKey(w), raw, orderKeep); err != nil {
		return fmt.Errorf("remembering the time of a change: %w", err)
	}
	return nil
}

// digest makes a key of bounded length of texts of any length.
func digest(texts ...string) string {
	h := sha256.New()
	for _, t := range texts {
		fmt.Fprintf(h, "%d:%s", len(t), t) //nolint:errcheck // a hash takes all
	}
	return hex.EncodeToString(h.Sum(nil)[:20])
}

// breaks says whether a character ends a word, or does something to the text around it.
func breaks(r rune) bool {
	return unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)
}
