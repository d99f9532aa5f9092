package user

import (
	"context"
	"crypto/rand"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/identity"
)

// welch is the t statistic of two series: below 4.5 nothing tells them apart (as dudect does).
func welch(a, b []float64) float64 {
	mean := func(x []float64) (m, v float64) {
		for _, f := range x {
			m += f / float64(len(x))
		}
		for _, f := range x {
			v += (f - m) * (f - m) / float64(len(x)-1)
		}
		return m, v
	}
	ma, va := mean(a)
	mb, vb := mean(b)
	return math.Abs(ma-mb) / math.Sqrt(va/float64(len(a))+vb/float64(len(b)))
}

// BenchmarkHash is what one sign-in costs.
func BenchmarkHash(b *testing.B) {
	h := newHasher(rand.Reader, currentCost)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := h.verify(context.Background(), good, ""); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkUnknownAddressTiming compares signing in with an unknown address and with a wrong password. Read "t" of a
// long run (-benchtime 2000x) on a quiet machine.
func BenchmarkUnknownAddressTiming(b *testing.B) {
	f := newFixture(b)
	u := f.join(b, acme, "ada@example.com", identity.RoleViewer)
	f.hasher = newHasher(rand.Reader, currentCost)
	p := f.get(b, u)
	var err error
	p.Password, err = f.hasher.hash(b.Context(), good)
	must(b, err)
	must(b, f.store.UpdateUser(b.Context(), p))
	series := map[string][]float64{}
	n := 0
	for b.Loop() {
		for _, email := range []string{u.Email, "bob@example.com"} {
			n++
			f.throttle = newThrottle()
			c := Credentials{Account: acme, Email: email, Password: form.NewSecret("wrong")}
			from := Client{Address: fmt.Sprintf("10.0.%d.%d", n>>8&255, n&255)}
			start := time.Now()
			_, _ = f.SignIn(b.Context(), c, from)
			series[email] = append(series[email], float64(time.Since(start)))
		}
	}
	b.ReportMetric(welch(series[u.Email], series["bob@example.com"]), "t")
}

func BenchmarkAuthenticate(b *testing.B) {
	f := newFixture(b)
	_, token := f.in(b, f.join(b, acme, "ada@example.com", identity.RoleViewer), "")
	b.Run("cached", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			f.principal(b, token)
		}
	})
	b.Run("unknown", func(b *testing.B) {
		n := 0
		for b.Loop() {
			n++
			_, _ = f.Authenticate(b.Context(), form.NewSecret(fmt.Sprintf("tss_%052d", n)))
		}
	})
	b.Run("csrf", func(b *testing.B) {
		presented := CSRF(token)
		for b.Loop() {
			if !CheckCSRF(token, presented) || CheckCSRF(token, strings.ToUpper(presented)) {
				b.Fatal("wrong")
			}
		}
	})
}
