package syslog

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"
)

// Line is a message as it came.
type Line struct {
	Bytes []byte
	From  netip.Addr // who sent it, or passed it on
	At    time.Time
	Cut   bool // it was longer than the listener takes
}

// Config is what a Listener is made of.
type Config struct {
	Network string // "udp", "tcp" or "tls"
	Address string // host:port
	// TLS is the configuration of a listener for "tls"; it says whether clients need a certificate.
	TLS *tls.Config
	// Allow lists the networks that may send; empty: all may.
	Allow []netip.Prefix
	// MaxMessage is the longest message in bytes (default 64 KiB); of a longer one the beginning is taken.
	MaxMessage int
	// MaxConnections bounds the connections at a time (default 1,000); further ones are closed at once.
	MaxConnections int
	// Idle is how long a connection may be silent between messages (default 1 h): senders keep theirs open, and what
	// they write to one that was closed is lost.
	Idle time.Duration
	// Message is how long a message may take to come whole (default 30 s), and a TLS handshake.
	Message time.Duration
	// QueueBytes bounds what UDP's messages may wait for the journal (default 16 MiB). What comes then is dropped and
	// counted.
	QueueBytes int
	// SocketBytes is the kernel's buffer that is asked for, for UDP (default 8 MiB).
	SocketBytes int
	// Take makes messages durable, all or none of them. An error means that it should be tried again: over TCP nothing
	// more is read meanwhile. Lines may be kept.
	Take func(ctx context.Context, lines []Line) error
	// Batch is how many messages Take may be handed at a time by the plan; nil, or 0: maxBatch.
	Batch func() int
	// Dropped is told of messages that were dropped, at most once a minute; nil: nobody is.
	Dropped func(ctx context.Context, d Drops)
	Log     *slog.Logger
	Now     func() time.Time // nil: time.Now
}

// Bounds and times that are not configured.
const (
	maxBatch     = 1000                   // messages that are handed over at a time
	maxHands     = 32                     // connections that hand over at a time; the others wait
	drain        = 200 * time.Millisecond // how long a stop goes on reading what the kernel has
	retryFirst   = 50 * time.Millisecond  // the first wait after Take failed; then twice as long
	retryLongest = 5 * time.Second
	reportEvery  = time.Minute
)

func (o *Config) defaults() {
	positive := func(p *int, d int) {
		if *p <= 0 {
			*p = d
		}
	}
	positive(&o.MaxMessage, 64<<10)
	positive(&o.MaxConnections, 1000)
	positive(&o.QueueBytes, 16<<20)
	positive(&o.SocketBytes, 8<<20)
	if o.Idle <= 0 {
		o.Idle = time.Hour
	}
	if o.Message <= 0 {
		o.Message = 30 * time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
}

// Listener listens on one address. Listen makes one, Run serves, Stop ends it.
type Listener struct {
	o      Config
	counts counts
	stream net.Listener // tcp, tls
	packet *net.UDPConn // udp

	stopping chan struct{}
	until    time.Time          // when reading ends for good; set before stopping is closed
	hard     context.Context    // what is still being handed over after Stop's time is given up
	giveUp   context.CancelFunc // ends hard
	work     sync.WaitGroup
	hands    chan struct{} // one token for each that hands over

	mu    sync.Mutex
	conns map[net.Conn]struct{}
	stop  sync.Once
}

// Listen opens the address. Nothing is read before Run.
func Listen(ctx context.Context, o Config) (*Listener, error) {
	o.defaults()
	l := &Listener{o: o, stopping: make(chan struct{}), hands: make(chan struct{}, maxHands), conns: map[net.Conn]struct{}{}}
	l.hard, l.giveUp = context.WithCancel(context.WithoutCancel(ctx))
	var c net.ListenConfig
	switch o.Network {
	case "udp":
		p, err := c.ListenPacket(ctx, "udp", o.Address)
		if err != nil {
			return nil, fmt.Errorf("listening for syslog on udp://%s: %w", o.Address, err)
		}
		l.packet = p.(*net.UDPConn)
		l.prepare()
	case "tcp", "tls":
		s, err := c.Listen(ctx, "tcp", o.Address)
		if err != nil {
			return nil, fmt.Errorf("listening for syslog on %s://%s: %w", o.Network, o.Address, err)
		}
		l.stream = s
	default:
		return nil, fmt.Errorf("listening for syslog: %q is not udp, tcp or tls", o.Network)
	}
	return l, nil
}

// Addr is the address that was opened.
func (l *Listener) Addr() net.Addr {
	if l.packet != nil {
		return l.packet.LocalAddr()
	}
	return l.stream.Addr()
}

// Name is how logs and metrics call the listener, "tcp://127.0.0.1:601".
func (l *Listener) Name() string { return l.o.Network + "://" + l.o.Address }

// Run serves until Stop. Its error is why it could not go on.
func (l *Listener) Run() error {
	done := make(chan struct{})
	var reports sync.WaitGroup
	reports.Go(func() { l.report(done) })
	var err error
	if l.packet != nil {
		err = l.runPackets()
	} else {
		err = l.runStream()
	}
	l.work.Wait()
	close(done)
	reports.Wait()
	l.giveUp()
	if err != nil {
		return fmt.Errorf("listening for syslog on %s: %w", l.Name(), err)
	}
	return nil
}

// Close lets the address go, for a listener that never ran; for others it does nothing.
func (l *Listener) Close() error {
	var err error
	if l.packet != nil {
		err = l.packet.Close()
	} else {
		err = l.stream.Close()
	}
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// Stop takes no new connections, reads what the kernel has, and lets Run end when all of it is durable. When ctx is
// done first, what is left is given up and counted as lost.
func (l *Listener) Stop(ctx context.Context) {
	l.stop.Do(func() {
		l.until = time.Now().Add(drain)
		close(l.stopping)
		if l.packet != nil {
			_ = l.packet.SetReadDeadline(l.until) // it fails when the socket is closed, which will do
		} else {
			_ = l.stream.Close()
		}
		l.mu.Lock()
		for c := range l.conns {
			_ = c.SetReadDeadline(l.until)
		}
		l.mu.Unlock()
	})
	context.AfterFunc(ctx, l.giveUp)
}

func (l *Listener) isStopping() bool {
	select {
	case <-l.stopping:
		return true
	default:
		return false
	}
}

// allowed says whether an address may send.
func (l *Listener) allowed(a netip.Addr) bool {
	if len(l.o.Allow) == 0 {
		return true
	}
	for _, p := range l.o.Allow {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// batch is how many messages are handed over at a time.
func (l *Listener) batch() int {
	if l.o.Batch != nil {
		if n := l.o.Batch(); n > 0 {
			return min(n, maxBatch)
		}
	}
	return maxBatch
}

// hand makes messages durable, however long it takes: until then nothing more is read. It is false when they were given
// up.
func (l *Listener) hand(lines []Line) bool {
	for len(lines) > 0 {
		n := l.handSome(lines)
		if n == 0 {
			l.counts.lost.Add(uint64(len(lines)))
			return false
		}
		l.counts.count(lines[:n])
		lines = lines[n:]
	}
	return true
}

// handSome hands over the first of the messages and says how many they were; 0: they were given up. How many it may be is
// asked anew with each attempt, because the plan may have changed.
func (l *Listener) handSome(lines []Line) int {
	for wait := retryFirst; ; wait = min(2*wait, retryLongest) {
		n := min(len(lines), l.batch())
		err := l.take(lines[:n])
		if err == nil {
			return n
		}
		l.counts.retries.Add(1)
		if wait == retryFirst {
			l.o.Log.Warn("syslog messages wait: they could not be made durable", slog.String("listener", l.Name()),
				slog.Int("messages", len(lines)), slog.Any("error", err))
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-l.hard.Done():
			timer.Stop()
			return 0
		}
		if l.hard.Err() != nil {
			return 0
		}
	}
}

// take is Take, for at most maxHands connections at a time: what they hold of events being made is bounded so.
func (l *Listener) take(lines []Line) error {
	select {
	case l.hands <- struct{}{}:
		defer func() { <-l.hands }()
	case <-l.hard.Done():
		return l.hard.Err()
	}
	return l.o.Take(l.hard, lines)
}
