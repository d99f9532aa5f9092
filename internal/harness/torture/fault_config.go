package torture

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/tocsin-hub/tocsin/internal/harness/wire"
)

// configFault changes integrations while events are on their way to them: addresses, secrets, subscriptions; pauses and
// resumes, switches off and on, makes and deletes. Nothing goes to where it was sent before the change, and the counts
// add up.
func configFault() Fault {
	return Fault{
		Name: "config", What: "addresses, secrets and subscriptions changed, integrations paused, disabled and deleted under load",
		Long: 60, Short: 1, run: runConfig,
	}
}

// grace is how long after the answer to a change a request may still come in that was under way before.
const grace = time.Second

// The lanes of this fault by what is done to them.
const (
	laneMoves = iota
	lanePauses
	laneChanges
	laneSwitches
)

func configLanes(ring *secretRing) []lane {
	return []lane{
		laneMoves:    {name: "moves", kind: "webhook", format: formatObject, secrets: ring},
		lanePauses:   {name: "pauses", kind: "webhook", format: formatObject, prefix: "incident.", ordered: true},
		laneChanges:  {name: "changes", kind: "webhook", format: formatLines, loose: true},
		laneSwitches: {name: "switches", kind: "splunk", format: formatHEC, loose: true},
	}
}

// changer does things to the integrations while the load runs.
type changer struct {
	t    *torture
	ring *secretRing
	rng  *rand.Rand

	changes    int
	generation int    // of the address
	secret     string // in force

	mu       sync.Mutex
	closedAt map[string]time.Time // paths that must not be asked any more, and since when
	tooLate  map[string]int
}

func runConfig(ctx context.Context, b *Bench, row *Row, rounds int) error {
	ring := &secretRing{}
	ring.keep(signingSecret)
	c := &changer{ring: ring, secret: signingSecret, closedAt: map[string]time.Time{}, tooLate: map[string]int{}}
	s := stand{lanes: configLanes(ring)}
	err := b.on(ctx, row, s, rounds, func(ctx context.Context, t *torture, _ int) error {
		c.t, c.rng = t, t.rng
		for _, lane := range []int{laneMoves, laneSwitches} {
			t.receivers[lane].behave(c.watchful())
		}
		t.load.resume()
		for range 6 {
			sleep(ctx, time.Duration(c.rng.Int64N(int64(mannerTime/2))))
			if err := c.change(ctx); err != nil {
				return err
			}
			c.changes++
		}
		sleep(ctx, grace) // late requests would come now
		c.mu.Lock()
		for path, n := range c.tooLate {
			t.books.fail("sent to a removed destination", "%d requests to %s, more than %v after the change was answered", n, path, grace)
		}
		c.mu.Unlock()
		return t.account(ctx)
	})
	row.note("%d changes", c.changes)
	return err
}

// watchful takes everything but says when a request comes to a path that is closed.
func (c *changer) watchful() *manner {
	return &manner{"watchful", func(r *receiver, _ *wire.Conn, m *wire.Message, _ <-chan struct{}) ([]byte, wire.After) {
		path := string(m.Path())
		c.mu.Lock()
		if at, closed := c.closedAt[path]; closed && time.Since(at) > grace {
			c.tooLate[path]++
		}
		c.mu.Unlock()
		return r.take(m, false), wire.Keep
	}}
}

func (c *changer) close(path string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closedAt[path] = time.Now()
}

func (c *changer) open(path string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.closedAt, path)
}

func (c *changer) change(ctx context.Context) error {
	switch c.rng.IntN(6) {
	case 0:
		return c.move(ctx)
	case 1:
		return c.newSecret(ctx)
	case 2:
		return c.pause(ctx)
	case 3:
		return c.resubscribe(ctx)
	case 4:
		return c.switchOff(ctx)
	}
	return c.comeAndGo(ctx)
}

// move gives a webhook another address.
func (c *changer) move(ctx context.Context) error {
	r := c.t.receivers[laneMoves]
	old := fmt.Sprintf("/object/%d", c.generation)
	if c.generation == 0 {
		old = "/object"
	}
	c.generation++
	url := fmt.Sprintf("http://%s/object/%d", r.addr, c.generation)
	if err := c.t.api.Change(ctx, c.t.ids[laneMoves], map[string]any{"settings": map[string]any{"url": url, "signing_secret": c.secret}}); err != nil {
		return err
	}
	c.close(old)
	return nil
}

// newSecret rotates a signing secret: both sign for a while, then the old one is withdrawn.
func (c *changer) newSecret(ctx context.Context) error {
	fresh := fmt.Sprintf("torture-rotated-secret-%016x", c.rng.Uint64())
	c.ring.keep(c.secret, fresh)
	err := c.t.api.Change(ctx, c.t.ids[laneMoves], map[string]any{
		"settings": map[string]any{"signing_secret": fresh, "previous_signing_secret": c.secret},
	})
	if err != nil {
		return err
	}
	sleep(ctx, grace/2)
	if err := c.t.api.Change(ctx, c.t.ids[laneMoves], map[string]any{"settings": map[string]any{"previous_signing_secret": nil}}); err != nil {
		return err
	}
	c.secret = fresh
	sleep(ctx, grace) // what is under way may still carry both
	c.ring.keep(fresh)
	return nil
}

func (c *changer) pause(ctx context.Context) error {
	id, r := c.t.ids[lanePauses], c.t.receivers[lanePauses]
	if err := c.t.api.Tell(ctx, id, "pause"); err != nil {
		return err
	}
	sleep(ctx, grace)
	before := r.requests.Load()
	sleep(ctx, grace/4)
	if n := r.requests.Load() - before; n > 0 {
		c.t.books.fail("sent while paused", "%d requests", n)
	}
	return c.t.api.Tell(ctx, id, "resume")
}

func (c *changer) resubscribe(ctx context.Context) error {
	choices := [][]string{{"alert.*"}, {"*"}, {"incident.*", "custom.*"}, {}}
	for range 3 {
		types := choices[c.rng.IntN(len(choices))]
		if err := c.t.api.Change(ctx, c.t.ids[laneChanges], map[string]any{"subscription": map[string]any{"types": types}}); err != nil {
			return err
		}
		sleep(ctx, grace/10)
	}
	return nil
}

func (c *changer) switchOff(ctx context.Context) error {
	const path = "/services/collector/event"
	id := c.t.ids[laneSwitches]
	if err := c.t.api.Tell(ctx, id, "disable"); err != nil {
		return err
	}
	c.close(path)
	sleep(ctx, grace+grace/4)
	c.open(path)
	return c.t.api.Tell(ctx, id, "enable")
}

// comeAndGo makes an integration that wants everything, and deletes it again with all that waits for it. Its receiver is
// that of the lane that moves, which knows the payloads; the copies are not counted as that lane's.
func (c *changer) comeAndGo(ctx context.Context) error {
	var mu sync.Mutex
	var gone time.Time
	late := 0
	s, err := wire.Listen(ctx, "127.0.0.1:0", func(*wire.Conn, *wire.Message) ([]byte, wire.After) {
		mu.Lock()
		if !gone.IsZero() && time.Since(gone) > grace {
			late++
		}
		mu.Unlock()
		time.Sleep(rand.N(slowTime)) // so that something is in flight
		if rand.IntN(2) == 0 {
			return plainAnswer(500), wire.Keep
		}
		return plainAnswer(204), wire.Keep
	})
	if err != nil {
		return err
	}
	defer s.Close()
	guest := lane{name: "guest " + strings.ToLower(fmt.Sprintf("%x", c.rng.Uint32())), kind: "webhook", format: formatObject}
	id, err := c.t.api.Create(ctx, guest.integration(s.Addr()))
	if err != nil {
		return err
	}
	sleep(ctx, mannerTime)
	if err := c.t.api.Delete(ctx, id); err != nil {
		return err
	}
	mu.Lock()
	gone = time.Now()
	mu.Unlock()
	sleep(ctx, 2*grace)
	mu.Lock()
	defer mu.Unlock()
	if late > 0 {
		c.t.books.fail("sent to a removed destination", "%d requests to a deleted integration, more than %v after it was gone", late, grace)
	}
	return nil
}
