package egress

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"
)

// dialBound tries the bound addresses one after the other, each with an equal share of the time that is left. It gives
// the error that says most: that the other side has no address of one family says little.
func (d *Dialer) dialBound(ctx context.Context, nd net.Dialer, network, address string) (net.Conn, error) {
	most := fmt.Errorf("%w: %s cannot be reached from the addresses of egress.bind", ErrNoAddress, address)
	for i, from := range d.cfg.Bind {
		family, ok := familyOf(network, from)
		if !ok {
			continue
		}
		nd.LocalAddr = localAddr(family, from)
		nd.Deadline = share(ctx, len(d.cfg.Bind)-i)
		conn, err := nd.DialContext(ctx, family, address)
		if err == nil {
			return conn, nil
		}
		if says(err) > says(most) {
			most = err
		}
	}
	return nil, most
}

// says ranks errors by how much they tell.
func says(err error) int {
	var (
		family *net.AddrError
		name   *net.DNSError
	)
	switch {
	case errors.Is(err, ErrNoAddress), errors.As(err, &family):
		return 0
	case errors.As(err, &name) && name.IsNotFound:
		return 1 // also of a name that has addresses of the other family only
	}
	return 2
}

// familyOf narrows a network to the family of a local address; ok is false if they do not go together.
func familyOf(network string, from netip.Addr) (string, bool) {
	base, family := strings.TrimRight(network, "46"), "6"
	if from.Unmap().Is4() {
		family = "4"
	}
	return base + family, network == base || network == base+family
}

func localAddr(network string, from netip.Addr) net.Addr {
	ip := net.IP(from.Unmap().AsSlice())
	if strings.HasPrefix(network, "udp") {
		return &net.UDPAddr{IP: ip, Zone: from.Zone()}
	}
	return &net.TCPAddr{IP: ip, Zone: from.Zone()}
}

// share is the end of the first of n equal parts of the time that is left.
func share(ctx context.Context, n int) time.Time {
	end, ok := ctx.Deadline()
	if !ok {
		return time.Time{}
	}
	now := time.Now()
	return now.Add(end.Sub(now) / time.Duration(n))
}
