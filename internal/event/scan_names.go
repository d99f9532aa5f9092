package event

import (
	"bytes"
	"encoding/binary"
	"hash/maphash"
)

// smallObject is up to how many members names are compared one by one; beyond it they are hashed.
const smallObject = 24

// hashSeed is secret and new with each process, so that nobody can choose names that collide.
var hashSeed = maphash.MakeSeed()

// nameSet finds duplicate member names at every depth with two reused stores: a stack with the names of the objects
// that are open, and one hash table for all large objects together, whose entries carry the number of their object.
type nameSet struct {
	stack []nameRef
	arena []byte // names that were written with escapes, without them
	table []nameSlot
	used  int    // occupied slots
	last  uint32 // number of the last large object
}

// nameRef is a name: a range of the scanned bytes or of the arena.
type nameRef struct {
	print      uint64 // its last eight bytes: differs for most different names
	start, end int32  // start is ^offset for the arena
}

type nameSlot struct {
	hash   uint64
	object uint32 // 0: free
	name   uint32 // index in the stack
}

// nameScope is one open object.
type nameScope struct {
	base   int    // where its names begin on the stack
	bloom  uint64 // one bit per name: a name whose bit is clear is new
	object uint32 // not 0 once its names are hashed
}

func (n *nameSet) reset() {
	n.stack, n.arena = n.stack[:0], n.arena[:0]
	if n.used > 0 {
		if len(n.table) > 4096 {
			n.table = nil // keep pooled scanners small
		}
		clear(n.table)
		n.used = 0
	}
	n.last = 0
}

func (n *nameSet) open() nameScope { return nameScope{base: len(n.stack)} }

func (n *nameSet) close(s nameScope) { n.stack = n.stack[:s.base] }

// add puts a name into the scope; false when it is there already.
func (n *nameSet) add(s *nameScope, b []byte, name *node) bool {
	ref := nameRef{start: name.nameStart, end: name.nameEnd}
	if name.nameEscaped {
		at := len(n.arena)
		n.arena = unescape(n.arena, name.name(b))
		ref = nameRef{start: ^int32(at), end: int32(len(n.arena))}
		ref.print = fingerprint(n.arena, at, len(n.arena))
	} else {
		ref.print = fingerprint(b, int(ref.start), int(ref.end))
	}
	if s.object != 0 || len(n.stack)-s.base >= smallObject {
		return n.addHashed(s, b, ref)
	}
	bit := uint64(1) << (ref.print * 0x9e3779b97f4a7c15 >> 58)
	if s.bloom&bit != 0 && n.has(s, b, ref) {
		return false
	}
	s.bloom |= bit
	n.stack = append(n.stack, ref)
	return true
}

// has compares with the names of a small object one by one.
func (n *nameSet) has(s *nameScope, b []byte, ref nameRef) bool {
	for _, other := range n.stack[s.base:] {
		if other.print == ref.print && bytes.Equal(n.text(b, other), n.text(b, ref)) {
			return true
		}
	}
	return false
}

func (n *nameSet) text(b []byte, r nameRef) []byte {
	if r.start < 0 {
		return n.arena[^r.start:r.end]
	}
	return b[r.start:r.end]
}

// fingerprint is the last eight bytes of the name, or all of a shorter one.
func fingerprint(b []byte, start, end int) uint64 {
	if end >= 8 {
		w := binary.LittleEndian.Uint64(b[end-8 : end])
		if short := 8 - (end - start); short > 0 {
			w >>= 8 * uint(short)
		}
		return w
	}
	var w uint64
	for i := end - 1; i >= start; i-- {
		w = w<<8 | uint64(b[i])
	}
	return w
}

func (n *nameSet) addHashed(s *nameScope, b []byte, ref nameRef) bool {
	if s.object == 0 {
		n.last++
		s.object = n.last
		for i := s.base; i < len(n.stack); i++ {
			n.insert(s.object, b, i)
		}
	}
	n.stack = append(n.stack, ref)
	return n.insert(s.object, b, len(n.stack)-1)
}

// insert puts the i-th name of the stack into the table; false when the object has that name already.
func (n *nameSet) insert(object uint32, b []byte, i int) bool {
	if 2*n.used >= len(n.table) {
		n.grow()
	}
	text := n.text(b, n.stack[i])
	hash := maphash.Bytes(hashSeed, text) + uint64(object)*0x9e3779b97f4a7c15
	mask := uint64(len(n.table) - 1)
	for at := hash & mask; ; at = (at + 1) & mask {
		slot := &n.table[at]
		if slot.object == 0 {
			*slot = nameSlot{hash: hash, object: object, name: uint32(i)}
			n.used++
			return true
		}
		if slot.hash == hash && slot.object == object && bytes.Equal(n.text(b, n.stack[slot.name]), text) {
			return false
		}
	}
}

func (n *nameSet) grow() {
	old := n.table
	n.table = make([]nameSlot, max(256, 2*len(old)))
	mask := uint64(len(n.table) - 1)
	for _, slot := range old {
		if slot.object == 0 {
			continue
		}
		at := slot.hash & mask
		for n.table[at].object != 0 {
			at = (at + 1) & mask
		}
		n.table[at] = slot
	}
}
