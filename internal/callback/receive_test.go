package callback

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Nobody learns from an answer which integrations there are.
func TestNobodyWaitsForIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	good := w.add("acme", "pager", asking())
	disabled, closed := good, w.add("closed", "pager", asking())
	disabled.ID, disabled.Enabled = event.NewID(), false
	w.Service.Apply(disabled)
	deleted := w.add("acme", "pager", asking())
	w.Remove(deleted.ID)
	quiet := w.add("acme", "deaf", deaf{})
	text := func(i store.Integration) string { return i.ID.Text(event.PrefixIntegration) }
	for name, c := range map[string][2]string{
		"unknown id": {"pager", event.NewID().Text(event.PrefixIntegration)}, "no id": {"pager", "../../etc"}, "unknown kind": {"page", text(good)},
		"another kind": {"deaf", text(good)}, "disabled": {"pager", text(disabled)}, "account closed": {"pager", text(closed)},
		"deleted": {"pager", text(deleted)}, "a kind that is not called": {"deaf", text(quiet)},
		"an id of another sort": {"pager", good.ID.Text(event.PrefixEvent)},
	} {
		got := w.Receive(t.Context(), c[0], c[1], connector.Call{})
		if diff := cmp.Diff(notFound(), got, cmp.AllowUnexported(Answer{})); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	holdStatus(t, "the good one", w.call(good, ""), 200)
	if w.opens != 1 {
		t.Errorf("%d were opened", w.opens)
	}
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	boom := errors.New("no memory left")
	for name, tt := range map[string]struct {
		reply   connector.Reply
		err     error
		panics  bool
		want    int
		outcome string
	}{
		"plain":            {connector.Reply{}, nil, false, 200, Nothing},
		"its own":          {connector.Reply{Status: 202, ContentType: "text/plain", Body: []byte("challenge")}, nil, false, 202, Nothing},
		"no success":       {connector.Reply{Status: 500}, nil, false, 200, Nothing},
		"bad signature":    {connector.Reply{}, connector.Refused(401, "the signature is wrong"), false, 401, Refused},
		"nonsense":         {connector.Reply{}, connector.Refused(400, "no JSON"), false, 400, Refused},
		"an odd refusal":   {connector.Reply{}, connector.Refused(302, "elsewhere"), false, 400, Refused},
		"trouble":          {connector.Reply{}, boom, false, 503, Failed},
		"a panic":          {connector.Reply{}, nil, true, 503, Failed},
		"far too much":     {connector.Reply{Wishes: make([]connector.Wish, maxWishes+1)}, nil, false, 503, Failed},
		"a foolish wish":   {connector.Reply{Wishes: []connector.Wish{{Verb: "explode", DedupKey: "x"}}}, nil, false, 200, Done},
		"about nothing":    {connector.Reply{Wishes: []connector.Wish{{Verb: connector.Resolve}}}, nil, false, 200, Done},
		"no such incident": {connector.Reply{Wishes: []connector.Wish{{Verb: connector.Resolve, Incident: "INC-x"}}}, nil, false, 200, Done},
	} {
		w := newWorld(t)
		i := w.add("acme", "pager", &pager{receive: func(context.Context, connector.Call) (connector.Reply, error) {
			if tt.panics {
				panic("a bug")
			}
			return tt.reply, tt.err
		}})
		a := w.call(i, "{}")
		holdStatus(t, name, a, tt.want)
		if a.Unproven != (tt.want == 401) || string(a.Body) != string(tt.reply.Body) || a.ContentType != tt.reply.ContentType ||
			strings.Contains(a.Detail, boom.Error()) || (a.RetryAfter > 0) != (tt.want == 503) {
			t.Errorf("%s: %+v", name, a)
		}
		v, _ := w.View("acme", i.ID)
		lines := v.Calls
		if tt.outcome == Refused {
			lines = v.Refused
		}
		if len(lines) != 1 || lines[0].Outcome != tt.outcome || lines[0].Status != tt.want || v.Counts.Calls != 1 {
			t.Errorf("%s: shown as %+v", name, v)
		}
		holdVerbs(t, w)
	}
}

// What a call asks for is done in the integration's own account, and written down.
func TestDone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	at := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	p := asking(wish(connector.Acknowledge, "m-1", at), connector.Wish{ID: "m-1", Verb: connector.Note, Incident: "INC-7", Text: "hello"})
	var told []connector.Outcome
	done := make(chan struct{}, 2)
	p.answer = func(_ context.Context, _ connector.Wish, o connector.Outcome) error {
		w.mu.Lock()
		defer w.mu.Unlock()
		told = append(told, o)
		done <- struct{}{}
		return nil
	}
	mine, others := w.add("acme", "pager", p), w.add("other", "pager", p)
	holdStatus(t, "mine", w.call(mine, ""), 200)
	<-done
	<-done
	holdStatus(t, "the other account's", w.call(others, ""), 200)
	<-done
	<-done
	w.mu.Lock()
	defer w.mu.Unlock()
	for k, i := range []store.Integration{mine, mine, others, others} {
		c := w.applied[k]
		if c.account != i.Account || c.integration != i.ID || c.by != map[bool]string{true: "pager: Dana Doe", false: "pager"}[k%2 == 0] {
			t.Errorf("change %d is %+v", k, c)
		}
		if k%2 == 0 && c.wish.Alert != event.AlertID(i.Account, "host-1/cpu") {
			t.Errorf("change %d is about another account's alert", k)
		}
		a := w.acts[k]
		if a.Account != i.Account || a.Action != "integration.callback" || a.Target != idText(i) || a.Actor.Kind != act.KindIntegration ||
			a.Actor.Name != c.by || w.ends[k] != nil || !strings.Contains(string(a.After), `"message":"m-1"`) {
			t.Errorf("the record says %+v %s, %v", a, a.After, w.ends[k])
		}
	}
	if len(told) != 4 || told[0].Record == nil || told[0].Refusal != "" || told[0].By != "" {
		t.Errorf("told %+v", told)
	}
}

// A connector that does not come back costs its caller 2 s, and others nothing.
func TestSlowConnector(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		release := make(chan struct{})
		slow := w.add("acme", "pager", &pager{receive: func(context.Context, connector.Call) (connector.Reply, error) {
			<-release // whatever its context says
			return connector.Reply{}, nil
		}})
		good := w.add("acme", "pager", asking())
		began := time.Now()
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() { holdStatus(t, "slow", w.call(slow, ""), 503) })
		}
		wg.Go(func() {
			if holdStatus(t, "good", w.call(good, ""), 200); time.Since(began) > 0 {
				t.Errorf("the good one took %v", time.Since(began))
			}
		})
		wg.Wait()
		if took := time.Since(began); took > CallTime {
			t.Errorf("the slow one took %v", took)
		}
		if n := len(w.slots); n != maxCallsOfOne {
			t.Errorf("%d places are taken", n)
		}
		close(release)
		synctest.Wait()
		if len(w.slots) != 0 || len(w.of(slow.ID).slots) != 0 {
			t.Error("places are not given back")
		}
		holdStatus(t, "slow no more", w.call(slow, ""), 200)
		v, _ := w.View("acme", slow.ID)
		if len(v.Calls) != keptCalls || v.Counts.Failed != 100 || v.Counts.Calls != 101 {
			t.Errorf("shown: %d, %+v", len(v.Calls), v.Counts)
		}
	})
}

// A storm is told to come again, and a storm of strangers does not hide what was real.
func TestStorm(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		i := w.add("acme", "pager", &pager{receive: func(_ context.Context, c connector.Call) (connector.Reply, error) {
			if string(c.Body) == "forged" {
				return connector.Reply{}, connector.Refused(401, "no")
			}
			return connector.Reply{Note: "real"}, nil
		}})
		holdStatus(t, "the real one", w.call(i, "real"), 200)
		statuses := map[int]int{}
		for range 1000 {
			a := w.call(i, "forged")
			statuses[a.Status]++
			if a.Status == http.StatusTooManyRequests && (a.RetryAfter <= 0 || a.RetryAfter > time.Second) {
				t.Fatalf("asked to wait %v", a.RetryAfter)
			}
		}
		if diff := cmp.Diff(map[int]int{401: CallsBurst - 1, 429: 1001 - CallsBurst}, statuses); diff != "" {
			t.Error(diff)
		}
		if got := w.last(i); got.Note != "real" {
			t.Errorf("shown: %+v", got)
		}
		v, _ := w.View("acme", i.ID)
		if len(v.Refused) != keptRefused || v.Counts.Throttled != uint64(1001-CallsBurst) {
			t.Errorf("shown: %d, %+v", len(v.Refused), v.Counts)
		}
		time.Sleep(time.Second) //nolint:forbidigo // moves the fake clock
		holdStatus(t, "a second later", w.call(i, "real"), 200)
	})
}

// A changed integration is opened anew; the instance of before is closed when its last call has ended.
func TestChangedIntegration(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	inside, release, closed := make(chan struct{}), make(chan struct{}), make(chan int64, 10)
	i := w.add("acme", "pager", nil)
	w.opened[i.ID] = func(i store.Integration) (connector.Instance, error) {
		return &pager{
			closed: func() { closed <- i.Version },
			receive: func(context.Context, connector.Call) (connector.Reply, error) {
				if i.Version == 1 {
					inside <- struct{}{}
					<-release
				}
				return connector.Reply{}, nil
			},
		}, nil
	}
	first := make(chan Answer)
	go func() { first <- w.call(i, "") }()
	<-inside
	i.Version = 2
	w.Service.Apply(i)
	holdStatus(t, "the new version", w.call(i, ""), 200)
	holdStatus(t, "the new version, opened before", w.call(i, ""), 200)
	select {
	case v := <-closed:
		t.Errorf("version %d was closed under a call", v)
	default:
	}
	close(release)
	holdStatus(t, "the version before", <-first, 200)
	if v := <-closed; v != 1 || w.opens != 2 {
		t.Errorf("version %d was closed; %d were opened", v, w.opens)
	}
	w.Remove(i.ID)
	if v := <-closed; v != 2 {
		t.Errorf("version %d was closed", v)
	}
	holdStatus(t, "removed", w.call(i, ""), 404)
}

// One that cannot be opened is not opened for every call.
func TestCannotBeOpened(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		i := w.add("acme", "pager", nil)
		w.opened[i.ID] = func(store.Integration) (connector.Instance, error) {
			return nil, errors.New("its secrets were given up")
		}
		for range 20 {
			holdStatus(t, "broken", w.call(i, ""), 503)
		}
		if w.opens != 1 || !strings.Contains(w.last(i).Error, "given up") {
			t.Errorf("%d were opened; %+v", w.opens, w.last(i))
		}
		w.opened[i.ID] = func(store.Integration) (connector.Instance, error) { return asking(), nil }
		time.Sleep(reopenAfter) //nolint:forbidigo // moves the fake clock
		holdStatus(t, "mended", w.call(i, ""), 200)
	})
}
