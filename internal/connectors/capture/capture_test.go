package capture

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/connectortest"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
)

func openWith(t *testing.T, raw string, sink connector.Sink) *Connector {
	t.Helper()
	env := connectortest.Env(nil)
	env.Sink = sink
	i, err := Definition().Open(json.RawMessage(raw), env)
	if err != nil {
		t.Fatal(err)
	}
	return i.(*Connector)
}

func TestReadme(t *testing.T) {
	t.Parallel()
	connectortest.Readme(t, Definition())
}

func TestKeepsTheLast(t *testing.T) {
	t.Parallel()
	in := NewInbox()
	c := openWith(t, `{"keep":3}`, in)
	ds := connectortest.Deliveries("a", "b", "c", "d", "e")
	if err := c.SendBatch(t.Context(), ds[:4]); err != nil {
		t.Fatal(err)
	}
	if err := c.Send(t.Context(), ds[4]); err != nil {
		t.Fatal(err)
	}
	if err := c.Send(t.Context(), ds[3]); err != nil { // a second time
		t.Fatal(err)
	}
	got := in.List(event.DefaultAccount, "int_test", 0)
	var keys []string
	for _, e := range got {
		keys = append(keys, e.Delivery)
	}
	if diff := cmp.Diff([]string{ds[3].Key, ds[4].Key, ds[2].Key}, keys); diff != "" {
		t.Error(diff)
	}
	if !bytes.Equal(got[0].Payload, ds[3].Record.AppendLinked(nil, ds[3].Record.Link("https://tocsin.example.com"))) || got[0].Event != ds[3].Record.ID.Text(event.PrefixEvent) ||
		got[0].Type != "alert.created" || got[0].Time.IsZero() {
		t.Errorf("kept %+v", got[0])
	}
	if n := len(in.List(event.DefaultAccount, "int_test", 2)); n != 2 {
		t.Errorf("asked for 2, got %d", n)
	}
	if n := len(in.List("other", "int_test", 0)) + len(in.List(event.DefaultAccount, "int_other", 0)); n != 0 {
		t.Errorf("%d payloads in foreign inboxes", n)
	}
	in.Forget(event.DefaultAccount, "int_test")
	if n := len(in.List(event.DefaultAccount, "int_test", 0)); n != 0 || in.bytes != 0 {
		t.Errorf("%d payloads after Forget", n)
	}
}

func TestHostileTextIsKeptAsItIs(t *testing.T) {
	t.Parallel()
	in := NewInbox()
	c := openWith(t, `{}`, in)
	if err := c.SendBatch(t.Context(), connectortest.Deliveries(connectortest.Hostile...)); err != nil {
		t.Fatal(err)
	}
	list := in.List(event.DefaultAccount, "int_test", 0)
	if len(list) != len(connectortest.Hostile) {
		t.Fatalf("%d kept", len(list))
	}
	for i, text := range connectortest.Hostile {
		var e event.Event
		if err := json.Unmarshal(list[len(list)-1-i].Payload, &e); err != nil || e.Title != text {
			t.Errorf("%q: %q, %v", text, e.Title, err)
		}
	}
}

func TestConnector(t *testing.T) {
	t.Parallel()
	in := NewInbox()
	c := openWith(t, `{}`, in)
	if !c.UsesBatch() || c.Test(t.Context()) != nil || c.keep != defaultKeep {
		t.Errorf("connector %+v", c)
	}
	e := &httpkit.Exchange{Full: true, DryRun: true}
	err := c.Send(httpkit.WithExchange(t.Context(), e), connectortest.Deliveries("hello")[0])
	if !errors.Is(err, httpkit.ErrDryRun) || !bytes.Contains(e.RequestBody, []byte("hello")) || in.bytes != 0 {
		t.Errorf("dry run: %v, %s", err, e.RequestBody)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Send(ctx, connectortest.Deliveries("x")[0]); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if _, err := Definition().Open(nil, connectortest.Env(nil)); err == nil {
		t.Error("opened without an inbox")
	}
	if err := form.Decode(json.RawMessage(`{"keep":1001}`), new(Settings)); err == nil {
		t.Error("keep of 1001 was taken")
	}
}

// TestInboxLimits: whatever is kept, the limits hold and the sums are right.
func TestInboxLimits(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		in := NewInbox()
		for i := range rapid.IntRange(1, 60).Draw(t, "n") {
			integration := fmt.Sprint(rapid.IntRange(0, 30).Draw(t, "integration"))
			limit := rapid.IntRange(1, 5).Draw(t, "limit")
			size := rapid.IntRange(0, MaxIntegrationBytes/2).Draw(t, "size")
			key := fmt.Sprint(rapid.IntRange(0, i).Draw(t, "key"))
			in.Keep(context.Background(), "a", integration, limit, connector.Captured{Delivery: key, Payload: make([]byte, size)}) //nolint:errcheck // never fails
			if n := len(in.List("a", integration, 0)); n > limit {
				t.Fatalf("%d entries, limit %d", n, limit)
			}
		}
		total := 0
		for _, b := range in.boxes {
			sum := 0
			for _, e := range b.entries {
				sum += cost(e)
			}
			if sum != b.bytes || sum > MaxIntegrationBytes || len(b.held) != len(b.entries) {
				t.Fatalf("%d bytes, counted %d; %d entries, %d held", sum, b.bytes, len(b.entries), len(b.held))
			}
			total += sum
		}
		if total != in.bytes || total > MaxInboxBytes {
			t.Fatalf("%d bytes, counted %d", total, in.bytes)
		}
	})
}

func TestInboxIsSafe(t *testing.T) {
	t.Parallel()
	in := NewInbox()
	c := openWith(t, `{"keep":10}`, in)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				if err := c.SendBatch(t.Context(), connectortest.Deliveries("x", "y")); err != nil {
					t.Error(err)
				}
				in.List(event.DefaultAccount, "int_test", 5)
			}
		})
	}
	wg.Wait()
	if n := len(in.List(event.DefaultAccount, "int_test", 0)); n != 10 {
		t.Errorf("%d kept", n)
	}
}
