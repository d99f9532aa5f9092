package seal

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
)

const canary = "canary-7d1f0c-secret"

func testSealer(t testing.TB) *Sealer {
	t.Helper()
	s, err := Open(t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var somewhere = AAD{Account: "acme", Integration: event.ID{1, 2, 3}, Field: "signing_secret"}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	s := testSealer(t)
	rapid.Check(t, func(t *rapid.T) {
		plain := rapid.String().Draw(t, "plain") + string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes"))
		aad := AAD{Account: event.Account(rapid.String().Draw(t, "account")), Field: rapid.String().Draw(t, "field")}
		copy(aad.Integration[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "integration"))
		sealed, err := s.Seal(form.NewSecret(plain), aad)
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Unseal(sealed, aad)
		if err != nil || got.Reveal() != plain {
			t.Fatalf("unsealed %q (%v), want %q", got.Reveal(), err, plain)
		}
		if len(plain) > 8 && bytes.Contains(sealed, []byte(plain)) {
			t.Fatal("the sealed value holds the plaintext")
		}
	})
}

func TestSealingTwiceDiffers(t *testing.T) {
	t.Parallel()
	s := testSealer(t)
	a, _ := s.Seal(form.NewSecret(canary), somewhere)
	b, _ := s.Seal(form.NewSecret(canary), somewhere)
	if bytes.Equal(a, b) {
		t.Error("the same secret was sealed to the same bytes twice")
	}
}

func TestOtherPlaces(t *testing.T) {
	t.Parallel()
	s := testSealer(t)
	sealed, err := s.Seal(form.NewSecret(canary), somewhere)
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*AAD){
		"account":      func(a *AAD) { a.Account = "acm" },
		"integration":  func(a *AAD) { a.Integration[15]++ },
		"field":        func(a *AAD) { a.Field = "previous_signing_secret" },
		"empty":        func(a *AAD) { *a = AAD{} },
		"shifted text": func(a *AAD) { a.Account, a.Field = a.Account+"s", a.Field[1:] },
	} {
		aad := somewhere
		change(&aad)
		if got, err := s.Unseal(sealed, aad); !errors.Is(err, ErrSealed) || !got.IsZero() {
			t.Errorf("%s: error is %v, want ErrSealed", name, err)
		}
	}
}

// TestBinding moves text between neighbouring parts: no two places may bind the same bytes.
func TestBinding(t *testing.T) {
	t.Parallel()
	seen := map[string]AAD{}
	for _, aad := range []AAD{
		{}, {Account: "a"}, {Field: "a"}, {Account: "ab"}, {Account: "a", Field: "b"}, {Field: "ab"},
		{Integration: event.ID{'a'}}, {Account: "a", Integration: event.ID{'a'}}, {Account: "\x00"}, {Field: "\x00"},
	} {
		b := string(bind([]byte{1}, aad))
		if other, ok := seen[b]; ok {
			t.Errorf("%+v and %+v bind the same bytes", aad, other)
		}
		seen[b] = aad
	}
}

func TestEveryFlippedBitIsFound(t *testing.T) {
	t.Parallel()
	s := testSealer(t)
	sealed, err := s.Seal(form.NewSecret(canary), somewhere)
	if err != nil {
		t.Fatal(err)
	}
	for i := range len(sealed) * 8 {
		damaged := bytes.Clone(sealed)
		damaged[i/8] ^= 1 << (i % 8)
		checkRefused(t, s, damaged)
	}
	for n := range sealed {
		checkRefused(t, s, sealed[:n])
	}
	checkRefused(t, s, append(bytes.Clone(sealed), 0))
}

func checkRefused(t *testing.T, s *Sealer, sealed []byte) {
	t.Helper()
	got, err := s.Unseal(sealed, somewhere)
	if !errors.Is(err, ErrSealed) && !errors.Is(err, ErrOtherKey) || !got.IsZero() {
		t.Fatalf("%x: error is %v, want a refusal", sealed, err)
	}
	if strings.Contains(err.Error(), canary) {
		t.Fatalf("the error holds the secret: %v", err)
	}
}

func TestOtherKey(t *testing.T) {
	t.Parallel()
	a, b := testSealer(t), testSealer(t)
	sealed, err := a.Seal(form.NewSecret(canary), somewhere)
	if err != nil {
		t.Fatal(err)
	}
	_, err = b.Unseal(sealed, somewhere)
	if !errors.Is(err, ErrOtherKey) || !strings.Contains(err.Error(), a.KeyID()) || !strings.Contains(err.Error(), b.KeyID()) {
		t.Errorf("error is %v, want ErrOtherKey naming %s and %s", err, a.KeyID(), b.KeyID())
	}
	copy(sealed[1:], b.ring.Load().current.id[:]) // claims to be b's
	if _, err := b.Unseal(sealed, somewhere); !errors.Is(err, ErrSealed) {
		t.Errorf("error is %v, want ErrSealed", err)
	}
}

// golden is "a golden secret", sealed with the key and for the place that TestGolden names.
const golden = "01672a6664af7347bba5a4795f002e82f20a570341c1c6d8827d39daab16132b8b" +
	"6524409981dfec59cfb5588f51919a"

// TestGolden opens a value that an earlier build sealed: the format must stay readable.
func TestGolden(t *testing.T) {
	t.Parallel()
	s, err := newSealer(keeper{}, []key{{raw: [keyBytes]byte([]byte("0123456789abcdef0123456789abcdef"))}})
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := hex.DecodeString(golden)
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.Unseal(sealed, AAD{Account: "default", Integration: event.ID{15: 7}, Field: "headers.0.value"})
	if err != nil || got.Reveal() != "a golden secret" {
		t.Errorf("unsealed %q (%v)", got.Reveal(), err)
	}
	if sealed[0] != formatVersion || len(sealed) != headBytes+12+16+len("a golden secret") {
		t.Errorf("the golden value has version %d and %d bytes", sealed[0], len(sealed))
	}
}

func TestTooLong(t *testing.T) {
	t.Parallel()
	long := form.NewSecret(strings.Repeat("x", MaxSecretBytes+1))
	if _, err := testSealer(t).Seal(long, somewhere); !errors.Is(err, ErrTooLong) || strings.Contains(err.Error(), "xxx") {
		t.Errorf("error is %v, want ErrTooLong", err)
	}
}

func TestSealerDoesNotPrintItsKey(t *testing.T) {
	t.Parallel()
	raw := []byte("0123456789abcdef0123456789abcdef")
	s, err := newSealer(keeper{}, []key{{raw: [keyBytes]byte(raw)}})
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{fmt.Sprint(s), fmt.Sprintf("%+v", s), fmt.Sprintf("%#v", s)} {
		if strings.Contains(text, string(raw)) || strings.Contains(text, hex.EncodeToString(raw)) || strings.Contains(text, "48, 49, 50") ||
			strings.Contains(text, "48 49 50") {
			t.Errorf("the key is in %s", text)
		}
	}
}

func TestKeyFileIsMadeOnce(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	ids := make(chan string, 8)
	var wg sync.WaitGroup
	for range cap(ids) {
		wg.Go(func() {
			s, err := Open(dir, Options{})
			if err != nil {
				t.Error(err)
				return
			}
			ids <- s.KeyID()
		})
	}
	wg.Wait()
	close(ids)
	first := <-ids
	for id := range ids {
		if id != first {
			t.Errorf("two keys were made: %s and %s", first, id)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 || entries[0].Name() != KeyFile {
		t.Errorf("the folder holds %v (%v), want only the key file", entries, err)
	}
	info, err := os.Stat(filepath.Join(dir, KeyFile))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key file has mode %v (%v), want 600", info.Mode(), err)
	}
}

func TestKeyFileModes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, err := Open(dir, Options{}); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, KeyFile)
	for mode, ok := range map[os.FileMode]bool{0o600: true, 0o400: true, 0o700: true, 0o640: false, 0o604: false, 0o620: false, 0o666: false, 0o601: false} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		_, err := Open(dir, Options{})
		if ok != (err == nil) {
			t.Errorf("mode %o: error is %v", mode, err)
		}
		if !ok && (!errors.Is(err, ErrKeyFile) || !strings.Contains(err.Error(), "chmod 600 "+path)) {
			t.Errorf("mode %o: error is %v, want ErrKeyFile and the remedy", mode, err)
		}
	}
}

func TestKeyFileContents(t *testing.T) {
	t.Parallel()
	sevens := key{raw: [keyBytes]byte(bytes.Repeat([]byte{7}, keyBytes))}
	good := formatKeys([]key{sevens})
	for name, c := range map[string]struct {
		text string
		want string // empty: accepted
	}{
		"as made":         {good, ""},
		"windows lines":   {strings.ReplaceAll(good, "\n", "\r\n"), ""},
		"no comment":      {good[len(keyFileComment):], ""},
		"empty":           {"", "is not a key file of Tocsin"},
		"other text":      {"hello\n", "is not a key file of Tocsin"},
		"the same twice":  {good + good, ""},
		"no key":          {keyFileComment, "holds no key"},
		"too many keys":   {formatKeys(manyKeys(MaxKeys + 1)), "at most 16"},
		"newer format":    {strings.Replace(good, keyFileMagic+" 1", keyFileMagic+" 2", 1), "does not know"},
		"cut off":         {good[:len(good)-6], "is damaged"},
		"a changed key":   {strings.Replace(good, "BwcH", "BwcI", 1), "does not match its id"},
		"not base64":      {strings.Replace(good, "BwcH", "!!!!", 1), "is damaged"},
		"a short key":     {keyFileMagic + " 1 00000000 BwcHBwcHBwcHBwcHBwcHBw==", "is damaged"},
		"far too long":    {good + strings.Repeat("# x\n", 1<<20), "is longer than"},
		"binary nonsense": {strings.Repeat("\x00\xff", 3000), "is not a key file of Tocsin"},
	} {
		dir := t.TempDir()
		path := filepath.Join(dir, KeyFile)
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Open(dir, Options{})
		if c.want == "" {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if !errors.Is(err, ErrKeyFile) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error is %v, want ErrKeyFile saying %q", name, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), "BwcH") {
			t.Errorf("%s: the error holds a piece of the key: %v", name, err)
		}
		if got, _ := os.ReadFile(path); string(got) != c.text {
			t.Errorf("%s: the file was changed", name)
		}
	}
}

func manyKeys(n int) []key {
	keys := make([]key, n)
	for i := range keys {
		keys[i] = newKey(KeyFile)
	}
	return keys
}

func TestKeyFileIsAFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, KeyFile), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, Options{}); !errors.Is(err, ErrKeyFile) {
		t.Errorf("error is %v, want ErrKeyFile", err)
	}
}

func FuzzUnseal(f *testing.F) {
	s := testSealer(f)
	sealed, _ := s.Seal(form.NewSecret(canary), somewhere)
	f.Add(sealed)
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := s.Unseal(b, somewhere)
		if err == nil && got.Reveal() != canary {
			t.Fatalf("unsealed %q from %x", got.Reveal(), b)
		}
	})
}

func BenchmarkRoundTrip(b *testing.B) {
	s := testSealer(b)
	secret := form.NewSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	b.ReportAllocs()
	for b.Loop() {
		sealed, err := s.Seal(secret, somewhere)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := s.Unseal(sealed, somewhere); err != nil {
			b.Fatal(err)
		}
	}
}
