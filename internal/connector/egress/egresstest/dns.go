package egresstest

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"
)

// DNS is a fake name server. Names are written in lower case and without the last dot.
type DNS struct {
	// Default answers for every name that has no entry; without any, such a name does not exist.
	Default []netip.Addr

	mu    sync.Mutex
	names map[string][][]netip.Addr
	asked map[question]int
}

// question is a name and the type of record asked for: an A and an AAAA question are counted apart, as one look-up asks
// both.
type question struct {
	name string
	kind uint16
}

// The types of record that are answered.
const (
	typeA    = 1
	typeAAAA = 28
)

// Set makes a name answer with each round in turn, and with the last one from then on: a first public and then private
// answer is rebinding, a round of several addresses a name with several of them.
func (d *DNS) Set(name string, rounds ...[]netip.Addr) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.names == nil {
		d.names, d.asked = map[string][][]netip.Addr{}, map[question]int{}
	}
	d.names[name] = rounds
	delete(d.asked, question{name, typeA})
	delete(d.asked, question{name, typeAAAA})
}

// Resolver asks d and no network.
func (d *DNS) Resolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		go d.serve(server)
		return client, nil
	}}
}

// answer gives the addresses of the asked type, and whether the name exists.
func (d *DNS) answer(q question) (list []netip.Addr, exists bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := d.Default
	if rounds, ok := d.names[q.name]; ok {
		all = rounds[min(d.asked[q], len(rounds)-1)]
		d.asked[q]++
	}
	for _, a := range all {
		if a.Is4() == (q.kind == typeA) {
			list = append(list, a)
		}
	}
	return list, len(all) > 0
}

// serve speaks DNS with a length before each message, as over TCP, which is what the resolver does on a net.Pipe.
func (d *DNS) serve(c net.Conn) {
	defer c.Close()                                 //nolint:errcheck // a pipe
	c.SetDeadline(time.Now().Add(10 * time.Second)) //nolint:errcheck
	for {
		var size [2]byte
		if _, err := io.ReadFull(c, size[:]); err != nil {
			return
		}
		message := make([]byte, binary.BigEndian.Uint16(size[:]))
		if _, err := io.ReadFull(c, message); err != nil || len(message) < headerSize {
			return
		}
		a := d.reply(message)
		if _, err := c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(a))), a...)); err != nil {
			return
		}
	}
}

// headerSize is the length of a DNS message's header in bytes (RFC 1035 §4.1.1).
const headerSize = 12

// reply answers the one question of a message.
func (d *DNS) reply(message []byte) []byte {
	length := bytes.IndexByte(message[headerSize:], 0) + 5 // the name, its end, type and class
	asked := message[headerSize : headerSize+length]
	q := question{nameOf(asked), binary.BigEndian.Uint16(asked[length-4:])}
	var list []netip.Addr
	exists := true
	if q.kind == typeA || q.kind == typeAAAA {
		list, exists = d.answer(q)
	}
	code := byte(0)
	if !exists {
		code = 3 // NXDOMAIN
	}
	a := append([]byte{message[0], message[1], 0x81, 0x80 | code, 0, 1, 0, byte(len(list)), 0, 0, 0, 0}, asked...)
	for _, addr := range list {
		raw := addr.AsSlice()
		a = append(a, 0xc0, headerSize, 0, byte(q.kind), 0, 1, 0, 0, 0, 0, 0, byte(len(raw))) // not to be kept
		a = append(a, raw...)
	}
	return a
}

// nameOf reads the labels at the start of a question.
func nameOf(b []byte) string {
	var labels []string
	for len(b) > 0 && b[0] != 0 && int(b[0]) < len(b) {
		labels = append(labels, string(b[1:1+b[0]]))
		b = b[1+b[0]:]
	}
	return strings.ToLower(strings.Join(labels, "."))
}
