package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"sync"
	"time"

	"github.com/klauspost/compress/s2"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// An encoded frame, version 1. All numbers are little-endian or uvarints; checksums are CRC-32C.
//
//	"TocF", u32 header length, u32 checksum of the header
//	header: version, epoch, number, time, newest id
//	        idempotency entries
//	        directory: for each section the account, count, running number, types with counts, codec,
//	                   stored and plain length, checksum of the stored bytes
//	        counters of all accounts (in some frames only, so that a start need not read everything)
//	the sections, one after the other
const (
	frameMagic   = "TocF"
	frameVersion = 1
	// frameHead is the length of what stands before the header.
	frameHead = len(frameMagic) + 4 + 4
)

// Codecs of a section.
const (
	codecPlain = 0
	codecS2    = 1
)

// minCompress is the size below which a section is stored plain: there is little to gain.
const minCompress = 512

// maxSectionPlain bounds what a stored section may inflate to: no frame holds more.
const maxSectionPlain = MaxFrameBytes

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// counter is what the journal counts of one account.
type counter struct {
	events uint64
	bytes  uint64 // plain bytes ever journalled, for the quota
}

// draft is a frame that is being made.
type draft struct {
	epoch       uint32
	number      uint64
	time        time.Time
	newest      event.ID
	idempotency []Idempotency
	sections    []*draftSection
	counters    map[event.Account]counter // nil in most frames
}

// draftSection is one account's part of a draft.
type draftSection struct {
	account event.Account
	before  counter
	records []*event.Record
	types   []TypeCount
	plain   []byte
}

// add puts a record in.
func (s *draftSection) add(r *event.Record) {
	s.records = append(s.records, r)
	s.plain = r.AppendBinary(s.plain)
	for i := range s.types {
		if s.types[i].Type == r.Type {
			s.types[i].Count++
			return
		}
	}
	s.types = append(s.types, TypeCount{Type: r.Type, Count: 1})
}

// encoder keeps its buffers between frames.
type encoder struct {
	head, body, packed []byte
}

// encode gives the frame's bytes, which are good until the next call.
func (e *encoder) encode(d *draft) []byte {
	e.body = e.body[:0]
	h := append(append(e.head[:0], frameMagic...), 0, 0, 0, 0, 0, 0, 0, 0, frameVersion)
	h = binary.AppendUvarint(h, uint64(d.epoch))
	h = binary.AppendUvarint(h, d.number)
	h = binary.LittleEndian.AppendUint64(h, uint64(d.time.UnixNano()))
	h = append(h, d.newest[:]...)
	h = binary.AppendUvarint(h, uint64(len(d.idempotency)))
	for i := range d.idempotency {
		h = appendIdempotency(h, &d.idempotency[i])
	}
	h = binary.AppendUvarint(h, uint64(len(d.sections)))
	for _, s := range d.sections {
		h = e.appendSection(h, s)
	}
	h = binary.AppendUvarint(h, uint64(len(d.counters)))
	for account, c := range d.counters {
		h = appendText(h, string(account))
		h = binary.AppendUvarint(h, c.events)
		h = binary.AppendUvarint(h, c.bytes)
	}
	binary.LittleEndian.PutUint32(h[4:], uint32(len(h)-frameHead))
	binary.LittleEndian.PutUint32(h[8:], crc32.Checksum(h[frameHead:], castagnoli))
	h = append(h, e.body...)
	e.head = h
	return h
}

func (e *encoder) appendSection(h []byte, s *draftSection) []byte {
	stored, codec := s.plain, byte(codecPlain)
	if len(s.plain) >= minCompress {
		e.packed = s2.Encode(e.packed[:cap(e.packed)], s.plain)
		if len(e.packed) < len(s.plain) {
			stored, codec = e.packed, codecS2
		}
	}
	h = appendText(h, string(s.account))
	h = binary.AppendUvarint(h, uint64(len(s.records)))
	h = binary.AppendUvarint(h, s.before.events)
	h = binary.AppendUvarint(h, s.before.bytes)
	h = binary.AppendUvarint(h, uint64(len(s.types)))
	for _, t := range s.types {
		h = appendText(h, t.Type)
		h = binary.AppendUvarint(h, uint64(t.Count))
	}
	h = append(h, codec)
	h = binary.AppendUvarint(h, uint64(len(stored)))
	h = binary.AppendUvarint(h, uint64(len(s.plain)))
	h = binary.LittleEndian.AppendUint32(h, crc32.Checksum(stored, castagnoli))
	e.body = append(e.body, stored...)
	return h
}

func appendText(b []byte, s string) []byte {
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}

func appendIdempotency(b []byte, x *Idempotency) []byte {
	b = appendText(b, string(x.Account))
	b = append(b, x.KeyHash[:]...)
	b = append(b, x.BodyHash[:]...)
	b = append(b, x.First[:]...)
	return binary.AppendUvarint(b, uint64(x.Count))
}

// decoded is a frame's header as it was stored.
type decoded struct {
	frame    *Frame
	newest   event.ID
	counters map[event.Account]counter
	sections []storedSection // beside frame.Sections
}

// storedSection is a section's bytes and what the directory says of them.
type storedSection struct {
	stored []byte
	length int // that the directory says; stored is shorter if the frame was cut off
	plain  int
	codec  byte
	crc    uint32
	after  counter // the account's counters behind the section
}

// errFrame says that bytes are not a frame.
var errFrame = errors.New("not a journal frame")

// decodeFrame reads a frame's header and checks its sections. A damaged section is marked; a damaged header is an
// error that wraps ErrDamaged. The frame points into b.
func decodeFrame(b []byte) (*decoded, error) {
	if len(b) < frameHead || string(b[:len(frameMagic)]) != frameMagic {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, errFrame)
	}
	n := binary.LittleEndian.Uint32(b[4:])
	if uint64(n) > uint64(len(b)-frameHead) {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, errFrame)
	}
	head, body := b[frameHead:frameHead+int(n)], b[frameHead+int(n):]
	if crc32.Checksum(head, castagnoli) != binary.LittleEndian.Uint32(b[8:]) {
		return nil, fmt.Errorf("%w: the frame's header has a wrong checksum", ErrDamaged)
	}
	r := reader{b: head}
	d := r.header()
	if r.failed || len(r.b) > 0 {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, errFrame)
	}
	d.cut(body)
	return d, nil
}

// cut gives each section its bytes, and makes it readable.
func (d *decoded) cut(body []byte) {
	for i := range d.sections {
		stored, s := &d.sections[i], &d.frame.Sections[i]
		n := stored.length
		if n > len(body) {
			stored.stored, body = body, nil
		} else {
			stored.stored, body = body[:n:n], body[n:]
		}
		s.Damaged = len(stored.stored) != n || crc32.Checksum(stored.stored, castagnoli) != stored.crc
		s.load = loader(s, *stored)
	}
}

// loader decompresses and decodes once.
func loader(s *Section, stored storedSection) func() ([]*event.Record, error) {
	account, count, damaged := s.Account, s.Count, s.Damaged
	return sync.OnceValues(func() ([]*event.Record, error) {
		if damaged {
			return nil, ErrDamaged
		}
		plain := stored.stored
		if stored.codec == codecS2 {
			var err error
			if n, err := s2.DecodedLen(stored.stored); err != nil || n != stored.plain {
				return nil, fmt.Errorf("%w: a section inflates to %d bytes, its directory says %d", ErrDamaged, n, stored.plain)
			}
			if plain, err = s2.Decode(make([]byte, stored.plain), stored.stored); err != nil {
				return nil, fmt.Errorf("%w: decompressing a section: %w", ErrDamaged, err)
			}
		}
		return decodeRecords(plain, account, int(count))
	})
}

func decodeRecords(plain []byte, account event.Account, count int) ([]*event.Record, error) {
	list := make([]*event.Record, 0, min(count, len(plain)/leastRecord))
	for len(plain) > 0 {
		rec, rest, err := event.DecodeRecord(plain, account)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		list, plain = append(list, rec), rest
	}
	if len(list) != count {
		return nil, fmt.Errorf("%w: a section holds %d events, its directory says %d", ErrDamaged, len(list), count)
	}
	return list, nil
}

// leastRecord is less than any encoded record takes: it bounds what a wrong count can cost.
const leastRecord = 36
