package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/tocsin-hub/tocsin/internal/client"
)

// maxBatchBytes is when a request is sent although it could hold more events (4 MiB).
const maxBatchBytes = 4 << 20

// sending puts values together into requests and counts what became of them.
type sending struct {
	process *Process
	hub     *client.Client
	ids     bool
	run     string // makes the idempotency keys of this run its own

	path     string
	pending  []value
	size     int
	requests int

	accepted, rejected, dropped int
}

// add takes one value; it goes out when the batch is full or the path changes.
func (s *sending) add(ctx context.Context, path string, most int, v value) error {
	full := len(s.pending) >= most || s.size+len(v.json) > maxBatchBytes
	if len(s.pending) > 0 && (full || s.path != path) {
		if err := s.flush(ctx); err != nil {
			return err
		}
	}
	s.path, s.pending, s.size = path, append(s.pending, v), s.size+len(v.json)+1
	return nil
}

// flush sends what is pending: one value as it is, several as NDJSON.
func (s *sending) flush(ctx context.Context) error {
	if len(s.pending) == 0 {
		return nil
	}
	batch := client.Batch{Path: s.path, ContentType: "application/json", Body: s.pending[0].json}
	if len(s.pending) > 1 {
		lines := make([][]byte, 0, len(s.pending)+1)
		for _, v := range s.pending {
			lines = append(lines, v.json)
		}
		batch.ContentType, batch.Body = "application/x-ndjson", append(bytes.Join(lines, []byte("\n")), '\n')
	}
	sent := s.pending
	s.pending, s.size = nil, 0
	return s.send(ctx, batch, func(i int) string { return sent[min(i, len(sent)-1)].String() })
}

// whole sends a file as one body.
func (s *sending) whole(ctx context.Context, path, name, contentType string) error {
	if err := s.flush(ctx); err != nil {
		return err
	}
	body, err := s.process.readAll(name)
	if err != nil {
		return err
	}
	return s.send(ctx, client.Batch{Path: path, ContentType: contentType, Body: body}, func(i int) string {
		return fmt.Sprintf("%s, event %d", name, i+1)
	})
}

// send makes one request. place says which input the i-th event of the request is.
func (s *sending) send(ctx context.Context, batch client.Batch, place func(i int) string) error {
	s.requests++
	batch.Idempotency = fmt.Sprintf("tocsin-send-%s-%d", s.run, s.requests)
	receipt, err := s.hub.Ingest(ctx, batch)
	var problem *client.Problem
	if errors.As(err, &problem) {
		return fmt.Errorf("%s: %w%s", place(0), err, hint(problem.Status))
	}
	if err != nil {
		return err
	}
	s.accepted += receipt.Accepted
	s.dropped += receipt.Dropped
	s.rejected += max(receipt.RejectedTotal, len(receipt.Rejected))
	if s.ids {
		for _, id := range receipt.IDs {
			s.process.say("%s\n", id)
		}
	}
	for _, r := range receipt.Rejected {
		s.process.note("tocsin: %s: %s\n", place(r.Index), r.Error)
	}
	return nil
}

// hint says what to do about the common refusals.
func hint(status int) string {
	switch status {
	case 401:
		return " (is TOCSIN_KEY the key of this hub?)"
	case 403:
		return " (the key needs the scope events:write)"
	case 404:
		return " (does this hub know that --source?)"
	case 413:
		return " (try a smaller --batch)"
	}
	return ""
}
