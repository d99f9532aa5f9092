// Package embedded opens the journal that needs nothing but a directory.
package embedded

import (
	"context"
	"errors"

	"github.com/tocsin-hub/tocsin/internal/journal"
	"github.com/tocsin-hub/tocsin/internal/journal/segment"
)

// Options of an embedded journal.
type Options struct {
	journal.Options
	// SegmentBytes is the size of the log's files; 0 means segment.DefaultSegmentBytes.
	SegmentBytes int64
}

// Open opens or makes the journal in dir. A second process on the same directory is refused.
func Open(ctx context.Context, dir string, o Options) (*journal.Journal, error) {
	log, err := segment.Open(ctx, dir, segment.Options{SegmentBytes: o.SegmentBytes, Logger: o.Log, Now: o.Now})
	if err != nil {
		return nil, err
	}
	o.Dir = dir
	j, err := journal.Open(ctx, log, o.Options)
	if err != nil {
		return nil, errors.Join(err, log.Close())
	}
	return j, nil
}
