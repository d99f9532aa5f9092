package seal

import (
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"

	"github.com/tocsin-hub/tocsin/internal/form"
)

// bare is a key as openssl rand -base64 32 writes it.
func bare(k key) string { return base64.StdEncoding.EncodeToString(k.raw[:]) }

func secret(text string) form.Secret { return form.NewSecret(text) }

// identity writes a new age identity and gives its path.
func identity(t *testing.T, hybrid bool) (path string, recipient age.Recipient) {
	t.Helper()
	var text string
	if hybrid {
		i, err := age.GenerateHybridIdentity()
		if err != nil {
			t.Fatal(err)
		}
		text, recipient = i.String(), i.Recipient()
	} else {
		i, err := age.GenerateX25519Identity()
		if err != nil {
			t.Fatal(err)
		}
		text, recipient = i.String(), i.Recipient()
	}
	path = filepath.Join(t.TempDir(), "identity.txt")
	if err := os.WriteFile(path, []byte("# created: today\n"+text+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path, recipient
}

func TestMissingKeyBesideADatabase(t *testing.T) {
	t.Parallel()
	id, _ := identity(t, false)
	for name, o := range map[string]Options{"file": {}, "age": {AgeIdentity: id}} {
		o.Existing = true
		dir := t.TempDir()
		_, err := Open(dir, o)
		if !errors.Is(err, ErrNoKey) || !strings.Contains(err.Error(), EnvKey) || !strings.Contains(err.Error(), "tocsin secrets new-key") {
			t.Errorf("%s: %v", name, err)
		}
		if entries, _ := os.ReadDir(dir); len(entries) != 0 {
			t.Errorf("%s: made %v", name, entries)
		}
	}
	if _, err := Open(t.TempDir(), Options{Existing: true, Key: secret(bare(newKey("")))}); err != nil {
		t.Errorf("with a key from outside: %v", err)
	}
}

func TestKeyFromOutside(t *testing.T) {
	t.Parallel()
	a, b, c := newKey(""), newKey(""), newKey("")
	hex := func(k key) string { s, _ := k.prepare(); return s.text() }
	for name, tt := range map[string]struct {
		o    Options
		want []key
	}{
		"bare":             {Options{Key: secret(bare(a))}, []key{a}},
		"without padding":  {Options{Key: secret(strings.TrimRight(bare(a), "="))}, []key{a}},
		"with blanks":      {Options{Key: secret("  " + bare(a) + "\n")}, []key{a}},
		"a file's text":    {Options{Key: secret(formatKeys([]key{a}))}, []key{a}},
		"a longer file":    {Options{Key: secret(formatKeys([]key{a, b}))}, []key{a, b}},
		"previous":         {Options{Key: secret(bare(a)), Previous: secret(bare(b))}, []key{a, b}},
		"several previous": {Options{Key: secret(bare(a)), Previous: secret(bare(b) + " " + bare(c))}, []key{a, b, c}},
		"previous as file": {Options{Key: secret(bare(a)), Previous: secret(formatKeys([]key{c, b}))}, []key{a, c, b}},
		"the same twice":   {Options{Key: secret(bare(a)), Previous: secret(bare(a))}, []key{a}},
	} {
		dir := t.TempDir()
		s, err := Open(dir, tt.o)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got := s.Keys()
		if len(got) != len(tt.want) {
			t.Errorf("%s: %v", name, got)
			continue
		}
		for i, k := range tt.want {
			if got[i].ID != hex(k) || got[i].Current != (i == 0) {
				t.Errorf("%s: key %d is %+v", name, i, got[i])
			}
		}
		if entries, _ := os.ReadDir(dir); len(entries) != 0 {
			t.Errorf("%s: made %v", name, entries)
		}
	}
}

func TestKeyFromOutsideRefused(t *testing.T) {
	t.Parallel()
	good := bare(newKey(""))
	for _, text := range []string{
		"x", good[:40], good + "AAAA", strings.Repeat("A", 43) + "=", "correct horse battery staple", good + " " + good,
		base64.StdEncoding.EncodeToString([]byte(strings.Repeat("ab", 16))), good + "=", good[:42],
		keyFileMagic + " 2 00000000 " + good, keyFileMagic + " 1 00000000 " + good, strings.Repeat("# x\n", 10_000) + keyFileMagic,
	} {
		_, err := Open(t.TempDir(), Options{Key: secret(text)})
		if !errors.Is(err, ErrKeyFile) || !strings.Contains(err.Error(), EnvKey) {
			t.Errorf("%.40q: %v", text, err)
		}
		if err != nil && (strings.Contains(err.Error(), good) || strings.Contains(err.Error(), "staple")) {
			t.Errorf("the error repeats the key: %v", err)
		}
	}
	if _, err := Open(t.TempDir(), Options{Previous: secret("x")}); !errors.Is(err, ErrKeyFile) || !strings.Contains(err.Error(), EnvPrevious) {
		t.Errorf("a bad previous key: %v", err)
	}
}

func TestAge(t *testing.T) {
	t.Parallel()
	for _, hybrid := range []bool{false, true} {
		id, _ := identity(t, hybrid)
		dir := filepath.Join(t.TempDir(), "data")
		s, err := Open(dir, Options{AgeIdentity: id})
		if err != nil {
			t.Fatal(err)
		}
		sealed, err := s.Seal(secret(canary), somewhere)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Open(dir, Options{AgeIdentity: id, Existing: true})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := again.Unseal(sealed, somewhere); err != nil || got.Reveal() != canary {
			t.Errorf("unsealed %v", err)
		}
		text, err := os.ReadFile(filepath.Join(dir, AgeFile))
		if err != nil || !strings.HasPrefix(string(text), "-----BEGIN AGE ENCRYPTED FILE-----") || strings.Contains(string(text), keyFileMagic) {
			t.Errorf("the file is %q, %v", text, err)
		}
		if there, _ := exists(filepath.Join(dir, KeyFile)); there {
			t.Error("a key file in clear was made")
		}
		if _, err := Open(dir, Options{Existing: true}); !errors.Is(err, ErrKeyFile) || !strings.Contains(err.Error(), EnvAgeIdentity) {
			t.Errorf("without the identity: %v", err)
		}
		other, _ := identity(t, hybrid)
		if _, err := Open(dir, Options{AgeIdentity: other}); !errors.Is(err, ErrKeyFile) || !strings.Contains(err.Error(), "another identity") {
			t.Errorf("with another identity: %v", err)
		}
	}
}

func TestAgeIdentityFile(t *testing.T) {
	t.Parallel()
	dir, path := t.TempDir(), filepath.Join(t.TempDir(), "id")
	open := func() error { _, err := Open(dir, Options{AgeIdentity: path}); return err }
	if err := open(); !errors.Is(err, ErrKeyFile) || !strings.Contains(err.Error(), "is not there") {
		t.Errorf("absent: %v", err)
	}
	for name, c := range map[string]struct {
		text string
		mode os.FileMode
		want string
	}{
		"not an identity": {"hunter2-canary", 0o600, "no native age identity"},
		"empty":           {"", 0o600, "no native age identity"},
		"all may read":    {"AGE-SECRET-KEY-1X", 0o644, "chmod 600"},
		"group may write": {"AGE-SECRET-KEY-1X", 0o620, "chmod 600"},
		"long":            {strings.Repeat("#\n", maxIdentityFile), 0o600, "longer"},
	} {
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, c.mode); err != nil {
			t.Fatal(err)
		}
		err := open()
		if !errors.Is(err, ErrKeyFile) || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 0 {
		t.Errorf("made %v", entries)
	}
}

func TestAgeFileDamaged(t *testing.T) {
	t.Parallel()
	id, recipient := identity(t, false)
	encrypted := func(text string) string {
		var b strings.Builder
		w, err := age.Encrypt(&b, recipient)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = w.Write([]byte(text))
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	good := encrypted(formatKeys([]key{newKey("")}))
	for name, text := range map[string]string{
		"empty": "", "text": "hello", "cut": good[:len(good)-9], "not keys": encrypted("hello"), "no key": encrypted(""),
		"flipped": good[:len(good)-1] + string([]byte{good[len(good)-1] ^ 1}), "long": strings.Repeat("x", maxAgeFile+1),
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, AgeFile), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(dir, Options{AgeIdentity: id}); !errors.Is(err, ErrKeyFile) {
			t.Errorf("%s: %v", name, err)
		}
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, AgeFile), []byte(good), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, Options{AgeIdentity: id}); err != nil {
		t.Errorf("not armoured: %v", err)
	}
}

// TestMovingKeys goes from the key file to the environment, and from there to an age file, by rotations.
func TestMovingKeys(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	r := filled(t, s)

	env := Options{Key: NewBareKey(), Existing: true}
	s = openAgain(t, dir, env, r)
	done, err := s.Rotate(t.Context(), r)
	if err != nil || done.Resealed != 5 || !strings.Contains(done.Next, "delete "+filepath.Join(dir, KeyFile)) {
		t.Fatalf("%+v, %v", done, err)
	}
	if err := os.Remove(filepath.Join(dir, KeyFile)); err != nil {
		t.Fatal(err)
	}
	s = openAgain(t, dir, env, r)
	if _, err := s.Rotate(t.Context(), r); !errors.Is(err, ErrNoNewKey) || !strings.Contains(err.Error(), EnvPrevious) {
		t.Errorf("rotating without a new key: %v", err)
	}

	id, _ := identity(t, false)
	s = openAgain(t, dir, Options{AgeIdentity: id, Previous: env.Key, Existing: true}, r)
	done, err = s.Rotate(t.Context(), r)
	if err != nil || done.Resealed != 5 || !strings.Contains(done.Next, "unset "+EnvPrevious) {
		t.Fatalf("%+v, %v", done, err)
	}
	s = openAgain(t, dir, Options{AgeIdentity: id, Existing: true}, r)
	if _, err := s.Rotate(t.Context(), r); !errors.Is(err, ErrNoNewKey) || !strings.Contains(err.Error(), "age -d") {
		t.Errorf("rotating an age file without a new key: %v", err)
	}
}

func openAgain(t *testing.T, dir string, o Options, r *room) *Sealer {
	t.Helper()
	s, err := Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	r.check(t, s)
	return s
}

func TestFromEnviron(t *testing.T) {
	t.Parallel()
	env := map[string]string{EnvKey: "k", EnvPrevious: "p", EnvAgeIdentity: "/id"}
	o := Options{}.FromEnviron(func(name string) string { return env[name] })
	if o.Key.Reveal() != "k" || o.Previous.Reveal() != "p" || o.AgeIdentity != "/id" {
		t.Errorf("%+v", o)
	}
	o = Options{Key: secret("mine"), AgeIdentity: "/mine"}.FromEnviron(func(name string) string { return env[name] })
	if o.Key.Reveal() != "mine" || o.AgeIdentity != "/mine" {
		t.Errorf("what was set is replaced: %+v", o)
	}
}

func FuzzKeys(f *testing.F) {
	k := newKey("")
	f.Add(formatKeys([]key{k}))
	f.Add(formatKeys([]key{k, newKey("")}))
	f.Add(bare(k))
	f.Add("tocsin-secret-key 1 00000000 AAAA")
	f.Fuzz(func(t *testing.T, text string) {
		keys, err := parseKeys(text, KeyFile)
		if err == nil {
			again, err := parseKeys(formatKeys(keys), KeyFile)
			if err != nil || len(again) != len(keys) {
				t.Fatalf("what was read is not read again: %v", err)
			}
		} else if len(text) > 60 && strings.Contains(err.Error(), text) {
			t.Fatal("the error repeats the text")
		}
		if keys, err := parseOutside(form.NewSecret(text), EnvKey); err == nil && len(keys) == 0 && strings.TrimSpace(text) != "" {
			t.Fatal("no key and no error")
		}
	})
}
