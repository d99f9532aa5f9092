package torture

import (
	"bytes"
	"context"
	"math/rand/v2"
	"net"
	"strings"
	"sync/atomic"
	"time"

	"github.com/tocsin-hub/tocsin/internal/harness/wire"
)

// receiversFault lets one or two of the receivers answer in ways that no honest server does. The others must not notice.
func receiversFault() Fault {
	return Fault{
		Name: "receivers",
		What: "slow, hanging, dripping, endless, resetting, redirecting, lying receivers; answers that are no HTTP",
		Long: 60, Short: 1,
		run: runReceivers,
	}
}

// Times of a round: how long receivers are bad, how long each manner lasts, and how soon the healthy ones must have
// everything although others are still bad.
const (
	badTime      = 3 * time.Second
	badTimeShort = 1200 * time.Millisecond
	mannerTime   = 700 * time.Millisecond
	aloneTime    = 10 * time.Second
)

func runReceivers(ctx context.Context, b *Bench, row *Row, rounds int) error {
	trap, err := newTrap(ctx, "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer trap.close()
	bad := badTime
	if b.Short {
		bad = badTimeShort
	}
	shown := map[string]bool{}
	err = b.on(ctx, row, stand{}, rounds, func(ctx context.Context, t *torture, _ int) error {
		victims := t.rng.Perm(len(t.receivers))[:1+t.rng.IntN(2)]
		t.load.resume()
		for until := time.Now().Add(bad); time.Now().Before(until) && ctx.Err() == nil; sleep(ctx, mannerTime) {
			for _, v := range victims {
				m := drawManner(t.rng, &t.books.lanes[v], trap.addr)
				shown[m.name] = true
				t.receivers[v].behave(&m)
			}
		}
		if err := t.load.pause(ctx); err != nil {
			return err
		}
		isVictim := map[int]bool{}
		for _, v := range victims {
			isVictim[v] = true
		}
		alone, err := t.settled(ctx, aloneTime, func(lane int) bool { return !isVictim[lane] })
		if err != nil {
			return err
		}
		if !alone {
			t.books.fail("held up", "healthy receivers wait for what a bad one is owed")
		}
		return t.account(ctx)
	})
	if n := trap.caught.Load(); n > 0 {
		row.violate("redirect followed", "%d connections to where a redirect pointed", n)
	}
	row.note("%d manners", len(shown))
	return err
}

// drawManner draws how a receiver of the lane misbehaves. A redirect points to trap.
func drawManner(r *rand.Rand, l *lane, trap string) manner {
	list := []manner{
		slowManner(), raw("says nothing", ""), raw("header without body", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"),
		dripManner("drips its body", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", "0123456789"),
		dripManner("drips its header", "", "HTTP/1.1 200 OK\r\n\r\n"),
		endlessBody(), endlessHeader(),
		said("huge header", "HTTP/1.1 200 OK\r\nX-Huge: "+strings.Repeat("h", 1<<20)+"\r\nContent-Length: 0\r\n\r\n"),
		interim(),
		said("another protocol", "SSH-2.0-OpenSSH_9.9\r\n"),
		said("no status", "HTTP/1.1 OK\r\n\r\n"),
		said("negative length", "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n"),
		said("two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc"),
		said("broken chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZZ\r\n"),
		said("body cut short", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc"),
		said("redirect", "HTTP/1.1 307 Temporary Redirect\r\nLocation: http://"+trap+"/\r\nContent-Length: 0\r\n\r\n"),
		resetManner(),
	}
	if l.format == formatHEC {
		list = append(list, lie("busy in a 200", `{"text":"Server is busy","code":9}`), lie("failed in a 200", `{"text":"Internal server error","code":8}`),
			lie("queues full in a 200", `{"text":"Queues full","code":18}`))
	} else {
		list = append(list, errorPage())
	}
	return list[r.IntN(len(list))]
}

func slowManner() manner {
	return manner{"slow", func(r *receiver, c *wire.Conn, m *wire.Message, _ <-chan struct{}) ([]byte, wire.After) {
		time.Sleep(rand.N(800 * time.Millisecond)) // the slowness itself
		if !c.Alive() {
			return nil, wire.Close
		}
		return r.take(m, false), wire.Keep
	}}
}

// dripManner sends a head at once and then a byte a second. The answer is never whole, so nothing counts as taken.
func dripManner(name, head, rest string) manner {
	return manner{name, func(_ *receiver, c *wire.Conn, _ *wire.Message, cured <-chan struct{}) ([]byte, wire.After) {
		if _, err := c.Write([]byte(head)); err == nil {
			drip(c, rest, cured)
		}
		return nil, wire.Reset
	}}
}

// endlessBody takes the events, says so, and does not stop talking: the hub cuts it off and believes the status.
func endlessBody() manner {
	return manner{"endless body", func(r *receiver, c *wire.Conn, m *wire.Message, _ <-chan struct{}) ([]byte, wire.After) {
		r.take(m, false)
		if _, err := c.Write([]byte("HTTP/1.1 200 OK\r\n\r\n")); err == nil {
			flood(c, bytes.Repeat([]byte("blah "), 8<<10))
		}
		return nil, wire.Reset
	}}
}

// interim gives a hundred interim answers before the one that counts.
func interim() manner {
	return manner{"many interim answers", func(r *receiver, _ *wire.Conn, m *wire.Message, _ <-chan struct{}) ([]byte, wire.After) {
		return append([]byte(strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 100)), r.take(m, false)...), wire.Close
	}}
}

func endlessHeader() manner {
	return manner{"endless header", func(_ *receiver, c *wire.Conn, _ *wire.Message, _ <-chan struct{}) ([]byte, wire.After) {
		if _, err := c.Write([]byte("HTTP/1.1 200 OK\r\n")); err == nil {
			flood(c, bytes.Repeat([]byte("X-A: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n"), 64))
		}
		return nil, wire.Reset
	}}
}

// resetManner resets the connection in the middle of its answer.
func resetManner() manner {
	return manner{"reset", func(_ *receiver, c *wire.Conn, _ *wire.Message, _ <-chan struct{}) ([]byte, wire.After) {
		if rand.IntN(2) == 0 {
			return nil, wire.Reset
		}
		return []byte("HTTP/1.1 200 OK\r\nContent-Le"), wire.Reset
	}}
}

// lie says 200 and means something else.
func lie(name, body string) manner {
	answer := hecAnswer(200, body)
	return manner{name, func(*receiver, *wire.Conn, *wire.Message, <-chan struct{}) ([]byte, wire.After) {
		return answer, wire.Keep
	}}
}

// errorPage takes the events and answers 200 with a page that speaks of an error: a webhook's status is what counts.
func errorPage() manner {
	return manner{"error page in a 200", func(r *receiver, _ *wire.Conn, m *wire.Message, _ <-chan struct{}) ([]byte, wire.After) {
		r.take(m, false)
		return wire.AppendAnswer(nil, 200, nil, []byte(`{"ok":false,"error":"internal_error"}`)), wire.Keep
	}}
}

// trap is an address that nothing must ever connect to.
type trap struct {
	addr     string
	listener net.Listener
	caught   atomic.Int64
}

func newTrap(ctx context.Context, addr string) (*trap, error) {
	l, err := listenTCP(ctx, addr)
	if err != nil {
		return nil, err
	}
	t := &trap{addr: l.Addr().String(), listener: l}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			t.caught.Add(1)
			_ = c.Close()
		}
	}()
	return t, nil
}

func (t *trap) close() { _ = t.listener.Close() }
