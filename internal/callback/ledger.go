package callback

import (
	"sync"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Limits of what is shown of calls.
const (
	// keptCalls is how many calls of an integration are shown, the newest. Calls that were refused are kept apart, so that
	// nobody pushes the others out by knocking.
	keptCalls, keptRefused = 50, 20
	// keptWishes is how many things that one call asked for are shown.
	keptWishes = 10
)

// The outcomes of calls and of what they ask for.
const (
	Done     = "done"
	Nothing  = "nothing"  // nothing was asked for, or nothing had to be changed
	Refused  = "refused"  // the call did not prove its sender, or the person may not, or it cannot be done
	Repeated = "repeated" // the same message came before
	Outdated = "outdated" // a newer change is known
	Failed   = "failed"   // the vendor was asked to try again
)

// CallLine is one call, for people.
type CallLine struct {
	At      time.Time  `json:"at" doc:"When it came."`
	Status  int        `json:"status" doc:"The HTTP status that it was answered with." example:"200"`
	Outcome string     `json:"outcome" enum:"done,nothing,refused,failed" doc:"What became of it. Refused calls did not prove that they are the vendor's, or made no sense; failed ones were asked to come again."`
	Note    string     `json:"note,omitempty" doc:"What the connector has to say of it." example:"the incident is not one that this integration made"`
	Error   string     `json:"error,omitempty" doc:"Why it was refused or failed."`
	TookMS  int64      `json:"took_ms" doc:"How long it took, in milliseconds." example:"12"`
	Wishes  []WishLine `json:"wishes" doc:"What it asked for, at most 10 things."`
	More    int        `json:"more,omitempty" doc:"How many more things it asked for."`
}

// WishLine is one thing that was asked for, and what became of it.
type WishLine struct {
	Verb    connector.Verb `json:"verb" doc:"What was asked for: acknowledge, resolve, reopen, assign, note, rate, block, approve, reject." example:"acknowledge"`
	Of      string         `json:"of" doc:"Of which alert, incident or block." example:"INC-1042"`
	Person  string         `json:"person,omitempty" doc:"Who did it over there." example:"Dana Doe"`
	By      string         `json:"by,omitempty" doc:"The user in whose name it was done." example:"dana@example.com"`
	Outcome string         `json:"outcome" enum:"done,nothing,refused,repeated,outdated,failed" doc:"What became of it. Nothing had to be changed, the same message came before, or a newer change is known."`
	Note    string         `json:"note,omitempty" doc:"Why it was not done."`
	Event   string         `json:"event,omitempty" doc:"The event that tells of the change." example:"evt_01kmb7a2v4e9zr6x3q8w5t0ysd"`
}

func (l *CallLine) fail(err error) {
	l.Outcome, l.Error = Failed, event.Clip(line(err.Error()), maxDetail)
}

func (l *CallLine) wish(t WishLine) {
	if t.Outcome == "" {
		t.Outcome = Failed
	}
	if len(l.Wishes) == keptWishes {
		l.More++
		return
	}
	l.Wishes = append(l.Wishes, t)
}

// CallCounts are how many calls came since the hub began.
type CallCounts struct {
	Calls     uint64 `json:"calls" doc:"All of them."`
	Done      uint64 `json:"done" doc:"Those that asked for something, or for nothing, and were answered."`
	Refused   uint64 `json:"refused" doc:"Those that did not prove to be the vendor's, or made no sense."`
	Failed    uint64 `json:"failed" doc:"Those that the vendor was asked to make again."`
	Throttled uint64 `json:"throttled" doc:"Those that came too fast."`
	Untold    uint64 `json:"untold" doc:"How often the vendor could not be told, after its call, what became of it."`
}

// ledger is what came for one integration.
type ledger struct {
	mu      sync.Mutex
	counts  CallCounts
	calls   []CallLine // the newest last
	refused []CallLine
	untoldA time.Time
	untoldE string
}

func (l *ledger) throttled(time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.counts.Calls++
	l.counts.Throttled++
}

func (l *ledger) add(line CallLine) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.counts.Calls++
	switch line.Outcome {
	case Refused:
		l.counts.Refused++
		l.refused = push(l.refused, line, keptRefused)
		return
	case Failed:
		l.counts.Failed++
	default:
		l.counts.Done++
	}
	l.calls = push(l.calls, line, keptCalls)
}

func (l *ledger) untold(at time.Time, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.counts.Untold++
	l.untoldA, l.untoldE = at.UTC(), event.Clip(line(err.Error()), maxDetail)
}

// push puts a line at the end and forgets the oldest.
func push(list []CallLine, l CallLine, most int) []CallLine {
	if len(list) == most {
		copy(list, list[1:])
		list = list[:most-1]
	}
	return append(list, l)
}

// CallView is what there is to see of an integration's calls.
type CallView struct {
	// URL is filled in by whoever knows where the hub is reached.
	URL     string       `json:"url,omitempty" doc:"Where the vendor calls; absent for a kind that is not called." example:"https://tocsin.example.com/api/v1/callbacks/pagerduty/int_01kmb7a2v4e9zr6x3q8w5t0ysd"`
	Since   time.Time    `json:"since" doc:"Since when calls are counted: the hub's start."`
	Counts  CallCounts   `json:"counts" doc:"How many came."`
	Calls   []CallLine   `json:"calls" doc:"The last 50 that proved to be the vendor's, the newest first."`
	Refused []CallLine   `json:"refused" doc:"The last 20 that did not, the newest first."`
	Untold  *CallTrouble `json:"untold,omitempty" doc:"The last time that the vendor could not be told what became of its call."`
	Sync    *SyncState   `json:"sync,omitempty" doc:"How the vendor's side is looked at; absent where it is not."`
}

// CallTrouble is something that went wrong once.
type CallTrouble struct {
	At    time.Time `json:"at" doc:"When."`
	Error string    `json:"error" doc:"What."`
}

// View shows the calls of an integration of an account. Its error is ErrNotFound.
func (s *Service) View(account event.Account, id event.ID) (CallView, error) {
	v := CallView{Since: s.started, Calls: []CallLine{}, Refused: []CallLine{}}
	e := s.of(id)
	if e == nil || e.current().Account != account {
		return v, ErrNotFound
	}
	row := e.current()
	e.seen.view(&v)
	if s.Catalogue[row.Kind].Reconciles {
		v.Sync = e.look.view()
	}
	return v, nil
}

func (l *ledger) view(v *CallView) {
	l.mu.Lock()
	defer l.mu.Unlock()
	v.Counts = l.counts
	for i := len(l.calls) - 1; i >= 0; i-- {
		v.Calls = append(v.Calls, l.calls[i])
	}
	for i := len(l.refused) - 1; i >= 0; i-- {
		v.Refused = append(v.Refused, l.refused[i])
	}
	if !l.untoldA.IsZero() {
		v.Untold = &CallTrouble{l.untoldA, l.untoldE}
	}
}

// URL is where the vendor of an integration calls, at a hub that is reached at publicURL; without one it is the path
// alone. It is empty for kinds that are not called.
func URL(catalogue connector.Catalogue, publicURL string, i store.Integration) string {
	if !catalogue[i.Kind].CallsBack {
		return ""
	}
	return publicURL + Path(i.Kind, i.ID)
}
