package event

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"
)

// ID is a UUIDv7 (RFC 9562 §5.7) drawn from a clock that never runs backwards: ids sort by the order they were given.
type ID [16]byte

// Prefixes of the textual ids (TypeID 0.3: prefix, underscore, 26 characters of Crockford base32).
const (
	PrefixEvent       = "evt"
	PrefixIntegration = "int"
	PrefixDelivery    = "dlv"
	PrefixAttempt     = "att"
	PrefixKey         = "key"
	PrefixJob         = "job"
	PrefixCapture     = "cap"
	PrefixUser        = "usr"
	PrefixSession     = "ses"
	PrefixProject     = "prj"
	PrefixSource      = "src"
	PrefixMapping     = "map"
	PrefixAlert       = "alr"
	PrefixNote        = "not"
	PrefixAttachment  = "atc"
	PrefixRule        = "rul"
	PrefixSilence     = "sil"
	PrefixBlock       = "blk"
	PrefixProtected   = "prt"
	PrefixResponse    = "rsr" // a response rule
)

// ErrID says that a text is not an id of the expected kind.
var ErrID = errors.New("not a valid id")

const base32Alphabet = "0123456789abcdefghjkmnpqrstvwxyz"

var base32Value = func() (t [256]byte) {
	for i := range t {
		t[i] = 0xff
	}
	for i := range base32Alphabet {
		t[base32Alphabet[i]] = byte(i)
	}
	return t
}()

// lastTick is the last handed-out (milliseconds << 12 | sequence); it only grows.
var lastTick atomic.Uint64

// AdvanceClock makes sure that every id given from now on is later than id. The journal calls it at start with the
// newest id it holds, so that a clock that was set back between two runs does not disturb the order.
func AdvanceClock(id ID) {
	tick := id.tick()
	for {
		last := lastTick.Load()
		if last >= tick || lastTick.CompareAndSwap(last, tick) {
			return
		}
	}
}

// NewID gives the next id.
func NewID() ID { return NewIDs(1).At(0) }

// Block is a run of consecutive ids that were given together. It is fully described by its first id and its length,
// which is what lets an answer to an Idempotency-Key be rebuilt after a restart.
type Block struct {
	first ID
	n     int
}

// NewIDs reserves n consecutive ids.
func NewIDs(n int) Block {
	now := uint64(time.Now().UnixMilli()) << 12
	var first uint64
	for {
		last := lastTick.Load()
		first = max(now, last+1)
		if lastTick.CompareAndSwap(last, first+uint64(n)-1) {
			break
		}
	}
	return Block{first: idFrom(first, rand.Uint64()), n: n}
}

// BlockFrom rebuilds the block of n ids that begins with first.
func BlockFrom(first ID, n int) Block { return Block{first: first, n: n} }

// Len is the number of ids in the block.
func (b Block) Len() int { return b.n }

// First is the block's first id.
func (b Block) First() ID { return b.first }

// At is the i-th id of the block, counted from 0.
func (b Block) At(i int) ID {
	id := b.first
	putTick(&id, b.first.tick()+uint64(i))
	return id
}

func idFrom(tick, random uint64) ID {
	var id ID
	binary.BigEndian.PutUint64(id[8:], random)
	id[8] = id[8]&0x3f | 0x80 // variant 10
	putTick(&id, tick)
	return id
}

func putTick(id *ID, tick uint64) {
	ms, seq := tick>>12, tick&0xfff
	binary.BigEndian.PutUint64(id[:8], ms<<16|0x7000|seq)
}

func (id ID) tick() uint64 {
	hi := binary.BigEndian.Uint64(id[:8])
	return hi>>16<<12 | hi&0xfff
}

// Time is the wall time at which the id was given, to the millisecond (the sequence may have run a little ahead).
func (id ID) Time() time.Time {
	return time.UnixMilli(int64(binary.BigEndian.Uint64(id[:8]) >> 16)).UTC()
}

// IsZero says whether the id was never set.
func (id ID) IsZero() bool { return id == ID{} }

// UUID is the id in the hyphenated form of RFC 9562.
func (id ID) UUID() string {
	s := hex.EncodeToString(id[:])
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}

// Text is the id as a TypeID with the given prefix.
func (id ID) Text(prefix string) string {
	b := make([]byte, 0, len(prefix)+27)
	return string(id.AppendText(b, prefix))
}

// AppendText appends the TypeID form of id to dst.
func (id ID) AppendText(dst []byte, prefix string) []byte {
	dst = append(dst, prefix...)
	dst = append(dst, '_')
	hi, lo := binary.BigEndian.Uint64(id[:8]), binary.BigEndian.Uint64(id[8:])
	var out [26]byte
	for i := 25; i >= 0; i-- {
		out[i] = base32Alphabet[lo&31]
		lo = lo>>5 | hi<<59
		hi >>= 5
	}
	return append(dst, out[:]...)
}

// ParseID reads a TypeID with the given prefix. Its error wraps ErrID.
func ParseID(prefix, s string) (ID, error) {
	var id ID
	if len(s) != len(prefix)+27 || s[:len(prefix)] != prefix || s[len(prefix)] != '_' {
		return id, fmt.Errorf("%w: want %s_ and 26 characters", ErrID, prefix)
	}
	digits := s[len(prefix)+1:]
	if digits[0] > '7' {
		return id, fmt.Errorf("%w: out of range", ErrID)
	}
	var hi, lo uint64
	for i := range len(digits) {
		v := base32Value[digits[i]]
		if v == 0xff {
			return id, fmt.Errorf("%w: character %q", ErrID, digits[i])
		}
		hi = hi<<5 | lo>>59
		lo = lo<<5 | uint64(v)
	}
	binary.BigEndian.PutUint64(id[:8], hi)
	binary.BigEndian.PutUint64(id[8:], lo)
	return id, nil
}
