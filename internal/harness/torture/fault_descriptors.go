package torture

import (
	"context"
	"fmt"
	"net"
	"runtime"
	"time"

	"github.com/tocsin-hub/tocsin/internal/harness"
)

// descriptorsFault takes a hub with few file descriptors and opens more connections than it has. It may keep senders
// waiting or turn them away; it must not fall over, and goes on when the connections are gone.
func descriptorsFault() Fault {
	return Fault{
		Name: "descriptors", What: fmt.Sprintf("%d file descriptors, %d connections that send nothing", fewDescriptors, idleFlood),
		Long: 20, Short: 1, run: runDescriptors,
	}
}

const (
	fewDescriptors = 200
	idleFlood      = 400
)

func runDescriptors(ctx context.Context, b *Bench, row *Row, rounds int) error {
	if runtime.GOOS == "windows" {
		row.Skipped = "there are no limits to set here"
		return nil
	}
	s := stand{prepare: func(p *harness.Process) {
		p.Prefix = []string{"/bin/sh", "-c", fmt.Sprintf(`ulimit -n %d; exec "$@"`, fewDescriptors), "sh"}
	}}
	return b.on(ctx, row, s, rounds, func(ctx context.Context, t *torture, _ int) error {
		t.loaded(ctx, mannerTime)
		flood := openIdle(ctx, t.Hub.Addr(), idleFlood)
		sleep(ctx, 2*mannerTime)
		for _, c := range flood {
			_ = c.Close()
		}
		if !alive(t.Hub) {
			t.books.fail("crash", "%v", t.Hub.Crash())
			return t.start(ctx, "")
		}
		if err := t.mustTake(ctx); err != nil {
			return err
		}
		return t.account(ctx)
	})
}

// openIdle opens connections that say nothing, as many as it gets.
func openIdle(ctx context.Context, addr string, n int) []net.Conn {
	var out []net.Conn
	d := net.Dialer{Timeout: time.Second}
	for range n {
		c, err := d.DialContext(ctx, "tcp", addr)
		if err != nil {
			break
		}
		out = append(out, c)
	}
	return out
}
