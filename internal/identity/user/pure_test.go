package user

import (
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"
	"pgregory.net/rapid"

	"github.com/tocsin-hub/tocsin/internal/form"
)

func TestParseEmail(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"ada@example.com":                     "ada@example.com",
		"Ada.Lovelace+soc@EXAMPLE.com":        "ada.lovelace+soc@example.com",
		"o'brien@example.co.uk":               "o'brien@example.co.uk",
		"zo\u0065\u0301@example.com":          "zo\u00e9@example.com", // composed
		"ada@localhost":                       "ada@localhost",
		"用户@例子.广告":                            "用户@例子.广告",
		"":                                    "",
		"ada":                                 "",
		"@example.com":                        "",
		"ada@":                                "",
		"ada@@example.com":                    "",
		"ada@b@example.com":                   "",
		"ada..x@example.com":                  "",
		".ada@example.com":                    "",
		"ada@example..com":                    "",
		"ada@example.com.":                    "",
		"ada@-example.com":                    "",
		"ada@exa_mple.com":                    "",
		"ada@[192.0.2.1]":                     "",
		" ada@example.com":                    "",
		"ada@example.com ":                    "",
		"ada @example.com":                    "",
		"Ada <ada@example.com>":               "",
		"<ada@example.com>":                   "",
		"ada@example.com (Ada)":               "",
		"ada@example.com, bob@example.com":    "",
		"\"ada\"@example.com":                 "",
		"ada@example.com\r\nBcc: x@y.z":       "",
		"ada\x00@example.com":                 "",
		"ada@example.com\x7f":                 "",
		"a\u202eda@example.com":               "",
		"a\u200bda@example.com":               "",
		"a\u00a0da@example.com":               "",
		"ada\xff@example.com":                 "",
		"=?utf-8?q?ada?=@example.com\n":       "",
		strings.Repeat("a", 65) + "@x.com":    "",
		"a@" + strings.Repeat("b.", 130):      "",
		"a@" + strings.Repeat("b", 64) + ".c": "",
	} {
		got, err := ParseEmail(text)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q (%v), want %q", text, got, err, want)
		}
	}
}

func FuzzParseEmail(f *testing.F) {
	for _, seed := range []string{"ada@example.com", "Zoë@EXAMPLE.com", "\"a b\"@c", "a@[::1]", "İ@x.com", "a\u0345@x.y", "ß@ẞ.com"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := ParseEmail(text)
		if err != nil {
			return
		}
		if again, err := ParseEmail(got); err != nil || again != got {
			t.Errorf("%q gives %q, which gives %q (%v)", text, got, again, err)
		}
		if len(got) > MaxEmailBytes || strings.Count(got, "@") != 1 || strings.ContainsAny(got, " \t\r\n\"<>(),:;[]\\\x00") {
			t.Errorf("%q gives %q", text, got)
		}
	})
}

func TestPHC(t *testing.T) {
	t.Parallel()
	// From the reference implementation's own tests (phc-winner-argon2, src/test.c): password "password", salt "somesalt".
	for _, text := range []string{
		"$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
		"$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
	} {
		h := newHasher(strings.NewReader(""), cheap)
		right, outdated, err := h.verify(t.Context(), "password", text)
		if !right || !outdated || err != nil {
			t.Errorf("%s: right %v, outdated %v (%v)", text, right, outdated, err)
		}
		if right, _, _ := h.verify(t.Context(), "Password", text); right {
			t.Errorf("%s: another password is right", text)
		}
	}
	const ok = "$argon2id$v=19$m=8,t=1,p=1$AAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA"
	if _, err := parsePHC(ok); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"empty":             "",
		"another algorithm": strings.Replace(ok, "argon2id", "argon2i", 1),
		"another version":   strings.Replace(ok, "v=19", "v=16", 1),
		"no version":        strings.Replace(ok, "$v=19", "", 1),
		"a leading zero":    strings.Replace(ok, "m=8", "m=08", 1),
		"a sign":            strings.Replace(ok, "t=1", "t=+1", 1),
		"another order":     strings.Replace(ok, "t=1,p=1", "p=1,t=1", 1),
		"all memory":        strings.Replace(ok, "m=8", "m=4294967295", 1),
		"endless":           strings.Replace(ok, "t=1", "t=4294967295", 1),
		"no passes":         strings.Replace(ok, "t=1", "t=0", 1),
		"no lanes":          strings.Replace(ok, "p=1", "p=0", 1),
		"many lanes":        strings.Replace(ok, "p=1", "p=255", 1),
		"lanes and memory":  strings.Replace(ok, "p=1", "p=2", 1),
		"padding":           ok + "==",
		"loose bits":        ok[:len(ok)-1] + "B",
		"a line":            ok + "\n",
		"a short salt":      strings.Replace(ok, "AAAAAAAAAAA$", "AAAA$", 1),
		"a short hash":      "$argon2id$v=19$m=8,t=1,p=1$AAAAAAAAAAA$AAAA",
		"a long hash":       ok + strings.Repeat("AAAA", 64),
		"more":              ok + "$",
	} {
		if p, err := parsePHC(text); err == nil {
			t.Errorf("%s: %q is taken for %+v", name, text, p)
		}
	}
}

func FuzzParsePHC(f *testing.F) {
	f.Add("$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4")
	f.Add("$argon2id$v=19$m=8,t=1,p=1$$")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := parsePHC(text)
		if err != nil {
			return
		}
		if p.String() != text || p.memory > maxMemory || p.passes < 1 || p.passes > maxPasses || p.lanes < 1 || len(p.hash) < 16 {
			t.Errorf("%q is taken for %+v", text, p)
		}
	})
}

func TestPasswordProblem(t *testing.T) {
	t.Parallel()
	const email, name = "ada.lovelace@analytical.example", "Ada Lovelace"
	fine := []string{
		good, good2, "Tr0ub4dor&3xyz", "kX9#mPq2$vLw", strings.Repeat("pass phrase ", 16)[:190] + "zq",
		"Übergrößenträger 7", "ночной экспресс 42", "パスワードは長いほうがいい", "83#$91!%72@&4", "dragon monkey sunshine master",
	}
	for _, p := range fine {
		if got := passwordProblem(p, email, name); got != "" {
			t.Errorf("%q %s", p, got)
		}
	}
	for want, list := range map[string][]string{
		"at least": {"", "short", "kX9#mPq2$vL", "éééééééé\u0301"},
		"at most":  {strings.Repeat("kX9#mPq2$vLw", 17), strings.Repeat("é", 5000)},
		"control":  {"kX9#mPq2$\nvLw", "kX9#mPq2\x00$vLw", "kX9#mPq2\xff$vLw"},
		"address":  {"x ada.lovelace@analytical.example", "my LOVELACE is 7 deep", "analytical sea 99 bricks"},
		"first": {
			"passwordpassword", "Password1234!", "P@ssw0rd2026!!", "123456789012", "qwertyuiop123", "aaaaaaaaaaaaa", "abcabcabcabcabc",
			"abcdefghijklm", "administrator1", "Welcome2Tocsin!", "iloveyou12345", "000000000001", "Summer2026!!!", "adminadmin123", "1q2w3e4r5t6y",
			"qazwsxedc123", "letmein-letmein", "changeme!changeme!", "zyxwvutsrqpo", "490151234567",
		},
	} {
		for _, p := range list {
			if got := passwordProblem(p, email, name); !strings.Contains(got, want) {
				t.Errorf("%.40q: %q, want that it speaks of %q", p, got, want)
			}
		}
	}
	if passwordProblem("violet tractor ann 7", "ann@x.de", "Ann X") != "" {
		t.Error("a name of three letters is missed in a password")
	}
}

// TestTOTP uses the SHA-1 rows of RFC 6238's appendix B; a code of six digits is the end of one of eight.
func TestTOTP(t *testing.T) {
	t.Parallel()
	secret := []byte("12345678901234567890")
	for at, eight := range map[int64]string{
		59: "94287082", 1111111109: "07081804", 1111111111: "14050471", 1234567890: "89005924", 2000000000: "69279037", 20000000000: "65353130",
	} {
		if got := totpCode(secret, at/30); got != eight[2:] {
			t.Errorf("at %d: %s, want %s", at, got, eight[2:])
		}
	}
}

// TestTOTPAgainstAnother compares with another implementation.
func TestTOTPAgainstAnother(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		secret := rapid.SliceOfN(rapid.Byte(), totpBytes, totpBytes).Draw(t, "secret")
		at := time.Unix(rapid.Int64Range(0, 1<<33).Draw(t, "at"), 0)
		want, err := totp.GenerateCode(base32Plain.EncodeToString(secret), at)
		if got := totpCode(secret, at.Unix()/30); err != nil || got != want {
			t.Fatalf("%s, want %s (%v)", got, want, err)
		}
	})
	key, err := otp.NewKeyFromURL(totpURI("Tocsin Ümlaut & co", "ada+soc@example.com", "GEZDGNBV"))
	if err != nil || key.Issuer() != "Tocsin Ümlaut & co" || key.AccountName() != "ada+soc@example.com" || key.Secret() != "GEZDGNBV" ||
		key.Type() != "totp" || key.Digits() != otp.DigitsSix || key.Period() != 30 || key.Algorithm() != otp.AlgorithmSHA1 {
		t.Errorf("the URI is read as %v (%v)", key, err)
	}
}

func TestTOTPWindow(t *testing.T) {
	t.Parallel()
	secret, now := []byte("12345678901234567890"), time.Unix(1_000_000*30, 0)
	for offset := int64(-3); offset <= 3; offset++ {
		step, ok := totpCheck(secret, totpCode(secret, 1_000_000+offset), now, 0)
		if want := offset >= -1 && offset <= 1; ok != want || ok && step != 1_000_000+offset {
			t.Errorf("%+d steps: step %d, %v, want %v", offset, step, ok, want)
		}
	}
	if _, ok := totpCheck(secret, totpCode(secret, 1_000_000), now, 1_000_000); ok {
		t.Error("a code works twice")
	}
	if _, ok := totpCheck(secret, totpCode(secret, 999_999), now, 1_000_000); ok {
		t.Error("an earlier code works after a later one")
	}
	for _, code := range []string{"", "000000", "12345", "1234567", "abcdef"} {
		if _, ok := totpCheck(secret, code, now, 0); ok {
			t.Errorf("%q is taken for a code", code)
		}
	}
}

func TestCSRF(t *testing.T) {
	t.Parallel()
	a, b := form.NewSecret("tss_a"), form.NewSecret("tss_b")
	if CSRF(a) != CSRF(form.NewSecret("tss_a")) || CSRF(a) == CSRF(b) || strings.Contains(CSRF(a), "tss_a") || len(CSRF(a)) != 43 {
		t.Errorf("tokens are %s and %s", CSRF(a), CSRF(b))
	}
	if !CheckCSRF(a, CSRF(a)) {
		t.Error("the right token is refused")
	}
	for _, wrong := range []string{"", CSRF(b), CSRF(a) + "A", CSRF(a)[1:], strings.ToUpper(CSRF(a)), a.Reveal()} {
		if CheckCSRF(a, wrong) {
			t.Errorf("%q is accepted", wrong)
		}
	}
	if CheckCSRF(form.Secret{}, "") || CSRF(form.Secret{}) != "" {
		t.Error("no session has a token")
	}
}

func TestRecoveryCodes(t *testing.T) {
	t.Parallel()
	codes, hashes, err := newRecovery(newFixture(t).Rand)
	if err != nil || len(codes) != recoveryCodes || len(hashes) != recoveryCodes {
		t.Fatalf("%d codes, %d hashes (%v)", len(codes), len(hashes), err)
	}
	typed := strings.ToUpper(strings.NewReplacer("-", " ", "1", "I", "0", "o").Replace(codes[3].Reveal()))
	rest, ok := spend(hashes, codeText(typed))
	if !ok || len(rest) != recoveryCodes-1 {
		t.Fatalf("%q is refused", typed)
	}
	if _, ok := spend(rest, codeText(codes[3].Reveal())); ok {
		t.Error("a recovery code works twice")
	}
	for _, wrong := range []string{"", "x", strings.Repeat("x", 1000), codes[3].Reveal()[1:]} {
		if _, ok := spend(rest, codeText(wrong)); ok {
			t.Errorf("%q is taken for a recovery code", wrong)
		}
	}
}

func TestClean(t *testing.T) {
	t.Parallel()
	got := Client{Address: "192.0.2.1\r\nX: y", Agent: "a\x00b\u202ec\xff" + strings.Repeat("é", 300)}.kept()
	if got.Address != "192.0.2.1X: y" || !strings.HasPrefix(got.Agent, "abc\ufffdé") || len(got.Agent) > maxAgentBytes {
		t.Errorf("kept is %q", got)
	}
}
