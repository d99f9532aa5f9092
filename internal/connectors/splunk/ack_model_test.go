package splunk

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
)

// model is a model of HEC with indexer acknowledgement, and no Splunk: channels that count their ids from 0, ids that are
// true once and then forgotten, a restart that forgets everything that is not in the index. It was written after the
// documentation, and it misbehaves when a test asks it to.
type model struct {
	t   testing.TB
	url string

	mu       sync.Mutex
	delay    time.Duration                                     // until a batch is in the index
	channels map[string]*mchannel                              // by GUID
	index    map[string]int                                    // how often an event is in the index, by its id
	posts    int                                               // batches taken
	asked    [][]int64                                         // questions, noAckID left out
	proofs   int                                               // questions for noAckID
	most     int                                               // the most ids in one question
	lose     func(post int) bool                               // a batch that is taken and never indexed
	mute     func(post int) bool                               // a batch that is taken, but the connection breaks before the answer
	answer   func(w http.ResponseWriter, r *http.Request) bool // before anything else; true: it has answered
	noAck    bool                                              // the token has acknowledgement off
	balanced bool                                              // wants its cookie, and gives another node's ids without it
}

type mchannel struct {
	next    int64
	batches map[int64]*mbatch
}

type mbatch struct {
	events []string
	at     time.Time // when it is in the index; zero: never
}

func newModel(t testing.TB, delay time.Duration) *model {
	m := &model{t: t, delay: delay, channels: map[string]*mchannel{}, index: map[string]int{}}
	s := httptest.NewServer(m)
	t.Cleanup(s.Close)
	m.url = s.URL
	return m
}

func (m *model) set(f func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f()
}

// restart forgets the channels, and what was not in the index yet.
func (m *model) restart() {
	m.set(func() {
		m.settle()
		clear(m.channels)
	})
}

// settle moves what is due into the index. The caller holds mu.
func (m *model) settle() {
	for _, c := range m.channels {
		for _, b := range c.batches {
			if b.events != nil && !b.at.IsZero() && !time.Now().Before(b.at) {
				for _, e := range b.events {
					m.index[e]++
				}
				b.events = nil
			}
		}
	}
}

// copies says how many events are in the index at all, and how many more than once.
func (m *model) copies() (events, twice int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.settle()
	for _, n := range m.index {
		if n > 1 {
			twice++
		}
	}
	return len(m.index), twice
}

func (m *model) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body := io.Reader(r.Body)
	if r.Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(r.Body)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		body = z
	}
	raw, err := io.ReadAll(body)
	if err != nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.answer != nil && m.answer(w, r) {
		return
	}
	say := func(status, code int, text string) {
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"text":%q,"code":%d}`, text, code)
	}
	guid := r.Header.Get(channelHeader)
	asks := strings.HasSuffix(r.URL.Path, "/ack")
	switch {
	case asks && m.noAck:
		say(400, 14, "ACK is disabled")
		return
	case guid == "":
		say(400, 10, "Data channel is missing")
		return
	case len(guid) != 36:
		say(400, 11, "Invalid data channel")
		return
	case len(raw) == 0:
		say(400, 5, "No data")
		return
	}
	if m.balanced {
		c, err := r.Cookie("AWSALB")
		if err != nil || c.Value != "node-1" {
			http.SetCookie(w, &http.Cookie{Name: "AWSALB", Value: "node-1", Path: "/"})
			if asks {
				guid = "another node's"
			}
		}
	}
	c := m.channels[guid]
	if c == nil {
		c = &mchannel{batches: map[int64]*mbatch{}}
		m.channels[guid] = c
	}
	m.settle()
	if asks {
		m.tell(w, c, raw)
		return
	}
	m.take(w, c, raw)
}

func (m *model) take(w http.ResponseWriter, c *mchannel, raw []byte) {
	b := &mbatch{at: time.Now().Add(m.delay)}
	for dec := json.NewDecoder(bytes.NewReader(raw)); dec.More(); {
		var o object
		if err := dec.Decode(&o); err != nil {
			m.t.Error(err)
			return
		}
		b.events = append(b.events, o.Event.ID)
	}
	m.posts++
	if m.lose != nil && m.lose(m.posts) {
		b.at = time.Time{}
	}
	id := c.next
	c.next++
	c.batches[id] = b
	if m.noAck {
		io.WriteString(w, `{"text":"Success","code":0}`) //nolint:errcheck
		return
	}
	if m.mute != nil && m.mute(m.posts) {
		panic(http.ErrAbortHandler)
	}
	fmt.Fprintf(w, `{"text":"Success","code":0,"ackId":%d}`, id)
}

func (m *model) tell(w http.ResponseWriter, c *mchannel, raw []byte) {
	var q struct {
		Acks []int64 `json:"acks"`
	}
	if err := json.Unmarshal(raw, &q); err != nil || len(q.Acks) == 0 {
		m.t.Errorf("a question that is none: %s", raw)
	}
	if q.Acks[0] == noAckID {
		m.proofs++
	} else {
		m.asked = append(m.asked, q.Acks)
		m.most = max(m.most, len(q.Acks))
	}
	told := map[string]bool{}
	for _, id := range q.Acks {
		b := c.batches[id]
		is := b != nil && b.events == nil
		told[fmt.Sprint(id)] = is
		if is {
			delete(c.batches, id)
		}
	}
	out, _ := json.Marshal(map[string]any{"acks": told})
	w.Write(out) //nolint:errcheck
}

// acked opens a connector with acknowledgement on.
func acked(t testing.TB, m *model, more string) *Connector {
	c := openAt(t, fmt.Sprintf(`{"url":%q,"token":"12345678-1234-1234-1234-1234567890ab","ack":"on"%s}`, m.url, more))
	c.acks.interval = 100 * time.Millisecond
	return c
}
