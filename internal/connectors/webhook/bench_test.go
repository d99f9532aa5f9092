package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/connectortest"
	"github.com/tocsin-hub/tocsin/internal/event"
)

// reference is Tocsin's signature written down naively.
func reference(key []byte, unix int64, body []byte) []byte {
	h := hmac.New(sha256.New, key)
	fmt.Fprintf(h, "%d.%s", unix, body) //nolint:errcheck // a hash never fails to write
	return h.Sum(nil)
}

// kib makes a delivery of about 1 KiB.
func kib() connector.Delivery {
	r := connectortest.Record(event.NewID(), "Failed logins")
	r.Body = append(r.Body[:len(r.Body)-1], `,"data":{"pad":"`+strings.Repeat("x", 1024-len(r.Body)-20)+`"}}`...)
	return connector.Delivery{Key: event.NewID().Text(event.PrefixDelivery), Record: r, Attempt: 1}
}

func BenchmarkFormatAndSign(b *testing.B) {
	c := openAt(b, `{"url":"https://example.com","signing_secret":"`+secretText+`"}`, time.Now())
	d := kib()
	b.ReportAllocs()
	for b.Loop() {
		o := c.requests.Get().(*outgoing)
		if err := o.one(&c.body, d); err != nil {
			b.Fatal(err)
		}
		o.address(d.Key, d.Record.Type, 1795176000)
		o.signed(c.sign)
		c.requests.Put(o)
	}
}

func BenchmarkSend(b *testing.B) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body) //nolint:errcheck
		w.WriteHeader(http.StatusNoContent)
	}))
	defer s.Close()
	c := openAt(b, `{"url":"`+s.URL+`","signing_secret":"`+secretText+`"}`, time.Now())
	d := kib()
	b.ReportAllocs()
	b.SetParallelism(16)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := c.Send(b.Context(), d); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
}
