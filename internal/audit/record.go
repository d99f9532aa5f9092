package audit

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"iter"

	"github.com/tocsin-hub/tocsin/internal/store"
)

// Record is a record that is to be verified, from wherever it comes.
type Record struct {
	Installation [16]byte
	// Seq and Hash are those of the entry before the first one; Seq is 0 at the beginning of the record.
	Seq  uint64
	Hash [32]byte
	// Whole: it is the record itself, so that what lies before its first entry must have been pruned by the hub.
	Whole bool
	// Limited: it was meant to end before the record does, so that a later checkpoint says nothing about it.
	Limited bool
	// Links are the entries, oldest first. An error ends them: they cannot be read, or *Malformed.
	Links iter.Seq2[Link, error]
}

// Link is one entry as a source has it.
type Link struct {
	Seq  uint64
	Hash [32]byte
	// Body is nil where it is withheld; BodyHash is its SHA-256 in either case.
	Body     []byte
	BodyHash [32]byte
	// Columns is what stands beside the body for searching; nil in a source that has no such thing.
	Columns *store.AuditEntry
}

// readBatch is how many entries are read at once: at most 13 MiB of them.
const readBatch = 200

// FromStore is the record in a store. It is read while Links is gone through, so that the store should be one that
// stands still (sqlite.AuditFile).
func FromStore(ctx context.Context, s store.AuditReader) (Record, error) {
	anchor, err := s.AuditAnchor(ctx)
	if err != nil {
		return Record{}, err
	}
	return Record{
		Installation: anchor.Installation, Seq: anchor.Seq, Hash: before(anchor), Whole: true,
		Links: func(yield func(Link, error) bool) {
			for row, err := range rows(ctx, s, 0) {
				if !yield(linkOf(row), err) || err != nil {
					return
				}
			}
		},
	}, nil
}

// rows are the entries of a store from a number on. An error is the last one.
func rows(ctx context.Context, s store.AuditReader, from uint64) iter.Seq2[*store.AuditEntry, error] {
	return func(yield func(*store.AuditEntry, error) bool) {
		for {
			list, err := s.ReadAudit(ctx, from, readBatch)
			if err != nil {
				yield(nil, err)
				return
			}
			for i := range list {
				if !yield(&list[i], nil) {
					return
				}
			}
			if len(list) < readBatch {
				return
			}
			from = list[len(list)-1].Seq + 1
		}
	}
}

func linkOf(row *store.AuditEntry) Link {
	if row == nil {
		return Link{}
	}
	return Link{Seq: row.Seq, Hash: row.Hash, Body: row.Body, BodyHash: sha256.Sum256(row.Body), Columns: row}
}

func hexOf(hash [32]byte) string { return hex.EncodeToString(hash[:]) }

// Verify goes along the hub's own record. With an error, which is ctx's when that has ended, the report covers what was read.
// Nothing is pruned meanwhile.
func (l *Log) Verify(ctx context.Context) (Report, error) {
	l.exports.RLock()
	defer l.exports.RUnlock()
	rec, err := FromStore(ctx, l.deps.Store)
	if err != nil {
		return Report{}, err
	}
	return Verify(rec)
}
