package email

import (
	"crypto/hmac"
	"crypto/md5" //nolint:gosec // CRAM-MD5 wants it
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"log"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"go.uber.org/goleak"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/connectortest"
	"github.com/tocsin-hub/tocsin/internal/form"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	username = "hub@example.com"
	password = "pass-" + connectortest.Canary
)

// post is a mail server with an account, and with faults on demand.
type post struct {
	authority *connectortest.Authority
	address   string
	mechs     []string

	// faults; nil is none
	onMail func(from string) error
	onRcpt func(to string) error
	onData func() error // after the message was read
	onEnd  func()       // after the message was kept: panics end the connection without an answer

	mu       sync.Mutex
	mails    []delivered
	sessions int
	authed   []string // mechanisms that succeeded
	resets   int
}

// delivered is a mail that the server took.
type delivered struct {
	From string
	To   []string
	Raw  []byte
}

// newPost starts a server: security is a value of the setting.
func newPost(t *testing.T, security string, change func(*post)) *post {
	t.Helper()
	p := &post{authority: connectortest.NewAuthority(t), mechs: []string{"PLAIN", "LOGIN", "CRAM-MD5", "XOAUTH2"}}
	if change != nil {
		change(p)
	}
	s := smtp.NewServer(smtp.BackendFunc(p.session))
	s.Domain, s.ErrorLog, s.AllowInsecureAuth = "mail.example.com", log.New(io.Discard, "", 0), true
	s.ReadTimeout, s.WriteTimeout = 20*time.Second, 20*time.Second
	now := time.Now()
	conf := &tls.Config{Certificates: []tls.Certificate{p.authority.Certificate(t, "127.0.0.1", now.Add(-time.Hour), now.Add(time.Hour))}}
	ln, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p.address = ln.Addr().String()
	switch security {
	case securityTLS:
		ln = tls.NewListener(ln, conf)
	case securitySTARTTLS:
		s.TLSConfig = conf
	}
	var wg sync.WaitGroup
	wg.Go(func() { s.Serve(ln) }) //nolint:errcheck // it ends with the listener
	t.Cleanup(func() {
		s.Close() //nolint:errcheck // the test is over
		wg.Wait()
	})
	return p
}

func (p *post) session(*smtp.Conn) (smtp.Session, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sessions++
	return &transaction{p: p}, nil
}

// taken gives the mails so far and forgets them.
func (p *post) taken() []delivered {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := p.mails
	p.mails = nil
	return list
}

func (p *post) count() (sessions, resets int, authed []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.sessions, p.resets, p.authed
}

// transaction is one client's.
type transaction struct {
	p    *post
	from string
	to   []string
}

func (t *transaction) AuthMechanisms() []string { return t.p.mechs }

func (t *transaction) Auth(mech string) (sasl.Server, error) {
	ok := func(user, secret string) error {
		if user != username || secret != password {
			return &smtp.SMTPError{Code: 535, EnhancedCode: smtp.EnhancedCode{5, 7, 8}, Message: "no: " + user + " " + secret + "\u202e\x07"}
		}
		t.p.mu.Lock()
		defer t.p.mu.Unlock()
		t.p.authed = append(t.p.authed, mech)
		return nil
	}
	switch mech {
	case "PLAIN":
		return sasl.NewPlainServer(func(_, user, secret string) error { return ok(user, secret) }), nil
	case "LOGIN":
		return &loginServer{check: ok}, nil
	case "CRAM-MD5":
		return &cramServer{check: ok}, nil
	case "XOAUTH2":
		return &xoauthServer{check: ok}, nil
	}
	return nil, smtp.ErrAuthUnknownMechanism
}

func (t *transaction) Mail(from string, _ *smtp.MailOptions) error {
	t.from, t.to = from, nil
	if t.p.onMail != nil {
		return t.p.onMail(from)
	}
	return nil
}

func (t *transaction) Rcpt(to string, _ *smtp.RcptOptions) error {
	if t.p.onRcpt != nil {
		if err := t.p.onRcpt(to); err != nil {
			return err
		}
	}
	t.to = append(t.to, to)
	return nil
}

func (t *transaction) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if t.p.onData != nil {
		if err := t.p.onData(); err != nil {
			return err
		}
	}
	t.p.mu.Lock()
	t.p.mails = append(t.p.mails, delivered{From: t.from, To: t.to, Raw: raw})
	t.p.mu.Unlock()
	if t.p.onEnd != nil {
		t.p.onEnd()
	}
	return nil
}

func (t *transaction) Reset() {
	t.p.mu.Lock()
	defer t.p.mu.Unlock()
	t.p.resets++
}

func (t *transaction) Logout() error { return nil }

var errMech = errors.New("out of step")

// loginServer is draft-murchison-sasl-login.
type loginServer struct {
	check func(user, password string) error
	step  int
	user  string
}

func (s *loginServer) Next(response []byte) ([]byte, bool, error) {
	s.step++
	switch s.step {
	case 1:
		return []byte("Username:"), false, nil
	case 2:
		s.user = string(response)
		return []byte("Password:"), false, nil
	case 3:
		return nil, true, s.check(s.user, string(response))
	}
	return nil, false, errMech
}

// cramServer is RFC 2195.
type cramServer struct {
	check func(user, password string) error
	asked bool
}

const challenge = "<1896.697170952@mail.example.com>"

func (s *cramServer) Next(response []byte) ([]byte, bool, error) {
	if !s.asked {
		s.asked = true
		return []byte(challenge), false, nil
	}
	user, digest, _ := strings.Cut(string(response), " ")
	h := hmac.New(md5.New, []byte(password))
	h.Write([]byte(challenge))
	if digest != hex.EncodeToString(h.Sum(nil)) {
		return nil, true, s.check(user, "wrong")
	}
	return nil, true, s.check(user, password)
}

// xoauthServer is Google's and Microsoft's; a refusal is a challenge first.
type xoauthServer struct {
	check   func(user, password string) error
	refused error
}

func (s *xoauthServer) Next(response []byte) ([]byte, bool, error) {
	if s.refused != nil {
		return nil, true, s.refused
	}
	user, rest, _ := strings.Cut(strings.TrimPrefix(string(response), "user="), "\x01")
	token := strings.TrimSuffix(strings.TrimPrefix(rest, "auth=Bearer "), "\x01\x01")
	if s.refused = s.check(user, token); s.refused != nil {
		return []byte(`{"status":"401","schemes":"bearer"}`), false, nil //nolint:nilerr // the refusal itself comes next
	}
	return nil, true, nil
}

// bench is a connector against a server, with everything it says recorded.
type bench struct {
	*Connector
	log *logBuffer
	env connector.Env
}

type logBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// settingsOf are valid settings for a server at an address.
func settingsOf(address, security string) map[string]any {
	host, port, _ := net.SplitHostPort(address)
	return map[string]any{
		"host": host, "port": json.Number(port), "security": security, "username": username, "password": password,
		"from": "Tocsin <tocsin@example.com>", "to": []string{"soc@example.com"},
	}
}

// start opens a connector against a server; patch changes its settings.
func start(t *testing.T, p *post, security string, patch map[string]any) *bench {
	t.Helper()
	settings := settingsOf(p.address, security)
	settings["ca_bundle"] = p.authority.PEM
	for name, value := range patch {
		settings[name] = value
	}
	return openWith(t, settings)
}

func openWith(t *testing.T, settings map[string]any) *bench {
	t.Helper()
	raw, err := json.Marshal(settings)
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{log: &logBuffer{}}
	b.env = connectortest.Env(slog.New(slog.NewTextHandler(b.log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	instance, err := Definition().Open(raw, b.env)
	if err != nil {
		t.Fatalf("opening with %s: %v", raw, err)
	}
	b.Connector = instance.(*Connector)
	t.Cleanup(b.Close)
	return b
}

// quiet fails the test if an error or the log holds a secret.
func (b *bench) quiet(t *testing.T, err error) {
	t.Helper()
	text := b.log.String()
	if err != nil {
		text += err.Error()
	}
	if strings.Contains(text, connectortest.Canary) || strings.ContainsAny(text, "\u202e\x07") {
		t.Errorf("an error or the log shows a secret or a control character: %.500s", text)
	}
}

// class is how an error is marked.
func class(err error) string {
	_, throttled := connector.IsThrottled(err)
	_, rejected := connector.IsRejected(err)
	switch {
	case err == nil:
		return "delivered"
	case rejected:
		return "rejected"
	case throttled:
		return "throttled"
	case connector.IsPermanent(err):
		return "permanent"
	}
	return "retryable"
}

// secretsAreSet makes sure that the tests set every secret there is.
func TestSecretsAreSet(t *testing.T) {
	t.Parallel()
	if got := form.SecretFields(Definition().Settings()); len(got) != 2 {
		t.Errorf("the secrets are %v; the tests know password and client_key", got)
	}
}
