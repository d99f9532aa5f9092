package api

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/tocsin-hub/tocsin/internal/deliver"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/news"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// The topics of a stream that are about rows, and the one about all of them.
const (
	topicAlerts    = "alerts"
	topicIncidents = "incidents"
	topicBlocks    = "blocks"
	topicJobs      = "jobs"
	topicHealth    = "health"
)

// rowTopic is a topic that is about rows.
type rowTopic struct {
	name    string
	topic   news.Topic
	message string
	// read gives what a list shows of rows, but for those that are gone.
	read func(a *server, ctx context.Context, rows []news.Row) ([]any, error)
}

var rowTopics = []rowTopic{
	{topicAlerts, news.Alerts, "alert", (*server).alertRows},
	{topicIncidents, news.Incidents, "incident", (*server).incidentRows},
	{topicBlocks, news.Blocks, "block", (*server).blockRows},
	{topicJobs, news.Jobs, "job", (*server).jobRows},
}

// rowsAtOnce is how many rows of a topic are read and told at once; the others wait for the next time.
const rowsAtOnce = store.MaxPage

// liveRows are the rows that one stream tells of.
type liveRows struct {
	reader *news.Reader
	topics []rowTopic
	next   time.Time // not before then is it looked again
}

// watchRows begins to gather what changes; nil if no topic is about rows.
func (a *server) watchRows(account event.Account, topics []string) *liveRows {
	l := new(liveRows)
	var wanted []news.Topic
	for _, t := range rowTopics {
		if slices.Contains(topics, t.name) {
			l.topics, wanted = append(l.topics, t), append(wanted, t.topic)
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	l.reader = a.News.Read(account, wanted...)
	return l
}

// tellRows writes what changed, each row as it is now. Between two times lies a pause, in which a row may change often.
func (s *liveStream) tellRows(ctx context.Context) error {
	if s.rows == nil || time.Now().Before(s.rows.next) {
		return nil
	}
	for _, t := range s.rows.topics {
		taken := s.rows.reader.Take(t.topic, rowsAtOnce)
		if len(taken.Rows) > 0 || taken.Many || taken.Missed > 0 {
			s.rows.next = time.Now().Add(s.a.streamPause())
		}
		if err := s.tellTaken(ctx, t, taken); err != nil {
			return err
		}
	}
	return nil
}

// tellTaken writes the rows of one topic, and what was missed of it.
func (s *liveStream) tellTaken(ctx context.Context, t rowTopic, taken news.Taken) error {
	var list []any
	if len(taken.Rows) > 0 {
		var err error
		if list, err = t.read(s.a, ctx, taken.Rows); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			s.a.log.ErrorContext(ctx, "what changed could not be read for a stream", slog.String("topic", t.name), slog.Any("error", err))
			taken.Missed += uint64(len(taken.Rows))
		}
	}
	for _, v := range list {
		if err := s.message(t.message, "", jsonOf(v)); err != nil {
			return err
		}
	}
	if taken.Many {
		taken.Missed = 0 // how many is not known
	} else if taken.Missed == 0 {
		return nil
	}
	return s.message("lost", "", jsonOf(Lost{deliver.LiveTopic(t.name), taken.Missed}))
}

func idsOf(rows []news.Row) []event.ID {
	ids := make([]event.ID, len(rows))
	for i, r := range rows {
		ids[i] = r.ID
	}
	return ids
}

func (a *server) alertRows(ctx context.Context, rows []news.Row) ([]any, error) {
	list, err := a.Alerts.Some(ctx, accountOf(ctx), idsOf(rows))
	out := make([]any, len(list))
	for i := range list {
		out[i] = newAlert(&list[i])
	}
	return out, err
}

func (a *server) incidentRows(ctx context.Context, rows []news.Row) ([]any, error) {
	f := store.IncidentFilter{Account: accountOf(ctx)}
	for _, r := range rows {
		f.Numbers = append(f.Numbers, r.Number)
	}
	list, _, err := a.Incidents.List(ctx, f, store.Page{Limit: len(rows)})
	out := make([]any, len(list))
	for i := range list {
		out[i] = a.incidentView(ctx, list[i])
	}
	return out, err
}

func (a *server) blockRows(ctx context.Context, rows []news.Row) ([]any, error) {
	list, _, err := a.Blocks.List(ctx, store.BlockFilter{Account: accountOf(ctx), IDs: idsOf(rows)}, store.Page{Limit: len(rows)})
	names := a.responderNames(ctx)
	out := make([]any, len(list))
	for i := range list {
		out[i] = a.blockView(&list[i].Block, list[i].Placements, names)
	}
	return out, err
}

// jobRows reads jobs one by one: an account has few that run.
func (a *server) jobRows(ctx context.Context, rows []news.Row) (out []any, err error) {
	for _, r := range rows {
		view, err := a.Deliveries.Job(ctx, accountOf(ctx), r.ID)
		switch {
		case err == nil:
			out = append(out, newJob(view))
		case !errors.Is(err, store.ErrNotFound):
			return out, err
		}
	}
	return out, nil
}
