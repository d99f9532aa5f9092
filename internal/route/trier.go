package route

import (
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/event/expr"
)

// Trier asks one subscription about many events, one after the other, and allocates little for it. It is not safe for
// concurrent use.
type Trier struct {
	sub  Subscription
	view expr.View
}

// NewTrier asks a subscription that no integration has yet.
func NewTrier(sub Subscription) *Trier { return &Trier{sub: sub} }

// Explain is Subscription.Explain; with WhereFailed comes why the expression cannot be evaluated.
func (t *Trier) Explain(r *event.Record) (Reason, error) {
	why := t.sub.explainFields(r, "")
	if why != Wanted || t.sub.Where == nil || addressed(r) {
		return why, nil
	}
	t.view.Reset(r)
	holds, err := t.sub.Where.MatchView(&t.view)
	switch {
	case err != nil:
		return WhereFailed, err
	case !holds:
		return Where, nil
	}
	return Wanted, nil
}

// OfType says why no event of a type is wanted; Wanted if that depends on the event.
func (t *Trier) OfType(eventType string) Reason {
	switch {
	case t.sub.WantsType(eventType):
		return Wanted
	case len(t.sub.Types) == 0:
		return NoTypes
	}
	return TypeFiltered
}
