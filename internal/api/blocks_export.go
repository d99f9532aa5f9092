package api

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/respond/guard"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// exportType are the content types of an export.
const exportType = "application/json,text/csv,text/plain"

// exported is one block of an export: what import takes, and what helps people.
type exported struct {
	Target      string    `json:"target"`
	TTL         string    `json:"ttl"`
	Reason      string    `json:"reason"`
	State       string    `json:"state"`
	ExpiresAt   time.Time `json:"expires_at,omitzero"`
	CreatedAt   time.Time `json:"created_at"`
	ID          string    `json:"id"`
	RequestedBy string    `json:"requested_by"`
}

func exportOf(b *store.Block, now time.Time) exported {
	out := exported{
		Target: targetText(b.Target), TTL: guard.TTLWords(b.TTL), Reason: b.Reason, State: string(b.State), ExpiresAt: b.ExpiresAt, CreatedAt: b.CreatedAt,
		ID: b.ID.Text(event.PrefixBlock), RequestedBy: b.Requester.Name,
	}
	if b.State == store.BlockActive && !b.ExpiresAt.IsZero() { // what is left of it, as long as import takes it
		out.TTL = guard.TTLWords(max(b.ExpiresAt.Sub(now).Round(time.Second), guard.MinTTL))
	}
	return out
}

// exportPage is how many blocks are read at a time.
const exportPage = 500

func (a *server) exportBlocks(ctx context.Context, in *struct {
	BlockQuery
	Format string `query:"format" enum:"json,csv,txt" default:"json" doc:"The form."`
}) (*huma.StreamResponse, error) {
	f, err := in.filter(ctx)
	if err != nil {
		return nil, err
	}
	if len(f.States) == 0 {
		f.States = []store.BlockState{store.BlockActive}
	}
	kinds := map[string]string{"json": "application/json", "csv": "text/csv; charset=utf-8", "txt": "text/plain; charset=utf-8"}
	return a.stream(ctx, kinds[in.Format], "tocsin-blocks."+in.Format, func(w io.Writer) error {
		switch in.Format {
		case "csv":
			return a.exportCSV(ctx, w, f)
		case "txt":
			return a.eachBlock(ctx, f, func(x exported) error {
				_, err := io.WriteString(w, x.Target+"\n")
				return err
			})
		}
		return a.exportJSON(ctx, w, f)
	}), nil
}

// eachBlock goes through all blocks that a filter lets through.
func (a *server) eachBlock(ctx context.Context, f store.BlockFilter, each func(exported) error) error {
	now := time.Now()
	for p := (store.Page{Limit: exportPage}); ; {
		rows, next, err := a.Blocks.List(ctx, f, p)
		if err != nil {
			return fmt.Errorf("reading blocks: %w", err)
		}
		for i := range rows {
			if err := each(exportOf(&rows[i].Block, now)); err != nil {
				return err
			}
		}
		if next == "" {
			return nil
		}
		p.After = next
	}
}

func (a *server) exportJSON(ctx context.Context, w io.Writer, f store.BlockFilter) error {
	between := `{"items":[` + "\n"
	err := a.eachBlock(ctx, f, func(x exported) error {
		text, err := json.Marshal(x)
		if err != nil {
			return err
		}
		_, err = w.Write(append([]byte(between), text...))
		between = ",\n"
		return err
	})
	if err != nil {
		return err
	}
	if between != ",\n" {
		_, err = io.WriteString(w, `{"items":[]}`+"\n")
		return err
	}
	_, err = io.WriteString(w, "\n]}\n")
	return err
}

func (a *server) exportCSV(ctx context.Context, w io.Writer, f store.BlockFilter) error {
	table := csv.NewWriter(w)
	if err := table.Write([]string{"target", "ttl", "reason", "state", "expires_at", "created_at", "id", "requested_by"}); err != nil {
		return err
	}
	err := a.eachBlock(ctx, f, func(x exported) error {
		ends := ""
		if !x.ExpiresAt.IsZero() {
			ends = x.ExpiresAt.UTC().Format(time.RFC3339)
		}
		row := []string{x.Target, x.TTL, x.Reason, x.State, ends, x.CreatedAt.UTC().Format(time.RFC3339), x.ID, x.RequestedBy}
		for i := range row {
			row[i] = guarded(row[i])
		}
		return table.Write(row)
	})
	if err != nil {
		return err
	}
	table.Flush()
	return table.Error()
}
