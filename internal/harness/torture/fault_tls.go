package torture

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"sync/atomic"
	"time"

	"github.com/tocsin-hub/tocsin/internal/harness"
)

// tlsFault shows the hub certificates that it must not believe, and rotates the authority under it. Nothing of an event
// may leave before the other side has proved itself, and everything is delivered once it has.
func tlsFault() Fault {
	return Fault{
		Name: "tls", What: "expired, not yet valid, foreign, self-signed certificates; wrong host; old TLS; plain HTTP; the authority rotated live",
		Long: 40, Short: 1, run: runTLS,
	}
}

// disguise is what a receiver shows when somebody connects.
type disguise struct {
	name  string
	conf  *tls.Config
	plain bool // no TLS at all
}

// wardrobe holds what the receivers show now, by lane, and what came in plaintext.
type wardrobe struct {
	shown     [maxLanes]atomic.Pointer[disguise]
	plaintext atomic.Int64 // connections whose first byte was no TLS
	next      atomic.Int64 // the lane that listens next
}

func serverConfig(cert *tls.Certificate) *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{*cert}}
}

// disguises makes the good one and all that the hub must refuse.
func disguises(known, unknown *authority) (good *disguise, bad []*disguise, err error) {
	days := func(from, to int) func(*x509.Certificate) {
		return func(c *x509.Certificate) {
			c.NotBefore, c.NotAfter = time.Now().AddDate(0, 0, from), time.Now().AddDate(0, 0, to)
		}
	}
	for _, d := range []struct {
		name string
		by   *authority
		edit func(*x509.Certificate)
	}{
		{"good", known, nil},
		{"expired", known, days(-30, -1)},
		{"not yet valid", known, days(1, 30)},
		{"another host", known, func(c *x509.Certificate) { c.IPAddresses, c.DNSNames = nil, []string{"hooks.example.com"} }},
		{"unknown authority", unknown, nil},
		{"self-signed", nil, nil},
		{"for clients", known, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }},
	} {
		cert, err := d.by.leaf(d.edit)
		if err != nil {
			return nil, nil, err
		}
		bad = append(bad, &disguise{name: d.name, conf: serverConfig(cert)})
	}
	good, bad = bad[0], bad[1:]
	old := good.conf.Clone()
	old.MinVersion, old.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
	return good, append(bad, &disguise{name: "old TLS", conf: old}, &disguise{name: "plain HTTP", plain: true}), nil
}

// dressed is a listener whose connections are what the lane shows at that moment.
type dressed struct {
	net.Listener
	w    *wardrobe
	lane int
}

func (d dressed) Accept() (net.Conn, error) {
	c, err := d.Listener.Accept()
	if err != nil {
		return nil, err
	}
	shown := d.w.shown[d.lane].Load()
	c = &sniffed{Conn: c, w: d.w}
	if shown.plain {
		return c, nil
	}
	conf := shown.conf
	return tls.Server(c, conf), nil
}

// sniffed looks at the first byte that the hub sends.
type sniffed struct {
	net.Conn
	w      *wardrobe
	looked bool
}

// handshakeRecord is the first byte of a TLS connection.
const handshakeRecord = 22

func (s *sniffed) Read(b []byte) (int, error) {
	n, err := s.Conn.Read(b)
	if n > 0 && !s.looked {
		s.looked = true
		if b[0] != handshakeRecord {
			s.w.plaintext.Add(1)
		}
	}
	return n, err
}

func runTLS(ctx context.Context, b *Bench, row *Row, rounds int) error {
	known, err := newAuthority("known")
	if err != nil {
		return err
	}
	unknown, err := newAuthority("unknown")
	if err != nil {
		return err
	}
	good, bad, err := disguises(known, unknown)
	if err != nil {
		return err
	}
	w := &wardrobe{}
	for i := range w.shown {
		w.shown[i].Store(good)
	}
	s := stand{
		listen: func(ctx context.Context, addr string) (net.Listener, error) {
			l, err := listenTCP(ctx, addr)
			if err != nil {
				return nil, err
			}
			return dressed{l, w, int(w.next.Add(1)-1) % maxLanes}, nil
		},
		shape: func(_ int, _ string, i *harness.Integration) {
			url, _ := i.Settings["url"].(string)
			i.Settings["url"] = strings.Replace(url, "http://", "https://", 1)
			i.Settings["ca_bundle"] = known.pem
		},
	}
	tried := map[string]bool{}
	err = b.on(ctx, row, s, rounds, func(ctx context.Context, t *torture, number int) error {
		for i, r := range t.receivers {
			w.shown[i].Store(good)
			if err := r.set(ctx, moodClosing); err != nil { // so that each request shakes hands
				return err
			}
		}
		t.load.resume()
		sleep(ctx, mannerTime/2)
		victims := t.rng.Perm(len(t.receivers))[:2]
		if b.Short {
			victims = victims[:1]
		}
		for _, v := range victims {
			for range 2 {
				d := bad[t.rng.IntN(len(bad))]
				tried[d.name] = true
				if err := t.impostor(ctx, w, v, d); err != nil {
					return err
				}
			}
			w.shown[v].Store(good)
		}
		// The receivers move to a new authority; the hub learns of it a while later.
		fresh, err := newAuthority(fmt.Sprintf("rotation %d", number))
		if err != nil {
			return err
		}
		if good, bad, err = disguises(fresh, unknown); err != nil {
			return err
		}
		for i := range t.receivers {
			w.shown[i].Store(good)
		}
		sleep(ctx, mannerTime)
		for i, id := range t.ids {
			// Another authority may be another destination: the hub gives secrets up that are not entered again.
			change := t.books.lanes[i].credentials()
			change["ca_bundle"] = fresh.pem
			if err := t.api.Change(ctx, id, map[string]any{"settings": change}); err != nil {
				return err
			}
		}
		return t.account(ctx)
	})
	if n := w.plaintext.Load(); n > 0 {
		row.violate("plaintext", "%d connections began without TLS", n)
	}
	row.note("%d disguises, the authority rotated %d times", len(tried), row.Rounds)
	return err
}

// impostor lets a receiver show something bad for a while, in which no request may reach it.
func (t *torture) impostor(ctx context.Context, w *wardrobe, lane int, d *disguise) error {
	r := t.receivers[lane]
	if err := r.set(ctx, moodDown); err != nil { // connections from before are gone
		return err
	}
	w.shown[lane].Store(d)
	w.next.Store(int64(lane)) // who listens next
	if err := r.set(ctx, moodClosing); err != nil {
		return err
	}
	before := r.requests.Load()
	sleep(ctx, mannerTime/2+time.Duration(rand.Int64N(int64(mannerTime/2))))
	n := r.requests.Load() - before
	if err := r.set(ctx, moodDown); err != nil {
		return err
	}
	w.next.Store(int64(lane))
	if n > 0 {
		t.books.fail("spoke to an impostor", "%s sent %d requests to a receiver with: %s", r.spec.name, n, d.name)
	}
	return r.set(ctx, moodClosing)
}
