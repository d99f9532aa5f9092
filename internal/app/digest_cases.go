package app

import (
	"context"
	"time"

	"github.com/tocsin-hub/tocsin/internal/alerting"
	"github.com/tocsin-hub/tocsin/internal/digest"
	"github.com/tocsin-hub/tocsin/internal/event"
)

// digestAlerts sums alerts up as package digest wants it.
type digestAlerts struct{ service *alerting.Service }

// Summary implements digest.Alerts.
func (d digestAlerts) Summary(ctx context.Context, account event.Account, from, to time.Time) (digest.Summary, error) {
	s, err := d.service.Summary(ctx, account, from, to)
	out := digest.Summary{
		New: s.Alerts, Open: s.Open, Acked: s.Acknowledged, Resolved: s.Resolved,
		Entities: digestCounts(s.TopEntities), Rules: digestCounts(s.TopRules), Sources: digestCounts(s.TopSources),
	}
	for _, day := range s.ByDay {
		out.Days = append(out.Days, digest.DigestDay{Day: day.Day, Counts: day.Counts})
	}
	return out, err
}

func digestCounts(list []alerting.NamedCount) []digest.DigestCount {
	out := make([]digest.DigestCount, len(list))
	for i, c := range list {
		out[i] = digest.DigestCount{Type: c.Type, Name: c.Name, Count: c.Count}
	}
	return out
}
