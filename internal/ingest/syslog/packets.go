package syslog

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"sync"
)

// maxDatagram is the largest UDP datagram.
const maxDatagram = 64 << 10

// slabBytes is the memory that datagrams share (256 KiB).
const slabBytes = 256 << 10

// maxReadErrors is after how many errors one after another a socket is given up.
const maxReadErrors = 1000

// lineCost is what a waiting message costs beside its bytes.
const lineCost = 80

// queue holds datagrams until they are handed over.
type queue struct {
	most int

	mu    sync.Mutex
	lines []Line
	bytes int
	slab  []byte
	wake  chan struct{} // holds one token when there are lines, or when ended
	ended bool
}

// put adds a message, unless there is no room.
func (q *queue) put(line Line) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.bytes+len(line.Bytes)+lineCost > q.most {
		return false
	}
	if cap(q.slab)-len(q.slab) < len(line.Bytes) {
		q.slab = make([]byte, 0, max(slabBytes, len(line.Bytes)))
	}
	at := len(q.slab)
	q.slab = append(q.slab, line.Bytes...)
	line.Bytes = q.slab[at:len(q.slab):len(q.slab)]
	q.lines = append(q.lines, line)
	q.bytes += len(line.Bytes) + lineCost
	q.signal()
	return true
}

func (q *queue) signal() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

func (q *queue) end() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.ended = true
	q.signal()
}

// take gives what waits; ended says that nothing comes after it.
func (q *queue) take() (lines []Line, ended bool) {
	<-q.wake
	q.mu.Lock()
	defer q.mu.Unlock()
	lines, q.lines = q.lines, nil
	q.slab = nil
	if q.ended {
		q.signal()
	}
	return lines, q.ended
}

// free makes room for as much as lines took.
func (q *queue) free(lines []Line) {
	n := 0
	for i := range lines {
		n += len(lines[i].Bytes) + lineCost
	}
	q.mu.Lock()
	q.bytes -= n
	q.mu.Unlock()
}

// runPackets reads datagrams until Stop. One goroutine reads, so that the kernel's buffer empties while another waits for
// the journal.
func (l *Listener) runPackets() error {
	q := &queue{most: l.o.QueueBytes, wake: make(chan struct{}, 1)}
	l.work.Go(func() {
		for {
			lines, ended := q.take()
			for len(lines) > 0 {
				n := min(len(lines), l.batch())
				l.hand(lines[:n])
				q.free(lines[:n])
				lines = lines[n:]
			}
			if ended {
				return
			}
		}
	})
	err := l.readPackets(q)
	q.end()
	return errors.Join(err, l.packet.Close())
}

func (l *Listener) readPackets(q *queue) error {
	buf, oob := make([]byte, maxDatagram), make([]byte, 64)
	var overflow uint32 // the kernel's count of datagrams that found its buffer full
	for failed := 0; ; failed++ {
		n, oobn, _, from, err := l.packet.ReadMsgUDPAddrPort(buf, oob)
		switch {
		case err == nil:
			failed = 0
		case l.isStopping() && errors.Is(err, os.ErrDeadlineExceeded):
			return nil
		case errors.Is(err, net.ErrClosed) || failed > maxReadErrors:
			return err
		default:
			continue // one datagram's trouble
		}
		if total, ok := kernelDrops(oob[:oobn]); ok && total != overflow {
			l.counts.kernel.Add(uint64(total - overflow))
			overflow = total
		}
		l.packetCame(q, buf[:n], from.Addr().Unmap().WithZone(""))
	}
}

func (l *Listener) packetCame(q *queue, b []byte, from netip.Addr) {
	if !l.allowed(from) {
		l.counts.forbidden.Add(1)
		return
	}
	l.counts.bytes.Add(uint64(len(b)))
	if len(trimEnd(b)) == 0 {
		return
	}
	cut := len(b) > l.o.MaxMessage
	if cut {
		b = b[:l.o.MaxMessage]
	}
	if !q.put(Line{Bytes: b, From: from, At: l.o.Now(), Cut: cut}) {
		l.counts.queue.Add(1)
	}
}
