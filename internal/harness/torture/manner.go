package torture

import (
	"time"

	"github.com/tocsin-hub/tocsin/internal/harness/wire"
)

// manner is a way of answering that is none of the moods: raw bytes, half answers, lies.
type manner struct {
	name string
	// answer answers a request on its connection, if it likes, and gives the rest as a wire.Handler does. cured is closed
	// when the receiver is to behave differently.
	answer func(r *receiver, c *wire.Conn, m *wire.Message, cured <-chan struct{}) ([]byte, wire.After)
}

// holdTime bounds how long a manner keeps a request: longer than the hub's timeouts in the torture.
const holdTime = 4 * time.Second

// hold waits until the receiver is cured or holdTime is over.
func hold(cured <-chan struct{}) {
	select {
	case <-cured:
	case <-time.After(holdTime):
	}
}

// drip writes one byte a second, at most for holdTime.
func drip(c *wire.Conn, text string, cured <-chan struct{}) {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	over := time.After(holdTime)
	for i := range len(text) {
		if _, err := c.Write([]byte{text[i]}); err != nil {
			return
		}
		select {
		case <-ticker.C:
		case <-cured:
			return
		case <-over:
			return
		}
	}
}

// flood writes the same bytes until the other side has had enough, or for holdTime, or up to maxFlood bytes.
func flood(c *wire.Conn, piece []byte) {
	until := time.Now().Add(holdTime)
	for sent := 0; sent < maxFlood && time.Now().Before(until); sent += len(piece) {
		if err := c.SetWriteDeadline(until); err != nil {
			return
		}
		if _, err := c.Write(piece); err != nil {
			return
		}
	}
}

// maxFlood bounds what one endless answer sends (64 MiB).
const maxFlood = 64 << 20

// raw is a manner that writes bytes that are no whole answer, holds the connection, and ends it.
func raw(name, text string) manner {
	return manner{name, func(_ *receiver, c *wire.Conn, _ *wire.Message, cured <-chan struct{}) ([]byte, wire.After) {
		if _, err := c.Write([]byte(text)); err == nil {
			hold(cured)
		}
		return nil, wire.Reset
	}}
}

// said is a manner that gives one whole answer and ends the connection, without taking anything.
func said(name, text string) manner {
	return manner{name, func(*receiver, *wire.Conn, *wire.Message, <-chan struct{}) ([]byte, wire.After) {
		return []byte(text), wire.Close
	}}
}
