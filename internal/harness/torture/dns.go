package torture

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"
)

// zone is where the names of the torture's receivers live; no other name exists.
const zone = ".receivers.torture.test."

// Record types and answer codes of RFC 1035 and 3596.
const (
	typeA       = 1
	typeAAAA    = 28
	codeServ    = 2
	codeNoName  = 3
	codeRefused = 5
)

// answerTo is what the name server says to the question for a name's addresses.
type answerTo struct {
	name  string
	code  int           // an error of RFC 1035
	after time.Duration // it takes its time
	never bool          // it says nothing
	noise bool          // bytes that are no message
	alien bool          // the id of another question
	four  []string      // IPv4 addresses; nil: the right one
	six   []string      // IPv6 addresses
}

// nameServer answers over UDP on the loopback interface.
type nameServer struct {
	conn net.PacketConn
	addr string
	done sync.WaitGroup

	mu      sync.Mutex
	current answerTo
	asked   int
}

func newNameServer(ctx context.Context) (*nameServer, error) {
	conn, err := (&net.ListenConfig{}).ListenPacket(ctx, "udp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("starting a name server: %w", err)
	}
	s := &nameServer{conn: conn, addr: conn.LocalAddr().String()}
	s.done.Go(s.serve)
	return s, nil
}

func (s *nameServer) close() {
	_ = s.conn.Close()
	s.done.Wait()
}

func (s *nameServer) say(a answerTo) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.current = a
}

func (s *nameServer) serve() {
	buf := make([]byte, 4<<10)
	for {
		n, from, err := s.conn.ReadFrom(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue
		}
		s.mu.Lock()
		a := s.current
		s.asked++
		s.mu.Unlock()
		if a.never {
			continue
		}
		reply := a.reply(append([]byte(nil), buf[:n]...))
		s.done.Go(func() {
			time.Sleep(a.after) // its slowness
			_, _ = s.conn.WriteTo(reply, from)
		})
	}
}

// reply makes the answer to a question; nil if it is none.
func (a *answerTo) reply(q []byte) []byte {
	if a.noise {
		return []byte("what?")
	}
	name, end := question(q)
	if end == 0 {
		return nil
	}
	out := append([]byte(nil), q[:end]...)
	if a.alien {
		out[0] ^= byte(1 + rand.IntN(255))
	}
	out[2], out[3] = 0x84|out[2]&1, 0x80 // an authoritative answer; recursion is available
	clear(out[6:12])
	code := a.code
	if !strings.HasSuffix(strings.ToLower(name), zone) {
		code = codeNoName
	}
	out[3] |= byte(code)
	if code != 0 {
		return out
	}
	texts := a.six
	kind := binary.BigEndian.Uint16(q[end-4:])
	if kind == typeA {
		if texts = a.four; texts == nil {
			texts = []string{"127.0.0.1"}
		}
	} else if kind != typeAAAA {
		texts = nil
	}
	for _, text := range texts {
		ip := netip.MustParseAddr(text).AsSlice()
		out = append(out, 0xc0, 12) // the name of the question
		out = binary.BigEndian.AppendUint16(out, kind)
		out = append(out, 0, 1, 0, 0, 0, 0) // class IN, not to be kept
		out = binary.BigEndian.AppendUint16(out, uint16(len(ip)))
		out = append(out, ip...)
	}
	binary.BigEndian.PutUint16(out[6:], uint16(len(texts)))
	return out
}

// question reads the only question of a message: its name and where it ends; 0 if it cannot be read.
func question(q []byte) (name string, end int) {
	if len(q) < 12 || binary.BigEndian.Uint16(q[4:]) != 1 {
		return "", 0
	}
	var out strings.Builder
	at := 12
	for at < len(q) && q[at] != 0 {
		n := int(q[at])
		if n > 63 || at+1+n >= len(q) {
			return "", 0
		}
		out.Write(q[at+1 : at+1+n])
		out.WriteByte('.')
		at += 1 + n
	}
	if at+5 > len(q) {
		return "", 0
	}
	return out.String(), at + 5
}
