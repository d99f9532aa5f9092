package limit

import (
	"net/netip"
	"time"
)

// DefaultFailures is how many attempts may fail per minute and address.
const DefaultFailures = 60

// Address is a client's address as far as limits tell clients apart: an IPv4 address, or the first 64 bits of an IPv6
// address, which is what one client usually has to itself. The zero value stands for all that cannot be read.
type Address [16]byte

// AddressOf reads an address as text. An IPv4 address within IPv6 (::ffff:192.0.2.1) is the IPv4 address.
func AddressOf(text string) Address {
	a, err := netip.ParseAddr(text)
	if err != nil {
		return Address{}
	}
	b := a.As16()
	if !a.Is4() && !a.Is4In6() {
		clear(b[8:])
	}
	return b
}

// Failures holds off addresses whose attempts to authenticate fail too often. It is safe for concurrent use.
type Failures struct {
	limiter *Limiter[Address]
	max     int
}

// NewFailures makes one that allows perMinute failures per address and window (0: DefaultFailures; below 0: any
// number).
func NewFailures(perMinute int, o Options) *Failures {
	if perMinute == 0 {
		perMinute = DefaultFailures
	}
	return &Failures{limiter: New[Address](o), max: perMinute}
}

// Blocked says whether an address has failed too often lately, and for how long it is held off.
func (f *Failures) Blocked(a Address) (wait time.Duration, blocked bool) {
	st := f.limiter.Peek(a, f.max)
	return st.RetryAfter, !st.OK
}

// Fail counts a failure. Use it with Blocked where an attempt costs little and many at a time are in order, as with API
// keys: attempts that are under way together may fail a few more times than is allowed.
func (f *Failures) Fail(a Address) { f.limiter.Take(a, 1, f.max) }

// Attempt counts a failure beforehand and says whether the attempt may be made at all: use it where each guess counts,
// as with passwords. An attempt that succeeded is followed by Succeed.
func (f *Failures) Attempt(a Address) (wait time.Duration, ok bool) {
	st := f.limiter.Take(a, 1, f.max)
	return st.RetryAfter, st.OK
}

// Succeed takes one failure off an address: the one that Attempt counted. It does not forgive earlier ones, or else
// whoever has one valid password could try any number of others in between.
func (f *Failures) Succeed(a Address) { f.limiter.GiveBack(a, 1) }
