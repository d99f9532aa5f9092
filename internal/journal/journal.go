// Package journal is the append-only log of frames that everything else in the hub reads.
//
// A frame is many events written, synced and read as one. Append returns only when the frame that holds the events is
// durable. Frames are made by group commit without a timer: one append is in flight, and what arrives meanwhile is
// the next frame. The physical log under the frames is a driver behind [Log]; package journal owns everything above
// it: the frame format, group commit, the tail, quarantine, quota and trimming.
package journal

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// Position is a place in the journal: the item-th event of a frame. Positions are ordered by epoch, then frame, then
// item, and are never used twice. The zero Position is before everything.
type Position struct {
	Epoch uint32 // grows when the journal lost its newest part or was restored from an older copy
	Frame uint64 // from 1
	Item  uint32 // from 0, counted over all sections of the frame
}

// Less orders positions.
func (p Position) Less(q Position) bool { return p.Compare(q) < 0 }

// Compare orders positions: negative when p is before q.
func (p Position) Compare(q Position) int {
	switch {
	case p.Epoch != q.Epoch:
		return cmpUint(uint64(p.Epoch), uint64(q.Epoch))
	case p.Frame != q.Frame:
		return cmpUint(p.Frame, q.Frame)
	}
	return cmpUint(uint64(p.Item), uint64(q.Item))
}

func cmpUint(a, b uint64) int {
	if a < b {
		return -1
	}
	if a > b {
		return 1
	}
	return 0
}

// IsZero says whether p is before everything.
func (p Position) IsZero() bool { return p == Position{} }

func (p Position) String() string { return fmt.Sprintf("%d/%d/%d", p.Epoch, p.Frame, p.Item) }

// PositionBytes is the length of an encoded position.
const PositionBytes = 16

// Bytes encodes p so that the order of the bytes is the order of the positions.
func (p Position) Bytes() []byte {
	b := binary.BigEndian.AppendUint32(make([]byte, 0, PositionBytes), p.Epoch)
	b = binary.BigEndian.AppendUint64(b, p.Frame)
	return binary.BigEndian.AppendUint32(b, p.Item)
}

// PositionFromBytes decodes what Bytes made; anything else gives the zero position.
func PositionFromBytes(b []byte) Position {
	if len(b) != PositionBytes {
		return Position{}
	}
	return Position{
		Epoch: binary.BigEndian.Uint32(b),
		Frame: binary.BigEndian.Uint64(b[4:]),
		Item:  binary.BigEndian.Uint32(b[12:]),
	}
}

// Errors of the journal. Callers match them with errors.Is.
var (
	// ErrFull: the disk is low or the journal has reached its size; try again later.
	ErrFull = errors.New("the journal has no room")
	// ErrQuota: the account has reached its byte quota; try again later.
	ErrQuota = errors.New("the account has reached its journal quota")
	// ErrFailed: an I/O error happened earlier; nothing is acknowledged any more and the process must end.
	ErrFailed = errors.New("the journal has failed")
	// ErrClosed: the journal was closed.
	ErrClosed = errors.New("the journal is closed")
	// ErrTrimmed: the position is older than the oldest frame.
	ErrTrimmed = errors.New("trimmed from the journal")
	// ErrDamaged: the frame cannot be read (wrong checksum).
	ErrDamaged = errors.New("damaged in the journal")
	// ErrTooLarge: one event is larger than event.MaxRecordBytes.
	ErrTooLarge = errors.New("the event is too large for the journal")
)

// MaxFrameBytes is the most that one frame holds before compression (900 KiB).
const MaxFrameBytes = 900 << 10

// Idempotency remembers one request in the header of the (last) frame that holds its events.
type Idempotency struct {
	Account  event.Account
	KeyHash  [32]byte // SHA-256 of the Idempotency-Key
	BodyHash [32]byte // SHA-256 of the body
	First    event.ID // the first of the block of ids that the request's events got
	Count    uint32   // the length of the block
}

// Frame is a frame as readers see it.
type Frame struct {
	Epoch       uint32
	Number      uint64
	Time        time.Time
	Idempotency []Idempotency
	Sections    []Section
}

// Section is one account's part of a frame.
type Section struct {
	Account event.Account
	// FirstItem is the item number (see Position) of the section's first event.
	FirstItem uint32
	// Before is how many events the account had journalled before this section: a gap between two sections of one
	// account is a loss, and says how large.
	Before uint64
	// Count is the number of events.
	Count uint32
	// Types counts the section's events by type. It is readable even when the section itself is damaged.
	Types []TypeCount
	// Damaged says that the section's checksum failed: it was quarantined and Records gives ErrDamaged.
	Damaged bool

	load func() ([]*event.Record, error)
}

// TypeCount is how many events of one type a section holds.
type TypeCount struct {
	Type  string
	Count uint32
}

// Records gives the section's events, in order. It decompresses and decodes on first use; the result is shared with
// other readers and must not be changed. The error is ErrDamaged for a quarantined section.
func (s *Section) Records() ([]*event.Record, error) { return s.load() }

// Position of the i-th event of the section.
func (f *Frame) Position(s *Section, i int) Position {
	return Position{Epoch: f.Epoch, Frame: f.Number, Item: s.FirstItem + uint32(i)}
}

// End is the position just after the frame's last event: the first position of the next frame.
func (f *Frame) End() Position { return Position{Epoch: f.Epoch, Frame: f.Number + 1} }

// Append is what one request wants made durable. All records are of one account.
type Append struct {
	Account     event.Account
	Records     []*event.Record
	Idempotency *Idempotency // nil without an Idempotency-Key
}

// Stats is a snapshot of the journal's state.
type Stats struct {
	Epoch       uint32
	First, Last uint64 // frame numbers; both 0 when empty
	Bytes       int64  // on disk
	FreeBytes   int64  // on the file system
	Quarantined int    // damaged sections and frames found since start
	Failed      error  // nil while healthy
	OldestTime  time.Time
}

// Reader is what lanes and look-ups need.
type Reader interface {
	// Read gives the frame with that number. A damaged or missing frame gives ErrDamaged (step over it: the next
	// frame's sections say by their Before how many events were lost), a trimmed one ErrTrimmed, and one that is not
	// there yet ErrNotYet.
	Read(ctx context.Context, frame uint64) (*Frame, error)
	// Bounds are the numbers of the oldest and newest frame; both 0 when empty.
	Bounds() (first, last uint64)
}

// ErrNotYet: the frame has not been written yet.
var ErrNotYet = errors.New("not in the journal yet")
