package app

import (
	"context"
	"fmt"
	"io"
	"log"
	"mime"
	"net"
	"net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/event"
)

// letterbox is a mail server that keeps what comes.
type letterbox struct{ mails chan *mail.Message }

func (b *letterbox) NewSession(*smtp.Conn) (smtp.Session, error) { return b, nil }
func (b *letterbox) Reset()                                      {}
func (b *letterbox) Logout() error                               { return nil }
func (b *letterbox) Mail(string, *smtp.MailOptions) error        { return nil }
func (b *letterbox) Rcpt(string, *smtp.RcptOptions) error        { return nil }

func (b *letterbox) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	m, err := mail.ReadMessage(strings.NewReader(string(raw)))
	if err != nil {
		return err
	}
	b.mails <- m
	return nil
}

// newLetterbox serves until the test is over, and gives its host and port.
func newLetterbox(t *testing.T) (b *letterbox, host, port string) {
	t.Helper()
	b = &letterbox{mails: make(chan *mail.Message, 16)}
	s := smtp.NewServer(b)
	s.Domain, s.ErrorLog = "mail.example.com", log.New(io.Discard, "", 0)
	ln, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() { s.Serve(ln) }) //nolint:errcheck // it ends with the listener
	t.Cleanup(func() {
		s.Close() //nolint:errcheck // the test is over
		wg.Wait()
	})
	host, port, _ = net.SplitHostPort(ln.Addr().String())
	return b, host, port
}

// next gives the subject of the next mail, and its header.
func (b *letterbox) next(t *testing.T) (subject string, h mail.Header) {
	t.Helper()
	select {
	case m := <-b.mails:
		subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
		if err != nil {
			t.Fatal(err)
		}
		return subject, m.Header
	case <-time.After(20 * time.Second):
		t.Fatal("no mail came")
		return "", nil
	}
}

// TestDigestByMail: what the settings ask for is found, and a digest goes from the API through outbox, journal and lane to
// the mail server, past a subscription that does not want it, and to nobody else.
func TestDigestByMail(t *testing.T) {
	t.Parallel()
	o := newHouse(t)
	ctx, cancel := context.WithCancel(t.Context())
	var pump sync.WaitGroup
	pump.Go(func() { o.hub.announce.Run(ctx) })
	t.Cleanup(func() { cancel(); pump.Wait() })
	box, host, port := newLetterbox(t)
	body := fmt.Sprintf(`{"kind":"email","name":"SOC","settings":{"host":%q,"port":%s,"security":"none","from":"tocsin@example.com","to":["soc@example.com"],
		"digest":{"daily":true,"timezone":"Europe/Berlin"}},"subscription":{"types":["alert.created"]}}`, host, port)
	id := o.must("parent", "POST", "/api/v1/integrations", body).Get("id").Str
	inbox := o.must("parent", "POST", "/api/v1/integrations", `{"kind":"capture","name":"all","subscription":{"types":["*"]}}`).Get("id").Str

	known, err := event.ParseID(event.PrefixIntegration, id)
	if err != nil {
		t.Fatal(err)
	}
	source := digestIntegrations{o.hub}
	row, err := source.Get(t.Context(), "parent", known)
	if err != nil {
		t.Fatal(err)
	}
	schedules, err := source.Schedules(t.Context(), row)
	if err != nil || len(schedules) != 1 || schedules[0] != (connector.DigestSchedule{Period: connector.Daily, At: "07:00", Timezone: "Europe/Berlin"}) {
		t.Errorf("schedules %+v, %v", schedules, err)
	}

	if r := o.must("parent", "POST", "/api/v1/integrations/"+id+"/test", `{}`); !r.Get("ok").Bool() || r.Get("request.method").Str != "SMTP" || len(box.mails) > 0 {
		t.Errorf("test: %s", r.Raw)
	}
	preview := o.must("parent", "POST", "/api/v1/integrations/"+id+"/preview", `{"event_type":"alert.created"}`)
	if !strings.Contains(preview.Get("request.body").Str, "Content-Type: multipart/alternative") || len(box.mails) > 0 {
		t.Errorf("preview: %s", preview.Raw)
	}
	// The furnished webhook of the account has failed: its digest says so.
	data := o.must("parent", "GET", "/api/v1/integrations/"+id+"/digest", "")
	if data.Get("timezone").Str != "Europe/Berlin" || data.Get("failing_count").Int() != 1 || data.Get("failing.0.name").Str != "canary-parent-integration" {
		t.Errorf("preview of the digest: %s", data.Raw)
	}

	given := o.must("parent", "POST", "/api/v1/integrations/"+id+"/digest", `{"period":"weekly"}`).Get("event").Str
	subject, h := box.next(t)
	if !strings.HasPrefix(subject, "[Tocsin] Weekly digest: 1 alert, 1 incident open") || h.Get("X-Tocsin-Event") != given || h.Get("X-Tocsin-Type") != event.TypeDigest {
		t.Errorf("%q, %v, want the event %s", subject, h, given)
	}
	o.must("parent", "POST", "/api/v1/events", `{"type":"alert.created","title":"after it","severity":"high"}`)
	if subject, _ := box.next(t); subject != "[Tocsin] HIGH: after it" {
		t.Errorf("then came %q", subject)
	}
	o.until("parent", inbox, atLeast(1))
	if got := o.captured("parent", inbox); strings.Contains(got, event.TypeDigest) {
		t.Errorf("another integration got the digest: %s", got)
	}
	if stats := o.must("parent", "GET", "/api/v1/stats", ""); !stats.Get("adds_up").Bool() {
		t.Errorf("stats %s", stats.Raw)
	}
}
