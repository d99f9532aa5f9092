package integration

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
)

// hostile is a host's files and environment, some of which nobody may read.
type hostile struct {
	dir, data, secrets string
	refs               References
}

const referred = "canary-referred-value"

func newHostile(t *testing.T) hostile {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	h := hostile{dir: dir, data: filepath.Join(dir, "data"), secrets: filepath.Join(dir, "secrets")}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, d := range []string{h.data, h.secrets, filepath.Join(h.secrets, "folder"), filepath.Join(dir, "elsewhere"), filepath.Join(dir, "data-of-others")} {
		must(os.MkdirAll(d, 0o700))
	}
	files := map[string]string{
		"data/secret.key": "canary-key", "data/config.db": "canary-db", "identity.txt": "canary-identity", "tocsin.yaml": "canary-config",
		"secrets/token": referred + "\n", "secrets/plain": referred, "secrets/crlf": referred + "\r\n", "secrets/two": referred + "\n\n",
		"secrets/empty": "", "secrets/newline": "\n", "secrets/binary": "\xff\xfe canary", "secrets/nul": "canary\x00",
		"secrets/huge": strings.Repeat("c", MaxReferred+1), "secrets/most": strings.Repeat("c", MaxReferred), "elsewhere/token": "canary-elsewhere",
		"data-of-others/token": referred, "secrets/control": "canary\x1b[31m-value",
	}
	for name, text := range files {
		must(os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	must(os.WriteFile(filepath.Join(h.secrets, "unreadable"), []byte("canary"), 0o000))
	for name, to := range map[string]string{
		"secrets/link": "token", "secrets/to-key": "../data/secret.key", "secrets/to-identity": filepath.Join(dir, "identity.txt"),
		"secrets/to-data": "../data", "secrets/loop": "loop", "secrets/dangling": "nowhere", "secrets/out": "../elsewhere/token",
		"secrets/to-proc": "/proc/self/environ", "secrets/twice": "to-key",
	} {
		must(os.Symlink(to, filepath.Join(dir, name)))
	}
	must(os.Link(filepath.Join(h.data, "secret.key"), filepath.Join(h.secrets, "hard")))
	must(os.Link(filepath.Join(h.data, "config.db"), filepath.Join(h.secrets, "hard-db")))
	must(syscall.Mkfifo(filepath.Join(h.secrets, "pipe"), 0o600))
	env := map[string]string{
		"SPLUNK_TOKEN": referred, "EMPTY": "", "TOCSIN_SECRET_KEY": "canary", "TOCSIN_ADMIN_KEY": "canary", "tocsin_x": "canary",
		"HUGE": strings.Repeat("c", MaxReferred+1), "BINARY": "\xff",
	}
	h.refs = References{
		Forbidden: []string{h.data, filepath.Join(dir, "identity.txt"), filepath.Join(dir, "tocsin.yaml"), filepath.Join(dir, "not-there")},
		LookupEnv: func(name string) (string, bool) { v, ok := env[name]; return v, ok },
	}
	return h
}

// TestReferences names what may and what may not be read. SECRETS, DATA and DIR stand for directories.
func TestReferences(t *testing.T) {
	t.Parallel()
	h := newHostile(t)
	only := func(p References, dirs, env []string) References { p.Dirs, p.Env = dirs, env; return p }
	mode := func(p References, m RefMode) References { p.Mode = m; return p }
	listed := only(mode(h.refs, RefAll), []string{h.secrets, filepath.Join(h.dir, "nowhere")}, []string{"SPLUNK_*", "TOCSIN_*", "["})
	const tenant = event.Account("acme")
	root := os.Getuid() == 0
	for _, tt := range []struct {
		refs    References
		account event.Account
		text    string
		want    string // a part of the error; empty: resolved
	}{
		{h.refs, account, "env:SPLUNK_TOKEN", ""},
		{h.refs, account, "file:SECRETS/token", ""},
		{h.refs, account, "file:SECRETS/plain", ""},
		{h.refs, account, "file:SECRETS/crlf", ""},
		{h.refs, account, "file:SECRETS/link", ""},
		{h.refs, account, "file:SECRETS/most", ""},
		{h.refs, account, "file:DIR/data-of-others/token", ""}, // a name that only begins like the data directory's
		// Syntax.
		{h.refs, account, "env:", "must name an environment variable"},
		{h.refs, account, "env:A=B", "must name an environment variable"},
		{h.refs, account, "env:A B", "must name an environment variable"},
		{h.refs, account, "env:$HOME", "must name an environment variable"},
		{h.refs, account, "env:1A", "must name an environment variable"},
		{h.refs, account, "env:" + strings.Repeat("A", 129), "must name an environment variable"},
		{h.refs, account, "file:", "must name an absolute path"},
		{h.refs, account, "file:token", "must name an absolute path"},
		{h.refs, account, "file:./token", "must name an absolute path"},
		{h.refs, account, "file:~/token", "must name an absolute path"},
		{h.refs, account, "file://SECRETS/token", "must name an absolute path"},
		{h.refs, account, "file:///etc/hostname", "must name an absolute path"},
		{h.refs, account, "file:/", "plain path"},
		{h.refs, account, "file:SECRETS/../data/secret.key", "plain path"},
		{h.refs, account, "file:SECRETS/./token", "plain path"},
		{h.refs, account, "file:SECRETS//token", "plain path"},
		{h.refs, account, "file:SECRETS/token/", "plain path"},
		{h.refs, account, "file:SECRETS/token\x00.txt", "control characters"},
		{h.refs, account, "file:SECRETS/token\n", "control characters"},
		{h.refs, account, "file:SECRETS/\u202etoken", "control characters"},
		{h.refs, account, "file:/" + strings.Repeat("a", MaxReference), "more than"},
		// The hub's own.
		{h.refs, account, "env:TOCSIN_SECRET_KEY", "hub's own variables"},
		{h.refs, account, "env:TOCSIN_ADMIN_KEY", "hub's own variables"},
		{h.refs, account, "env:tocsin_x", "hub's own variables"},
		{listed, account, "env:TOCSIN_SECRET_KEY", "hub's own variables"},
		{h.refs, account, "file:DATA/secret.key", "must not be referred to"},
		{h.refs, account, "file:DATA/config.db", "must not be referred to"},
		{h.refs, account, "file:DATA/not-there", "does not exist"},
		{h.refs, account, "file:DATA", "must not be referred to"},
		{h.refs, account, "file:DIR/identity.txt", "must not be referred to"},
		{h.refs, account, "file:DIR/tocsin.yaml", "must not be referred to"},
		{h.refs, account, "file:SECRETS/to-key", "must not be referred to"},
		{h.refs, account, "file:SECRETS/twice", "must not be referred to"},
		{h.refs, account, "file:SECRETS/to-identity", "must not be referred to"},
		{h.refs, account, "file:SECRETS/to-data/secret.key", "must not be referred to"},
		{h.refs, account, "file:SECRETS/to-data/config.db", "must not be referred to"},
		{h.refs, account, "file:SECRETS/hard", "more than one name"},
		{h.refs, account, "file:SECRETS/hard-db", "more than one name"},
		// The system's.
		{h.refs, account, "file:/proc/self/environ", "must not be referred to"},
		{h.refs, account, "file:/proc/self/cmdline", "must not be referred to"},
		{h.refs, account, "file:/proc/1/environ", "must not be referred to"},
		{h.refs, account, "file:/proc/self/root/proc/self/environ", "must not be referred to"},
		{h.refs, account, "file:/proc/self/fd/0", ""},
		{h.refs, account, "file:/proc/self/root" + h.data + "/secret.key", "must not be referred to"},
		{h.refs, account, "file:/sys/kernel/uevent_seqnum", "must not be referred to"},
		{h.refs, account, "file:/dev/zero", "must not be referred to"},
		{h.refs, account, "file:/dev/stdin", ""},
		{h.refs, account, "file:/dev/fd/0", ""},
		{h.refs, account, "file:SECRETS/to-proc", "must not be referred to"},
		// What is no secret.
		{h.refs, account, "file:SECRETS/folder", "is a directory"},
		{h.refs, account, "file:SECRETS/pipe", "not a regular file"},
		{h.refs, account, "file:SECRETS/huge", "holds more than"},
		{h.refs, account, "file:SECRETS/empty", "is empty"},
		{h.refs, account, "file:SECRETS/newline", "is empty"},
		{h.refs, account, "file:SECRETS/binary", "does not hold text"},
		{h.refs, account, "file:SECRETS/nul", "does not hold text"},
		{h.refs, account, "file:SECRETS/dangling", "does not exist"},
		{h.refs, account, "file:SECRETS/loop", "cannot be opened"},
		{h.refs, account, "file:SECRETS/token/below", "does not exist"},
		{h.refs, account, "env:EMPTY", "is empty"},
		{h.refs, account, "env:NOT_SET", "is not set"},
		{h.refs, account, "env:HUGE", "holds more than"},
		{h.refs, account, "env:BINARY", "does not hold text"},
		// Whose and which.
		{h.refs, tenant, "env:SPLUNK_TOKEN", "only the operator's account"},
		{h.refs, tenant, "file:SECRETS/token", "only the operator's account"},
		{mode(h.refs, RefOff), account, "env:SPLUNK_TOKEN", "switched references off"},
		{mode(h.refs, RefOff), account, "file:SECRETS/token", "switched references off"},
		{mode(h.refs, "nonsense"), account, "file:SECRETS/token", "switched references off"},
		{mode(h.refs, RefAll), tenant, "env:SPLUNK_TOKEN", "named none"},
		{mode(h.refs, RefAll), tenant, "file:SECRETS/token", "named no directory"},
		{mode(h.refs, RefAll), account, "file:SECRETS/token", ""},
		{listed, tenant, "env:SPLUNK_TOKEN", ""},
		{listed, tenant, "file:SECRETS/token", ""},
		{listed, tenant, "env:EMPTY", "not allowed"},
		{listed, tenant, "env:TOCSIN_SECRET_KEY", "hub's own variables"},
		{listed, tenant, "file:DIR/elsewhere/token", "not in a directory"},
		{listed, tenant, "file:SECRETS/out", "not in a directory"},
		{listed, account, "file:SECRETS/out", "not in a directory"},
		{listed, tenant, "file:SECRETS/to-key", "must not be referred to"},
		{listed, tenant, "file:SECRETS", "not in a directory"},
		{only(h.refs, []string{h.data}, nil), account, "file:DATA/secret.key", "must not be referred to"},
	} {
		text := strings.NewReplacer("SECRETS", h.secrets, "DATA", h.data, "DIR", h.dir).Replace(tt.text)
		tt.text = text
		if tt.text == "file:/dev/stdin" || strings.HasSuffix(tt.text, "/fd/0") {
			tt.want = "" // whatever standard input is here, it must not hang
			_, _ = try(&tt.refs, tt.account, text)
			continue
		}
		value, err := try(&tt.refs, tt.account, text)
		switch {
		case tt.want == "" && err != nil:
			t.Errorf("%.80s: %v", text, err)
		case tt.want == "" && !strings.HasSuffix(text, "/most") && value != referred:
			t.Errorf("%.80s: got %q", text, value)
		case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
			t.Errorf("%.80s: got %q and error %v, want %q", text, value, err, tt.want)
		case err != nil && (strings.Contains(err.Error(), "canary") || value != ""):
			t.Errorf("%.80s: a refusal gave something away: %q, %v", text, value, err)
		}
	}
	if _, err := try(&h.refs, account, "file:"+h.secrets+"/unreadable"); !root && (err == nil || !strings.Contains(err.Error(), "give it the right")) {
		t.Errorf("an unreadable file: %v", err)
	}
}

func try(p *References, a event.Account, text string) (string, error) {
	r, err := parseReference(text)
	if err != nil {
		return "", err
	}
	return p.resolve(a, r)
}

// TestReferenceOfAnIntegration: who may set one, how it is shown, and what it opens with.
func TestReferenceOfAnIntegration(t *testing.T) {
	t.Parallel()
	h, f := newHostile(t), newFixture(t)
	f.References = h.refs
	person := act.With(t.Context(), act.Actor{Kind: act.KindKey, ID: "key_x"})
	admin := act.With(t.Context(), act.Actor{Kind: act.KindKey, ID: "key_y", Admin: true})
	ref := "file:" + h.secrets + "/token"
	with := func(ref string) json.RawMessage { return object(t, `{"settings":{"token":"`+ref+`"}}`) }

	for _, refused := range []string{ref, "env:SPLUNK_TOKEN"} {
		_, err := f.Create(person, account, with(refused))
		if got := paths(t, err); got[0] != "settings.token" || !strings.Contains(err.Error(), "only an administrator") {
			t.Errorf("somebody who is no administrator: %v", err)
		}
		_, err = f.Create(admin, "acme", with(refused))
		if got := paths(t, err); got[0] != "settings.token" || !strings.Contains(err.Error(), "only the operator's account") {
			t.Errorf("another account: %v", err)
		}
	}
	_, err := f.Create(admin, account, with("env:NOT_SET"))
	if got := paths(t, err); got[0] != "settings.token" || !strings.Contains(err.Error(), "is not set") {
		t.Errorf("one that stands for nothing: %v", err)
	}
	_, err = f.Create(admin, account, with("file:"+h.secrets+"/control")) // resolved, and then against the setting's rules
	if got := paths(t, err); len(got) != 1 || got[0] != "settings.token" || strings.Contains(err.Error(), "canary") {
		t.Errorf("one that breaks the setting's rules: %v", err)
	}

	i, err := f.Create(admin, account, with(ref))
	if err != nil {
		t.Fatal(err)
	}
	if stored := string(i.Settings); !strings.Contains(stored, ref) || strings.Contains(stored, referred) || len(i.Secrets) != 0 {
		t.Errorf("stored %s and %d secrets", stored, len(i.Secrets))
	}
	checkToken := func(want string) {
		t.Helper()
		opened, err := f.Open(t.Context(), i)
		if err != nil || opened.(*beacon).s.token.Reveal() != want {
			t.Errorf("opened with another token, %v", err)
		}
	}
	checkToken(referred)
	if err := os.WriteFile(filepath.Join(h.secrets, "token"), []byte("canary-renewed"), 0o600); err != nil {
		t.Fatal(err)
	}
	checkToken("canary-renewed")

	// Somebody else may change other things and send the shown reference back, but not move it to another host.
	if i, err = f.Update(person, account, i.ID, 0, []byte(`{"settings":{"mode":"plain","token":"`+ref+`","url":"https://siem.example.com/x"}}`)); err != nil || i.Held() {
		t.Fatalf("sending the reference back: %v", err)
	}
	_, err = f.Update(person, account, i.ID, 0, []byte(`{"settings":{"signing_secret":"`+ref+`"}}`))
	if got := paths(t, err); got[0] != "settings.signing_secret" {
		t.Errorf("copying a reference: %v", err)
	}
	moved, err := f.Update(person, account, i.ID, 0, []byte(`{"settings":{"token":"`+ref+`","url":"https://evil.example.com"}}`))
	if err != nil || strings.Join(moved.Voided, " ") != "token" || strings.Contains(string(moved.Settings), ref) {
		t.Fatalf("moving a reference: %+v, %v", moved.Voided, err)
	}
	_, err = f.Update(person, account, i.ID, 0, []byte(`{"settings":{"token":"`+ref+`"}}`))
	if got := paths(t, err); got[0] != "settings.token" {
		t.Errorf("entering a given up reference again: %v", err)
	}
	if i, err = f.Update(admin, account, i.ID, 0, []byte(`{"settings":{"token":"`+ref+`"}}`)); err != nil || i.Held() {
		t.Fatalf("an administrator enters it again: %v", err)
	}

	// Later the file is gone: an open error that says so; other changes go on.
	if err := os.Remove(filepath.Join(h.secrets, "token")); err != nil {
		t.Fatal(err)
	}
	_, err = f.Open(t.Context(), i)
	var broken *RefError
	if !errors.As(err, &broken) || broken.Reference != ref || !strings.Contains(err.Error(), "does not exist") {
		t.Errorf("opening gave %v", err)
	}
	if _, err := f.Update(person, account, i.ID, 0, []byte(`{"settings":{"mode":"panics"}}`)); err != nil {
		t.Errorf("changing something else: %v", err)
	}
	_, err = f.Test(person, account, i.ID, TestInput{})
	if got := paths(t, err); got[0] != "settings.token" {
		t.Errorf("testing it: %v", err)
	}
}

// TestReferencesAreMasked: what a reference stands for is no more shown than what was entered.
func TestReferencesAreMasked(t *testing.T) {
	t.Parallel()
	h, f, r := newHostile(t), newFixture(t), newReceiver(t)
	f.References = h.refs
	i := f.create(t, `{"settings":{"url":"`+r.URL+`","token":"env:SPLUNK_TOKEN"}}`)
	res, err := f.Test(t.Context(), account, i.ID, TestInput{EventType: "alert.created"})
	if err != nil || !res.OK || strings.Contains(encoded(t, res), referred) {
		t.Fatalf("%s, %v", encoded(t, res), err)
	}
	if r.got[0].Header.Get("Authorization") != "Bearer "+referred {
		t.Error("the reference was not resolved")
	}
	broken := f.create(t, `{"name":"Broken","settings":{"token":"env:SPLUNK_TOKEN","mode":"broken"}}`)
	if _, err := f.Open(t.Context(), broken); err == nil || strings.Contains(err.Error(), referred) {
		t.Errorf("an error of the connector: %v", err)
	}
}

// TestSealedTextIsNoReference: a secret that was stored before references existed stays what it is.
func TestSealedTextIsNoReference(t *testing.T) {
	t.Parallel()
	h, f := newHostile(t), newFixture(t)
	f.References = h.refs
	i := f.create(t, `{}`)
	sealed, err := f.Sealer.Seal(form.NewSecret("env:SPLUNK_TOKEN"), aad(i, "token"))
	if err != nil {
		t.Fatal(err)
	}
	i.Secrets["token"] = sealed
	opened, err := f.Open(t.Context(), i)
	if err != nil || opened.(*beacon).s.token.Reveal() != "env:SPLUNK_TOKEN" {
		t.Errorf("it was resolved, %v", err)
	}
}

func FuzzReference(f *testing.F) {
	for _, text := range []string{"env:A", "file:/etc/x", "file:/../x", "env:TOCSIN_KEY", "file:/proc/self/environ", "file:/a\x00b", "env:"} {
		f.Add(text)
	}
	p := References{LookupEnv: func(string) (string, bool) { return "value", true }}
	f.Fuzz(func(t *testing.T, text string) {
		if !isReference(text) {
			return
		}
		r, err := parseReference(text)
		if err != nil {
			return
		}
		if r.String() != text || (r.env == "") == (r.file == "") {
			t.Fatalf("%q was read as %q", text, r)
		}
		if r.env != "" {
			_, err := p.resolve(account, r)
			if hub := strings.HasPrefix(strings.ToUpper(r.env), "TOCSIN_"); hub == (err == nil) {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		if !strings.HasPrefix(r.file, "/") || strings.Contains(r.file, "/../") || strings.Contains(r.file, "//") {
			t.Fatalf("%q names %q", text, r.file)
		}
	})
}
