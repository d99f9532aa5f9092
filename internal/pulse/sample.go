package pulse

import (
	"encoding/binary"
	"errors"

	"github.com/tocsin-hub/tocsin/internal/spread"
)

// sample is what one step knows: sums of what happened in it, and what waited when it ended.
type sample struct {
	received, delivered, failed, retried uint64
	backlog, mailbox                     uint64
	took                                 spread.Counts
}

// empty says whether nothing happened and nothing waited.
func (s *sample) empty() bool { return *s == sample{} }

// add takes over what came after.
func (s *sample) add(o *sample) {
	s.sum(o)
	s.backlog, s.mailbox = o.backlog, o.mailbox
}

// sum adds what happened in the same time elsewhere, or in a time before, but not what waited.
func (s *sample) sum(o *sample) {
	s.received += o.received
	s.delivered += o.delivered
	s.failed += o.failed
	s.retried += o.retried
	s.took.Add(&o.took)
}

// fields are the numbers in the order in which they are packed.
func (s *sample) fields() [6]*uint64 {
	return [6]*uint64{&s.received, &s.delivered, &s.failed, &s.retried, &s.backlog, &s.mailbox}
}

// timesFollow marks a sample behind whose numbers buckets follow; the lower bits say which numbers there are.
const timesFollow = 1 << 6

var errPacked = errors.New("a piece of history is not readable")

// appendTo packs a sample: which numbers are not zero, these numbers, then pairs of a bucket and its count.
func (s *sample) appendTo(b []byte) []byte {
	flags, at := byte(0), len(b)
	b = append(b, 0)
	for i, f := range s.fields() {
		if *f != 0 {
			flags |= 1 << i
			b = binary.AppendUvarint(b, *f)
		}
	}
	buckets := 0
	for _, n := range s.took {
		if n != 0 {
			buckets++
		}
	}
	if buckets > 0 {
		flags |= timesFollow
		b = append(b, byte(buckets))
		for i, n := range s.took {
			if n != 0 {
				b = binary.AppendUvarint(append(b, byte(i)), n)
			}
		}
	}
	b[at] = flags
	return b
}

// unpack reads a sample and gives what follows it.
func (s *sample) unpack(b []byte) ([]byte, error) {
	if len(b) == 0 || b[0]&^(timesFollow|0x3f) != 0 {
		return nil, errPacked
	}
	flags := b[0]
	b = b[1:]
	*s = sample{}
	var err error
	for i, f := range s.fields() {
		if flags&(1<<i) != 0 {
			if *f, b, err = number(b); err != nil {
				return nil, err
			}
		}
	}
	if flags&timesFollow == 0 {
		return b, nil
	}
	if len(b) == 0 || b[0] > spread.Buckets {
		return nil, errPacked
	}
	n := int(b[0])
	b = b[1:]
	for range n {
		if len(b) == 0 || b[0] >= spread.Buckets {
			return nil, errPacked
		}
		bucket := b[0]
		if s.took[bucket], b, err = number(b[1:]); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// number reads one number and gives what follows it.
func number(b []byte) (uint64, []byte, error) {
	v, n := binary.Uvarint(b)
	if n <= 0 {
		return 0, nil, errPacked
	}
	return v, b[n:], nil
}
