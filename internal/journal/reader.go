package journal

import (
	"encoding/binary"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// reader takes a frame's header apart. After a failure everything it gives is zero.
type reader struct {
	b      []byte
	failed bool
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.failed, r.b = true, nil
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) bytes(n uint64) []byte {
	if n > uint64(len(r.b)) {
		r.failed, r.b = true, nil
		return nil
	}
	v := r.b[:n]
	r.b = r.b[n:]
	return v
}

func (r *reader) text() string { return string(r.bytes(r.uvarint())) }

// count reads the length of a list whose items take at least one byte each.
func (r *reader) count() int {
	n := r.uvarint()
	if n > uint64(len(r.b)) {
		r.failed, r.b = true, nil
		return 0
	}
	return int(n)
}

func (r *reader) u64() uint64 {
	if b := r.bytes(8); len(b) == 8 {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

func (r *reader) header() *decoded {
	f := new(Frame)
	d := &decoded{frame: f}
	if version := r.bytes(1); len(version) != 1 || version[0] != frameVersion {
		r.failed = true
		return d
	}
	f.Epoch, f.Number = uint32(r.uvarint()), r.uvarint()
	f.Time = time.Unix(0, int64(r.u64())).UTC()
	copy(d.newest[:], r.bytes(uint64(len(d.newest))))
	for range r.count() {
		f.Idempotency = append(f.Idempotency, r.idempotency())
	}
	item := uint32(0)
	for range r.count() {
		s, stored := r.section()
		s.FirstItem = item
		item += s.Count
		f.Sections, d.sections = append(f.Sections, s), append(d.sections, stored)
	}
	if n := r.count(); n > 0 {
		d.counters = make(map[event.Account]counter, n)
		for range n {
			account := event.Account(r.text())
			d.counters[account] = counter{events: r.uvarint(), bytes: r.uvarint()}
		}
	}
	return d
}

func (r *reader) idempotency() Idempotency {
	x := Idempotency{Account: event.Account(r.text())}
	copy(x.KeyHash[:], r.bytes(32))
	copy(x.BodyHash[:], r.bytes(32))
	copy(x.First[:], r.bytes(16))
	x.Count = uint32(r.uvarint())
	return x
}

// section reads an entry of the directory. The stored bytes are cut later.
func (r *reader) section() (Section, storedSection) {
	s := Section{Account: event.Account(r.text()), Count: uint32(r.uvarint()), Before: r.uvarint()}
	bytesBefore := r.uvarint()
	for range r.count() {
		s.Types = append(s.Types, TypeCount{Type: r.text(), Count: uint32(r.uvarint())})
	}
	var stored storedSection
	if codec := r.bytes(1); len(codec) == 1 {
		stored.codec = codec[0]
	}
	length, plain := r.uvarint(), r.uvarint()
	if length > maxSectionPlain || plain > maxSectionPlain {
		r.failed = true
		return s, stored
	}
	stored.length, stored.plain = int(length), int(plain)
	if crc := r.bytes(4); len(crc) == 4 {
		stored.crc = binary.LittleEndian.Uint32(crc)
	}
	stored.after = counter{events: s.Before + uint64(s.Count), bytes: bytesBefore + plain}
	return s, stored
}
