package torture

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// run delivers a lane, batch by batch and in order.
func (f *fakeHub) run(l *fakeLane) {
	size := map[string]int{"hook": 1, "ordered": 1, "lines": 50, "hec": 200}[l.spec.Name]
	for sent := 0; f.ctx.Err() == nil; {
		f.mu.Lock()
		var batch []int
		to := l.at
		for ; to < len(f.events) && len(batch) < size; to++ {
			if l.wants(f.events[to]) {
				batch = append(batch, to)
			}
		}
		f.mu.Unlock()
		if len(batch) == 0 {
			f.mu.Lock()
			l.at = max(l.at, to)
			f.mu.Unlock()
			sleep(f.ctx, 2*time.Millisecond)
			continue
		}
		boxed, ok := f.settle(l, batch)
		if !ok {
			return
		}
		f.mu.Lock()
		l.at = to
		for _, n := range boxed {
			l.box[n] = true
		}
		if len(boxed) > 0 {
			sent = 301 // what follows of its key must not overtake it in the next life
		}
		if sent += len(batch); sent > 300 {
			sent = 0
			l.save()
		}
		f.mu.Unlock()
	}
}

// refusedItem is one event that the receiver refused for good.
type refusedItem struct{ at int }

func (refusedItem) Error() string { return "refused" }

// settle sends until everything is delivered or refused for good.
func (f *fakeHub) settle(l *fakeLane, batch []int) (boxed []int, ok bool) {
	if f.fault == "loses some" && l.spec.Name == "hec" {
		batch = slices.DeleteFunc(batch, func(n int) bool { return n%20 == 0 })
	}
	for len(batch) > 0 {
		err := f.send(l, batch)
		var refused refusedItem
		switch {
		case err == nil:
			return boxed, true
		case f.ctx.Err() != nil:
			return nil, false
		case errors.As(err, &refused):
			boxed = append(boxed, batch[refused.at])
			batch = append(append([]int(nil), batch[:refused.at]...), batch[refused.at+1:]...)
		default:
			sleep(f.ctx, 10*time.Millisecond)
		}
	}
	return boxed, true
}

var fakeClient = &http.Client{Timeout: time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 10}}

// send makes one request, and before it another one where that is the fault.
func (f *fakeHub) send(l *fakeLane, batch []int) error {
	if f.fault == "swaps two" && l.spec.Name == "ordered" && batch[0]%10 == 3 {
		// the next event of the same key overtakes
		first := f.event(batch[0])
		for n := batch[0] + 1; n < batch[0]+400; n++ {
			if e := f.event(n); l.wants(e) && e.key != "" && e.key == first.key {
				if err := f.request(l, []int{n}); err != nil {
					return err
				}
				break
			}
		}
	}
	return f.request(l, batch)
}

func (f *fakeHub) request(l *fakeLane, batch []int) error {
	var body []byte
	for _, n := range batch {
		e := f.event(n)
		id, payload := e.id, e.body
		switch {
		case f.fault == "spoils payloads" && n%50 == 7:
			payload = bytes.Replace(payload, []byte("production-api"), []byte("production-apj"), 1)
		case f.fault == "renames repeats" && n%50 == 7:
			id = event.NewID().Text("evt")
		case f.fault == "spells differently":
			var m map[string]any
			d := json.NewDecoder(bytes.NewReader(payload))
			d.UseNumber()
			_ = d.Decode(&m)
			payload, _ = json.Marshal(m)
		}
		object := append([]byte(`{"id":"`+id+`","account":"default","received_at":"2026-01-01T00:00:00Z",`), payload[1:]...)
		switch l.spec.Name {
		case "hec":
			body = append(body, `{"time":1.5,"event":`+string(object)+`}`...)
		case "lines":
			body = append(append(body, object...), '\n')
		default:
			body = object
		}
	}
	req, err := http.NewRequestWithContext(f.ctx, "POST", fmt.Sprint(l.spec.Settings["url"]), bytes.NewReader(body))
	if err != nil {
		return err
	}
	key := "dlv_" + f.event(batch[0]).id
	if f.fault == "changes keys" {
		key = event.NewID().Text("dlv")
	}
	f.sign(req, key, body)
	resp, err := fakeClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	switch {
	case err != nil:
		return err
	case resp.StatusCode/100 == 2:
		return nil
	case resp.StatusCode == 400:
		var r struct {
			N int `json:"invalid-event-number"`
		}
		_ = json.Unmarshal(answer, &r)
		return refusedItem{r.N}
	}
	return fmt.Errorf("status %d", resp.StatusCode)
}

func (f *fakeHub) sign(req *http.Request, key string, body []byte) {
	secret := signingSecret
	if f.fault == "signs wrongly" {
		secret += "!"
	}
	sum := func(text string) []byte {
		h := hmac.New(sha256.New, []byte(secret))
		h.Write([]byte(text))
		return h.Sum(nil)
	}
	req.Header.Set("Authorization", "Splunk "+hecToken)
	req.Header.Set("X-Tocsin-Delivery", key)
	req.Header.Set("webhook-id", key)
	req.Header.Set("webhook-timestamp", "1")
	req.Header.Set("X-Tocsin-Signature", "t=1,v1="+hex.EncodeToString(sum("1."+string(body))))
	req.Header.Set("webhook-signature", "v1,"+base64.StdEncoding.EncodeToString(sum(key+".1."+string(body))))
}
