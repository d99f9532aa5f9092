package guard

import (
	"cmp"
	"net/netip"
	"slices"
	"sort"
	"time"
)

// List is a never-block list, compiled. It does not change and may be used by many at once. A nil List protects nothing.
type List struct {
	// under is what the list was made upon: its entries count too.
	under *List
	// entries are by prefix: IPv4 first, then by address, the wider first.
	entries []Protected
	// byPrefix is where the entries of a prefix begin among entries.
	byPrefix map[netip.Prefix]int
	// lengths says which lengths occur: of IPv4, of IPv6.
	lengths4 [bits4 + 1]bool
	lengths6 [bits6 + 1]bool
}

// NewList compiles entries. Prefixes are taken in any form; one that is invalid is left out.
func NewList(entries []Protected) *List { return (*List)(nil).With(entries) }

// With is l and more entries, without copying l: what is built in, then what an account above has, then the account's own.
func (l *List) With(entries []Protected) *List {
	n := &List{under: l, byPrefix: make(map[netip.Prefix]int, len(entries)), entries: make([]Protected, 0, len(entries))}
	for _, e := range entries {
		if !e.Prefix.IsValid() {
			continue
		}
		e.Prefix = normal(e.Prefix)
		n.entries = append(n.entries, e)
	}
	slices.SortStableFunc(n.entries, func(a, b Protected) int { return order(a.Prefix, b.Prefix) })
	for i, e := range n.entries {
		if _, known := n.byPrefix[e.Prefix]; !known {
			n.byPrefix[e.Prefix] = i
		}
		*n.has(e.Prefix.Addr(), e.Prefix.Bits()) = true
	}
	return n
}

// order is that of entries.
func order(a, b netip.Prefix) int {
	return cmp.Or(a.Addr().Compare(b.Addr()), cmp.Compare(a.Bits(), b.Bits()))
}

func (l *List) has(a netip.Addr, bits int) *bool {
	if a.Is4() {
		return &l.lengths4[bits]
	}
	return &l.lengths6[bits]
}

// Overlaps gives the entries that contain p and those that p contains, but none that has expired: what was compiled first
// comes first, the wider before the narrower. It takes time for each length of prefix that occurs (at most 129) and for
// each entry that it gives, not for each entry.
func (l *List) Overlaps(p netip.Prefix, now time.Time) []Protected {
	if l == nil || !p.IsValid() {
		return nil
	}
	p = normal(p)
	found := l.under.Overlaps(p, now)
	keep := func(e Protected) {
		if e.Until.IsZero() || now.Before(e.Until) {
			found = append(found, e)
		}
	}
	l.containing(p, keep)
	l.contained(p, keep)
	return found
}

// containing visits the entries that contain p, or are p.
func (l *List) containing(p netip.Prefix, visit func(Protected)) {
	for bits := range p.Bits() + 1 {
		if !*l.has(p.Addr(), bits) {
			continue
		}
		q := netip.PrefixFrom(p.Addr(), bits).Masked()
		first, known := l.byPrefix[q]
		if !known {
			continue
		}
		for _, e := range l.entries[first:] {
			if e.Prefix != q {
				break
			}
			visit(e)
		}
	}
}

// contained visits the entries that p contains, but not p itself.
func (l *List) contained(p netip.Prefix, visit func(Protected)) {
	first := sort.Search(len(l.entries), func(i int) bool { return order(l.entries[i].Prefix, p) > 0 })
	for _, e := range l.entries[first:] {
		if !p.Contains(e.Prefix.Addr()) {
			return
		}
		visit(e)
	}
}

// All are the entries, those that have expired too: what was compiled first comes first.
func (l *List) All() []Protected {
	if l == nil {
		return nil
	}
	return append(l.under.All(), l.entries...)
}
