package torture

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/tocsin-hub/tocsin/internal/harness"
	"github.com/tocsin-hub/tocsin/internal/harness/wire"
)

// bombsFault uploads compressed bodies that inflate a thousandfold, a hundred at a time, from clients without a key and
// with one, while ordinary senders go on.
func bombsFault() Fault {
	return Fault{
		Name: "bombs", What: fmt.Sprintf("%d concurrent gzip uploads of 1000:1, without a key and with one", bombers), Long: 20, Short: 1,
		run: runBombs,
	}
}

const (
	bombers    = 100
	bombBytes  = 1 << 30 // inflated
	bombMemory = 256 << 20
)

// bomb is gzip that inflates to bombBytes of JSON string: about a thousandth of that. It is the same small member again and
// again, which is as good as one large one and quicker to make.
func bomb() ([]byte, error) {
	out, err := packed(`{"type":"custom.event","title":"`)
	if err != nil {
		return nil, err
	}
	member, err := packed(strings.Repeat("a", 1<<20))
	if err != nil {
		return nil, err
	}
	return append(out, bytes.Repeat(member, bombBytes>>20)...), nil
}

func packed(text string) ([]byte, error) {
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil, fmt.Errorf("making a bomb: %w", err)
	}
	if _, err := io.WriteString(w, text); err != nil {
		return nil, fmt.Errorf("making a bomb: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("making a bomb: %w", err)
	}
	return out.Bytes(), nil
}

func runBombs(ctx context.Context, b *Bench, row *Row, rounds int) error {
	body, err := bomb()
	if err != nil {
		return err
	}
	row.note("each %d KiB, inflating to %d MiB", len(body)>>10, bombBytes>>20)
	statuses := map[string]int{}
	err = b.on(ctx, row, stand{rate: b.Rate / 4}, rounds, func(ctx context.Context, t *torture, number int) error {
		t.load.resume()
		for _, key := range []string{"", harness.AdminKey} {
			for status, n := range throwBombs(ctx, t.Hub.Addr(), key, body) {
				statuses[status] += n
			}
		}
		if !alive(t.Hub) {
			t.books.fail("crash", "%v", t.Hub.Crash())
			return t.start(ctx, "")
		}
		if statuses["202"] > 0 {
			t.books.fail("bomb taken", "%d times", statuses["202"])
		}
		m, err := harness.ReadMemory(t.process().PID())
		if err != nil {
			return err
		}
		if m.Peak > bombMemory {
			t.books.fail("memory", "round %d: the hub held %d MB", number, m.Peak>>20)
		}
		return t.account(ctx)
	})
	row.note("answers: %s", points(statuses))
	return err
}

// bombTime bounds one upload.
const bombTime = 20 * time.Second

// throw sends a request and gives the answer's status. The answer may come, and the connection end, before all is sent.
func throw(ctx context.Context, addr string, request []byte) (int, error) {
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return 0, fmt.Errorf("throwing a bomb: %w", err)
	}
	defer c.Close() //nolint:errcheck // it has done its work
	if err := c.SetDeadline(time.Now().Add(bombTime)); err != nil {
		return 0, fmt.Errorf("throwing a bomb: %w", err)
	}
	go func() { _, _ = c.Write(request) }() // it ends with the connection
	head := make([]byte, len("HTTP/1.1 200"))
	if _, err := io.ReadFull(c, head); err != nil {
		return 0, fmt.Errorf("throwing a bomb: %w", err)
	}
	m := wire.Message{Start: head}
	return m.Status(), nil
}

// throwBombs uploads a body from many connections at once and counts the answers by status.
func throwBombs(ctx context.Context, addr, key string, body []byte) map[string]int {
	headers := []wire.Header{{Name: "Content-Type", Value: "application/json"}, {Name: "Content-Encoding", Value: "gzip"}}
	if key != "" {
		headers = append(headers, wire.Header{Name: "X-API-Key", Value: key})
	}
	request := wire.AppendRequest(nil, "POST", "/api/v1/events", addr, headers, body)
	var mu sync.Mutex
	var all sync.WaitGroup
	out := map[string]int{}
	for range bombers {
		all.Go(func() {
			said := "none"
			if status, err := throw(ctx, addr, request); err == nil {
				said = strconv.Itoa(status)
			}
			mu.Lock()
			defer mu.Unlock()
			out[said]++
		})
	}
	all.Wait()
	return out
}
