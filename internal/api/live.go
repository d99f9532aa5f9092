package api

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"

	"github.com/tocsin-hub/tocsin/internal/deliver"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/event/expr"
	"github.com/tocsin-hub/tocsin/internal/identity"
	"github.com/tocsin-hub/tocsin/internal/identity/gate"
	"github.com/tocsin-hub/tocsin/internal/journal"
)

// Times of a stream.
const (
	// streamKeepAlive is how long a stream is silent at most: then comes a comment with the place to go on at.
	streamKeepAlive = 15 * time.Second
	// streamRecheck is how often the caller's key or session is looked at again.
	streamRecheck = 30 * time.Second
	// streamPause is how long the rows that changed are gathered before they are told again.
	streamPause = time.Second
	// streamRetry is how long a browser waits before it connects again.
	streamRetry = 2 * time.Second
)

// streamType is the content type of server-sent events.
const streamType = "text/event-stream"

// Watch is one watcher's place; *deliver.Watch is one.
type Watch interface {
	Next(ctx context.Context) (deliver.LiveItem, error)
	Place() journal.Position
	Close()
}

// Lost tells a stream's reader what it did not get.
type Lost struct {
	Topic deliver.LiveTopic `json:"topic"`
	// Count is how many; 0 when that is not known. Of events it counts all that were passed over, wanted or not.
	Count uint64 `json:"count"`
}

// StreamQuery says what a stream is to tell.
type StreamQuery struct {
	Topics      []string  `query:"topics" enum:"events,deliveries,mailbox,alerts,incidents,blocks,jobs,health" doc:"What to tell, separated by commas: events as they come in, the attempts of deliveries, what enters the mailbox, what becomes of alerts, incidents, blocks and jobs, and how the hub does. Without it, events." example:"[\"events\",\"mailbox\"]"`
	Types       string    `query:"types" maxLength:"2000" doc:"Only these event types: names, prefixes such as alert.*, separated by commas." example:"alert.*"`
	MinSeverity string    `query:"min_severity" enum:"info,low,medium,high,critical" doc:"Only what is at least this severe."`
	Project     string    `query:"project" maxLength:"256" doc:"Only events of this project, and their deliveries."`
	Where       string    `query:"where" maxLength:"4096" doc:"Only events of which this CEL expression is true, as in a subscription. An event for which it cannot be evaluated is left out. Of deliveries and mailbox entries it says nothing: it needs the topic events." example:"event.severity_level >= HIGH"`
	Integration string    `query:"integration" maxLength:"64" doc:"Only deliveries and mailbox entries of this integration." example:"int_01kmb7a2v4e9zr6x3q8w5t0ysd"`
	Since       time.Time `query:"since" doc:"Begin with the events received from this time on, as far as the journal has them."`
	LastEventID string    `header:"Last-Event-ID" maxLength:"64" doc:"The id of the last message that was read: events go on behind it. It wins over since."`
}

func (a *server) liveOperations() {
	a.api.OpenAPI().Components.Schemas.Schema(typeOf[StreamHealth](), true, "") // no answer has it: it comes in a stream
	register(a, op{
		id: "stream", method: http.MethodGet, path: "/api/v1/stream", tag: tagEvents, scope: scopeAny, download: streamType,
		summary: "Watch live",
		about: "Server-sent events that do not end: `event` (an event), `delivery` (a delivery, its latest attempt in history), `mailbox` (a delivery that has failed), `alert`, `incident`, `block`, `job` (one that is new or has changed, as its list shows it, at most once a second each), `health` (StreamHealth, at once and when something changed, at most every two seconds), `lost` ({\"topic\",\"count\"}: what the reader did not get because it was too slow or the journal was trimmed; 0 if the number is not known), and `end` ({\"reason\"}) before the hub closes it. " +
			"An id is a place in the journal: sent back as Last-Event-ID, events go on there, without a gap as long as the journal has them. All else begins with the connection: read the lists again after a reconnect. " +
			"A comment comes at least every 15 seconds. The topic events needs the scope events:read, alerts alerts:read, incidents incidents:read, blocks blocks:read, the others deliveries:read; the stream ends within a minute when the key is revoked. " +
			fmt.Sprintf("An account may have %d streams at a time, all accounts together %d.", deliver.MaxAccountWatches, deliver.MaxWatches),
		problems: []int{http.StatusUnprocessableEntity},
	}, a.live)
}

func (a *server) live(ctx context.Context, in *StreamQuery) (*huma.StreamResponse, error) {
	spec, err := in.spec()
	if err != nil {
		return nil, err
	}
	topics := in.topics()
	if err := mayWatch(callerOf(ctx), topics); err != nil {
		return nil, err
	}
	where, err := in.where(spec)
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(hctx huma.Context) {
		r, w := humachi.Unwrap(hctx)
		s := &liveStream{a: a, topics: topics, who: callerOf(ctx), where: where, w: w, out: http.NewResponseController(w)}
		s.knock = gate.Knock{Key: identity.FromRequest(r), Address: clientOf(ctx).Address, ActIn: gate.ActIn(r.Header)}
		if s.knock.Key == "" {
			s.knock.Session = a.sessionOf(r)
		}
		if r.Method == http.MethodHead {
			s.begin()
			return
		}
		watch, err := a.Watch(ctx, accountOf(ctx), spec)
		if err != nil {
			a.refuse(w, r, watchProblem(err))
			return
		}
		defer watch.Close()
		if s.rows = a.watchRows(accountOf(ctx), topics); s.rows != nil {
			defer s.rows.reader.Close()
		}
		s.begin()
		_ = s.run(ctx, watch) // whoever hung up needs no answer
	}}, nil
}

// topics are what was asked for.
func (in *StreamQuery) topics() []string {
	if len(in.Topics) == 0 {
		return []string{string(deliver.LiveEvents)}
	}
	return in.Topics
}

// spec reads the parameters.
func (in *StreamQuery) spec() (deliver.LiveSpec, error) {
	var s deliver.LiveSpec
	topics := in.topics()
	s.Events = slices.Contains(topics, string(deliver.LiveEvents))
	s.Deliveries = slices.Contains(topics, string(deliver.LiveDeliveries))
	s.Mailbox = slices.Contains(topics, string(deliver.LiveMailbox))
	var err error
	if s.Filter.Types, err = typeFiltersOf("types", in.Types); err != nil {
		return s, err
	}
	s.Filter.MinSeverity, _ = event.ParseSeverity(in.MinSeverity)
	s.Filter.Project, s.Filter.Since = in.Project, in.Since
	if s.Integration, err = queryID(event.PrefixIntegration, "integration", in.Integration); err != nil {
		return s, err
	}
	if in.LastEventID != "" {
		if s.From, err = readPlace(in.LastEventID); err != nil {
			return s, err
		}
		s.Filter.Since = time.Time{}
	}
	return s, nil
}

// where compiles the expression; nil without one.
func (in *StreamQuery) where(s deliver.LiveSpec) (*expr.Condition, error) {
	if in.Where == "" {
		return nil, nil
	}
	wrong := "is about events: ask for the topic events, or leave it out"
	if s.Events {
		c, err := expr.ParseCondition(in.Where)
		if err == nil {
			return c, nil
		}
		wrong = err.Error()
	}
	return nil, problem(http.StatusUnprocessableEntity, "where: "+wrong, fieldError("query.where", wrong))
}

// placeText is a place in the journal as a message's id.
func placeText(p journal.Position) string { return base64.RawURLEncoding.EncodeToString(p.Bytes()) }

func readPlace(text string) (journal.Position, error) {
	b, err := base64.RawURLEncoding.DecodeString(text)
	p := journal.PositionFromBytes(b)
	if err != nil || p.IsZero() {
		f := fieldError("header.Last-Event-ID", "is not an id that a stream gave")
		return p, problem(http.StatusUnprocessableEntity, "Last-Event-ID: is not an id that a stream gave", f)
	}
	return p, nil
}

// topicScopes are what it takes to watch a topic.
var topicScopes = map[string]identity.Scope{
	string(deliver.LiveEvents): identity.EventsRead, string(deliver.LiveDeliveries): identity.DeliveriesRead, string(deliver.LiveMailbox): identity.DeliveriesRead,
	topicAlerts: identity.AlertsRead, topicIncidents: identity.IncidentsRead, topicBlocks: identity.BlocksRead, topicJobs: identity.DeliveriesRead,
	topicHealth: identity.DeliveriesRead,
}

// mayWatch says whether the caller has the scopes of all topics.
func mayWatch(who identity.Principal, topics []string) error {
	for _, topic := range topics {
		if need := topicScopes[topic]; !who.Can(need) {
			return problem(http.StatusForbidden, "the scope "+string(need)+" is needed for this").coded("SCOPE_MISSING").
				with("WWW-Authenticate", `Bearer realm="tocsin", error="insufficient_scope", scope="`+string(need)+`"`)
		}
	}
	return nil
}

func watchProblem(err error) error {
	switch {
	case errors.Is(err, deliver.ErrTooManyWatches):
		return problem(http.StatusTooManyRequests, "too many streams are open: close one, or try again later").coded("TOO_MANY_STREAMS").retry(streamKeepAlive)
	case errors.Is(err, deliver.ErrWatchEnded):
		return problem(http.StatusServiceUnavailable, "the hub is stopping").retry(streamRetry)
	}
	return err
}

// liveStream writes one stream.
type liveStream struct {
	a      *server
	topics []string
	who    identity.Principal // as it was looked at last
	where  *expr.Condition    // nil: every event
	rows   *liveRows          // nil: none are watched
	health liveHealth
	knock  gate.Knock
	w      http.ResponseWriter
	out    *http.ResponseController
	buf    bytes.Buffer
	wrote  time.Time
}

func (s *liveStream) begin() {
	h := s.w.Header()
	h.Set("Content-Type", streamType)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // nginx would keep messages back
	s.w.WriteHeader(http.StatusOK)
}

// run writes until the watch or the caller's right ends, or nobody takes what is written.
func (s *liveStream) run(ctx context.Context, watch Watch) error {
	fmt.Fprintf(&s.buf, "retry: %d\n", streamRetry.Milliseconds())
	if err := s.keepAlive(watch); err != nil {
		return err
	}
	recheck := time.Now().Add(s.a.recheck())
	for {
		if err := errors.Join(s.tellHealth(ctx), s.tellRows(ctx)); err != nil {
			return err
		}
		next, cancel := context.WithTimeout(ctx, s.patience())
		item, err := watch.Next(next)
		cancel()
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, context.DeadlineExceeded) || err == nil && s.passed(item):
			err = nil
			if time.Since(s.wrote) >= s.a.keepAlive() {
				err = s.keepAlive(watch)
			}
		case err != nil:
			return s.end("the hub is stopping")
		default:
			err = s.item(item)
		}
		if err != nil {
			return err
		}
		if now := time.Now(); now.After(recheck) {
			if reason := s.refused(ctx); reason != "" {
				return s.end(reason)
			}
			recheck = now.Add(s.a.recheck())
		}
	}
}

// patience is how long to wait for the next thing before something else is looked at.
func (s *liveStream) patience() time.Duration {
	wait := min(s.a.keepAlive(), s.a.recheck())
	if s.rows != nil || slices.Contains(s.topics, topicHealth) {
		wait = min(wait, s.a.streamPause()/4)
	}
	return wait
}

// refused says why the caller may not go on watching; empty while it may, or while that cannot be found out.
func (s *liveStream) refused(ctx context.Context) string {
	who, err := s.a.Gate.Still(ctx, s.knock)
	var no *gate.Refusal
	switch {
	case errors.As(err, &no):
		return no.Detail
	case err != nil:
		return ""
	}
	if err := mayWatch(who, s.topics); err != nil {
		return err.Error()
	}
	s.who = who
	return ""
}

// passed says whether the expression leaves the item out. One that cannot be evaluated does.
func (s *liveStream) passed(i deliver.LiveItem) bool {
	if s.where == nil || i.Event == nil {
		return false
	}
	wanted, err := s.where.Match(i.Event)
	return err != nil || !wanted
}

// item writes one message.
func (s *liveStream) item(i deliver.LiveItem) error {
	switch {
	case i.Gap:
		return s.message("lost", "", jsonOf(Lost{i.Topic, i.Lost}))
	case i.Event != nil:
		return s.message("event", placeText(i.Next), i.Event.AppendJSON(nil))
	case i.Topic == deliver.LiveMailbox:
		return s.message("mailbox", "", jsonOf(newDelivery(*i.Delivery)))
	}
	return s.message("delivery", "", jsonOf(newDelivery(*i.Delivery)))
}

// jsonOf writes what always can be written.
func jsonOf(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic("api: a message of a stream cannot be written: " + err.Error())
	}
	return b
}

// message writes a message. JSON has line ends between its tokens only, where a space does as well.
func (s *liveStream) message(name, id string, data []byte) error {
	s.buf.WriteString("event: " + name + "\n")
	if id != "" {
		s.buf.WriteString("id: " + id + "\n")
	}
	s.buf.WriteString("data: ")
	for _, b := range data {
		if b == '\n' || b == '\r' {
			b = ' '
		}
		s.buf.WriteByte(b)
	}
	s.buf.WriteString("\n\n")
	return s.flush()
}

// keepAlive writes a comment, and the place to go on at, which is no message.
func (s *liveStream) keepAlive(watch Watch) error {
	s.buf.WriteString(": tocsin\n")
	if p := watch.Place(); !p.IsZero() {
		s.buf.WriteString("id: " + placeText(p) + "\n")
	}
	s.buf.WriteString("\n")
	return s.flush()
}

// end says why nothing more comes.
func (s *liveStream) end(reason string) error {
	return s.message("end", "", jsonOf(map[string]string{"reason": reason}))
}

func (s *liveStream) flush() error {
	// Not every writer has deadlines; one that has none is a test's.
	_ = s.out.SetWriteDeadline(time.Now().Add(stalled))
	_, err := s.w.Write(s.buf.Bytes())
	s.buf.Reset()
	s.wrote = time.Now()
	if err != nil {
		return err
	}
	return s.out.Flush()
}

// keepAlive, recheck and streamPause are the times of streams, which tests make shorter.
func (a *server) keepAlive() time.Duration   { return cmp.Or(a.StreamKeepAlive, streamKeepAlive) }
func (a *server) recheck() time.Duration     { return cmp.Or(a.StreamRecheck, streamRecheck) }
func (a *server) streamPause() time.Duration { return cmp.Or(a.StreamPause, streamPause) }
