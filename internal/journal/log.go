package journal

import (
	"context"
	"time"
)

// Log is the driver's side: an ordered, durable list of opaque records with contiguous numbers from 1. The journal
// calls Append and TrimBefore from one goroutine at a time; Read may be called from many at once.
//
// A driver never hands out a number twice, never gives a record that differs from what was appended without
// saying ErrDamaged, and after an error of Append takes nothing more: the journal ends the process.
type Log interface {
	// Append stores the record and returns its number once it is durable.
	Append(ctx context.Context, record []byte) (number uint64, err error)
	// Read gives a record. The bytes are the caller's. Errors: ErrTrimmed, ErrDamaged, ErrNotYet. Content whose checksum
	// is wrong may come along with ErrDamaged: the journal saves what its own checksums find sound.
	Read(ctx context.Context, number uint64) ([]byte, error)
	// Bounds are the oldest and newest numbers; both 0 when empty.
	Bounds() (first, last uint64)
	// TrimPoint gives the number before which everything must go to free at least that many bytes; it never asks for
	// more than can go. 0 when empty.
	TrimPoint(bytes int64) uint64
	// TrimBefore lets go of records with smaller numbers. It may keep some, and never touches the newest.
	TrimBefore(ctx context.Context, number uint64) error
	// Size is the number of bytes on disk.
	Size() int64
	// Damage lists what recovery found when the log was opened.
	Damage() []Damage
	Close() error
}

// Damage is a stretch of the log that could not be read when it was opened.
type Damage struct {
	From, To uint64 // record numbers, inclusive; To is 0 when unknown
	Where    string // file and offset, for people
	Reason   string
	Found    time.Time
}

// Cutter is a Log that trims in steps and can say where they are, so that the journal sweeps no further than what will
// really go.
type Cutter interface {
	// Cut is the number that TrimBefore(number) would make the oldest.
	Cut(number uint64) uint64
}
