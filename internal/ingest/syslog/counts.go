package syslog

import (
	"context"
	"sync/atomic"
	"time"
)

// counts are a listener's, since its start.
type counts struct {
	messages, bytes, cut          atomic.Uint64
	queue, kernel, lost           atomic.Uint64
	forbidden, tooMany            atomic.Uint64
	handshakes, slow, retries     atomic.Uint64
	connections                   atomic.Int64
	reportedQueue, reportedKernel uint64 // by report only
}

func (c *counts) count(lines []Line) {
	c.messages.Add(uint64(len(lines)))
	for i := range lines {
		if lines[i].Cut {
			c.cut.Add(1)
		}
	}
}

// Stats are a listener's counts since its start.
type Stats struct {
	Messages uint64 // made durable
	Bytes    uint64 // received
	Cut      uint64 // messages that were longer than MaxMessage
	// Messages that were dropped: those that found the queue full, those that found the kernel's buffer full (known on
	// Linux), and those that were given up when the hub stopped.
	DroppedQueue, DroppedKernel, DroppedStop uint64
	// Refused: not in an allowed network (datagrams and connections); too many connections; failed TLS handshakes.
	Forbidden, TooMany, Handshakes uint64
	Slow                           uint64 // connections that were closed in the middle of a message
	Retries                        uint64 // times that messages had to wait for the journal
	Connections                    int64  // open now
}

// Stats gives the counts.
func (l *Listener) Stats() Stats {
	c := &l.counts
	return Stats{
		Messages: c.messages.Load(), Bytes: c.bytes.Load(), Cut: c.cut.Load(),
		DroppedQueue: c.queue.Load(), DroppedKernel: c.kernel.Load(), DroppedStop: c.lost.Load(),
		Forbidden: c.forbidden.Load(), TooMany: c.tooMany.Load(), Handshakes: c.handshakes.Load(),
		Slow: c.slow.Load(), Retries: c.retries.Load(), Connections: c.connections.Load(),
	}
}

// Drops are messages that were dropped since the last report.
type Drops struct {
	Listener      string
	Queue, Kernel uint64
}

// report tells of drops until done is closed, and then once more.
func (l *Listener) report(done <-chan struct{}) {
	ticker := time.NewTicker(reportEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			l.tellDrops()
		case <-done:
			l.tellDrops()
			return
		}
	}
}

func (l *Listener) tellDrops() {
	c := &l.counts
	queue, kernel := c.queue.Load(), c.kernel.Load()
	d := Drops{Listener: l.Name(), Queue: queue - c.reportedQueue, Kernel: kernel - c.reportedKernel}
	if d.Queue+d.Kernel == 0 || l.o.Dropped == nil {
		return
	}
	c.reportedQueue, c.reportedKernel = queue, kernel
	ctx, cancel := context.WithTimeout(context.WithoutCancel(l.hard), retryLongest)
	defer cancel()
	l.o.Dropped(ctx, d)
}
