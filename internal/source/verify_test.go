package source

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // as in the package
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"hash"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/form"
)

var testNow = time.Date(2026, 3, 1, 10, 15, 30, 0, time.UTC)

const (
	goodSecret1 = "the-first-secret-of-a-source"
	goodSecret2 = "the-secret-that-was-before-it"
	badSecret   = "somebody-elses-secret-0123456"
	testBody    = `{"type":"alert.created"}`
)

func sum(h func() hash.Hash, key string, parts ...string) []byte {
	m := hmac.New(h, []byte(key))
	for _, p := range parts {
		m.Write([]byte(p))
	}
	return m.Sum(nil)
}

func hexSum(key string, parts ...string) string {
	return hex.EncodeToString(sum(sha256.New, key, parts...))
}

func base64Sum(key string, parts ...string) string {
	return base64.StdEncoding.EncodeToString(sum(sha256.New, key, parts...))
}

func unix(d time.Duration) string { return strconv.FormatInt(testNow.Add(d).Unix(), 10) }

// auth makes settings as an operator would write them.
func auth(t testing.TB, raw string) *Auth {
	t.Helper()
	a := new(Auth)
	if err := form.Decode(json.RawMessage(raw), a); err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	return a
}

// headers makes a header of pairs; a name may stand several times.
func headers(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Add(pairs[i], pairs[i+1])
	}
	return h
}

const both = `"secret":"` + goodSecret1 + `","previous_secret":"` + goodSecret2 + `"`

func TestVerify(t *testing.T) {
	t.Parallel()
	whsec := "whsec_" + base64.StdEncoding.EncodeToString([]byte(goodSecret1))
	now := unix(0)
	for _, method := range []struct {
		name, auth string
		cases      []verifyCase
	}{
		{"bearer", `{"method":"bearer",` + both + `}`, []verifyCase{
			{"good", headers("Authorization", "Bearer "+goodSecret1), ""},
			{"another case of the scheme", headers("Authorization", "bEaReR  "+goodSecret1), ""},
			{"previous", headers("Authorization", "Bearer "+goodSecret2), ""},
			{"wrong", headers("Authorization", "Bearer "+badSecret), ReasonCredentials},
			{"longer", headers("Authorization", "Bearer "+goodSecret1+"x"), ReasonCredentials},
			{"half", headers("Authorization", "Bearer "+goodSecret1[:10]), ReasonCredentials},
			{"none", nil, ReasonMissing},
			{"empty", headers("Authorization", ""), ReasonMissing},
			{"no token", headers("Authorization", "Bearer "), ReasonMalformed},
			{"another scheme", headers("Authorization", "Basic "+goodSecret1), ReasonMalformed},
			{"twice", headers("Authorization", "Bearer "+goodSecret1, "Authorization", "Bearer "+goodSecret1), ReasonMalformed},
			{"endless", headers("Authorization", "Bearer "+strings.Repeat("x", 1<<20)), ReasonMalformed},
		}},
		{"basic", `{"method":"basic","username":"falco",` + both + `}`, []verifyCase{
			{"good", headers("Authorization", basic("falco", goodSecret1)), ""},
			{"previous", headers("Authorization", basic("falco", goodSecret2)), ""},
			{"wrong password", headers("Authorization", basic("falco", badSecret)), ReasonCredentials},
			{"wrong name", headers("Authorization", basic("Falco", goodSecret1)), ReasonCredentials},
			{"no colon", headers("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte("falco"))), ReasonCredentials},
			{"not base64", headers("Authorization", "Basic %%%"), ReasonMalformed},
			{"none", nil, ReasonMissing},
			{"twice", headers("Authorization", basic("falco", goodSecret1), "Authorization", basic("x", "y")), ReasonMalformed},
		}},
		{"header", `{"method":"header","header":"authorization",` + both + `}`, []verifyCase{
			{"good", headers("Authorization", goodSecret1), ""},
			{"previous", headers("Authorization", goodSecret2), ""},
			{"wrong", headers("Authorization", badSecret), ReasonCredentials},
			{"another case", headers("Authorization", strings.ToUpper(goodSecret1)), ReasonCredentials},
			{"none", nil, ReasonMissing},
			{"twice", headers("Authorization", goodSecret1, "Authorization", goodSecret1), ReasonMalformed},
		}},
		{"hmac", `{"method":"hmac","header":"X-Signature","prefix":"sha256=",` + both + `}`, []verifyCase{
			{"good", headers("X-Signature", "sha256="+hexSum(goodSecret1, testBody)), ""},
			{"upper case hex", headers("X-Signature", "sha256="+strings.ToUpper(hexSum(goodSecret1, testBody))), ""},
			{"previous", headers("X-Signature", "sha256="+hexSum(goodSecret2, testBody)), ""},
			{"wrong key", headers("X-Signature", "sha256="+hexSum(badSecret, testBody)), ReasonSignature},
			{"tampered body", headers("X-Signature", "sha256="+hexSum(goodSecret1, testBody+" ")), ReasonSignature},
			{"empty key", headers("X-Signature", "sha256="+hexSum("", testBody)), ReasonSignature},
			{"no prefix", headers("X-Signature", hexSum(goodSecret1, testBody)), ReasonMalformed},
			{"half", headers("X-Signature", "sha256="+hexSum(goodSecret1, testBody)[:32]), ReasonMalformed},
			{"base64", headers("X-Signature", "sha256="+base64Sum(goodSecret1, testBody)), ReasonMalformed},
			{"empty", headers("X-Signature", "sha256="), ReasonMalformed},
			{"none", nil, ReasonMissing},
			{"twice, the good one first", headers("X-Signature", "sha256="+hexSum(goodSecret1, testBody), "X-Signature", "x"), ReasonMalformed},
		}},
		{"hmac with a time", `{"method":"hmac","header":"X-Sig","timestamp_header":"X-Time","tolerance":"10s",` + both + `}`, []verifyCase{
			{"good", headers("X-Time", now, "X-Sig", hexSum(goodSecret1, now, ".", testBody)), ""},
			{"milliseconds", headers("X-Time", now+"123", "X-Sig", hexSum(goodSecret1, now, "123.", testBody)), ""},
			{"at the edge", headers("X-Time", unix(-10*time.Second), "X-Sig", hexSum(goodSecret1, unix(-10*time.Second), ".", testBody)), ""},
			{"stale", headers("X-Time", unix(-11*time.Second), "X-Sig", hexSum(goodSecret1, unix(-11*time.Second), ".", testBody)), ReasonTimestamp},
			{"future", headers("X-Time", unix(11*time.Second), "X-Sig", hexSum(goodSecret1, unix(11*time.Second), ".", testBody)), ReasonTimestamp},
			{"a time that was not signed", headers("X-Time", unix(1), "X-Sig", hexSum(goodSecret1, unix(-time.Hour), ".", testBody)), ReasonSignature},
			{"the body alone", headers("X-Time", now, "X-Sig", hexSum(goodSecret1, testBody)), ReasonSignature},
			{"no time", headers("X-Sig", hexSum(goodSecret1, testBody)), ReasonMissing},
			{"no number", headers("X-Time", "soon", "X-Sig", hexSum(goodSecret1, "soon.", testBody)), ReasonMalformed},
			{"a sign", headers("X-Time", "+"+now, "X-Sig", hexSum(goodSecret1, "+", now, ".", testBody)), ReasonMalformed},
			{"endless", headers("X-Time", strings.Repeat("9", 30), "X-Sig", hexSum(goodSecret1, testBody)), ReasonMalformed},
			{"two times", headers("X-Time", now, "X-Time", now, "X-Sig", hexSum(goodSecret1, now, ".", testBody)), ReasonMalformed},
		}},
		{"hmac as Grafana", `{"method":"hmac","header":"X-Grafana-Alerting-Signature","timestamp_header":"X-Grafana-Alerting-Timestamp","signed":"timestamp:body",` + both + `}`, []verifyCase{
			{"good", headers("X-Grafana-Alerting-Timestamp", now, "X-Grafana-Alerting-Signature", hexSum(goodSecret1, now, ":", testBody)), ""},
			{"a dot", headers("X-Grafana-Alerting-Timestamp", now, "X-Grafana-Alerting-Signature", hexSum(goodSecret1, now, ".", testBody)), ReasonSignature},
		}},
		{"hmac, sha512 in base64", `{"method":"hmac","header":"X-Sig","algorithm":"sha512","encoding":"base64",` + both + `}`, []verifyCase{
			{"good", headers("X-Sig", base64.StdEncoding.EncodeToString(sum(sha512.New, goodSecret1, testBody))), ""},
			{"unpadded", headers("X-Sig", base64.RawStdEncoding.EncodeToString(sum(sha512.New, goodSecret1, testBody))), ""},
			{"sha256", headers("X-Sig", base64Sum(goodSecret1, testBody)), ReasonMalformed},
		}},
		{"hmac, sha1", `{"method":"hmac","header":"X-Sig","algorithm":"sha1",` + both + `}`, []verifyCase{
			{"good", headers("X-Sig", hex.EncodeToString(sum(sha1.New, goodSecret1, testBody))), ""},
			{"wrong", headers("X-Sig", hex.EncodeToString(sum(sha1.New, badSecret, testBody))), ReasonSignature},
		}},
		{"github", `{"method":"github",` + both + `}`, []verifyCase{
			{"good", headers("X-Hub-Signature-256", "sha256="+hexSum(goodSecret1, testBody), "X-GitHub-Delivery", "d-1"), ""},
			{"previous", headers("X-Hub-Signature-256", "sha256="+hexSum(goodSecret2, testBody), "X-GitHub-Delivery", "d-1"), ""},
			{"the old header alone", headers("X-Hub-Signature", "sha1="+hex.EncodeToString(sum(sha1.New, goodSecret1, testBody)), "X-GitHub-Delivery", "d-1"), ReasonMissing},
			{"wrong key", headers("X-Hub-Signature-256", "sha256="+hexSum(badSecret, testBody), "X-GitHub-Delivery", "d-1"), ReasonSignature},
			{"tampered body", headers("X-Hub-Signature-256", "sha256="+hexSum(goodSecret1, "{}"), "X-GitHub-Delivery", "d-1"), ReasonSignature},
			{"no delivery", headers("X-Hub-Signature-256", "sha256="+hexSum(goodSecret1, testBody)), ReasonMissing},
			{"a delivery that is no id", headers("X-Hub-Signature-256", "sha256="+hexSum(goodSecret1, testBody), "X-GitHub-Delivery", "a b"), ReasonMalformed},
			{"twice", headers("X-Hub-Signature-256", "sha256="+hexSum(goodSecret1, testBody), "X-Hub-Signature-256", "sha256=00", "X-GitHub-Delivery", "d-1"), ReasonMalformed},
		}},
		{"standard webhooks", `{"method":"standard_webhooks","secret":"` + whsec + `","previous_secret":"` + goodSecret2 + `"}`, []verifyCase{
			{"good", standard("m1", now, "v1,"+base64Sum(goodSecret1, "m1.", now, ".", testBody)), ""},
			{"previous", standard("m1", now, "v1,"+base64Sum(goodSecret2, "m1.", now, ".", testBody)), ""},
			{"several", standard("m1", now, "v1a,xx v1,AAAA v1,"+base64Sum(badSecret, "m1.", now, ".", testBody)+" v1,"+base64Sum(goodSecret1, "m1.", now, ".", testBody)), ""},
			{"wrong key", standard("m1", now, "v1,"+base64Sum(badSecret, "m1.", now, ".", testBody)), ReasonSignature},
			{"tampered body", standard("m1", now, "v1,"+base64Sum(goodSecret1, "m1.", now, ".{}")), ReasonSignature},
			{"another id", standard("m2", now, "v1,"+base64Sum(goodSecret1, "m1.", now, ".", testBody)), ReasonSignature},
			{"an id with a dot", standard("m.1", now, "v1,"+base64Sum(goodSecret1, "m.1.", now, ".", testBody)), ReasonMalformed},
			{"at the edge", standard("m1", unix(-300*time.Second), "v1,"+base64Sum(goodSecret1, "m1.", unix(-300*time.Second), ".", testBody)), ""},
			{"stale", standard("m1", unix(-301*time.Second), "v1,"+base64Sum(goodSecret1, "m1.", unix(-301*time.Second), ".", testBody)), ReasonTimestamp},
			{"future", standard("m1", unix(301*time.Second), "v1,"+base64Sum(goodSecret1, "m1.", unix(301*time.Second), ".", testBody)), ReasonTimestamp},
			{"the asymmetric one alone", standard("m1", now, "v1a,AAAA"), ReasonMalformed},
			{"the seventeenth", standard("m1", now, strings.Repeat("v1,"+base64Sum(badSecret, "x")+" ", maxSignatures)+"v1,"+base64Sum(goodSecret1, "m1.", now, ".", testBody)), ReasonSignature},
			{"no id", headers("webhook-timestamp", now, "webhook-signature", "v1,"+base64Sum(goodSecret1, ".", now, ".", testBody)), ReasonMissing},
			{"no signature", headers("webhook-id", "m1", "webhook-timestamp", now), ReasonMissing},
			{"two signature headers", headers("webhook-id", "m1", "webhook-timestamp", now, "webhook-signature", "v1,x", "webhook-signature", "v1,y"), ReasonMalformed},
		}},
		{"tocsin", `{"method":"tocsin","secret":"` + whsec + `","previous_secret":"` + goodSecret2 + `"}`, []verifyCase{
			{"good", tocsin("t=" + now + ",v1=" + hexSum(goodSecret1, now, ".", testBody)), ""},
			{"previous", tocsin("t=" + now + ",v1=" + hexSum(goodSecret2, now, ".", testBody)), ""},
			{"two live keys of the sender", tocsin("t=" + now + ",v1=" + hexSum(badSecret, now, ".", testBody) + ",v1=" + hexSum(goodSecret1, now, ".", testBody)), ""},
			{"a later version beside it", tocsin("t=" + now + ",v9=zz, v1=" + hexSum(goodSecret1, now, ".", testBody)), ""},
			{"wrong key", tocsin("t=" + now + ",v1=" + hexSum(badSecret, now, ".", testBody)), ReasonSignature},
			{"tampered body", tocsin("t=" + now + ",v1=" + hexSum(goodSecret1, now, ".{}")), ReasonSignature},
			{"another time", tocsin("t=" + unix(time.Second) + ",v1=" + hexSum(goodSecret1, now, ".", testBody)), ReasonSignature},
			{"stale", tocsin("t=" + unix(-301*time.Second) + ",v1=" + hexSum(goodSecret1, unix(-301*time.Second), ".", testBody)), ReasonTimestamp},
			{"future", tocsin("t=" + unix(301*time.Second) + ",v1=" + hexSum(goodSecret1, unix(301*time.Second), ".", testBody)), ReasonTimestamp},
			{"two times", tocsin("t=" + now + ",t=" + now + ",v1=" + hexSum(goodSecret1, now, ".", testBody)), ReasonMalformed},
			{"no time", tocsin("v1=" + hexSum(goodSecret1, ".", testBody)), ReasonMalformed},
			{"no signature", tocsin("t=" + now), ReasonMalformed},
			{"no delivery", headers("X-Tocsin-Signature", "t="+now+",v1="+hexSum(goodSecret1, now, ".", testBody)), ReasonMissing},
			{"twice", headers("X-Tocsin-Delivery", "d", "X-Tocsin-Signature", "t="+now+",v1="+hexSum(goodSecret1, now, ".", testBody), "X-Tocsin-Signature", "x"), ReasonMalformed},
		}},
		{"none", `{"method":"none"}`, []verifyCase{{"anything", nil, ""}, {"or anything else", headers("Authorization", "x"), ""}}},
	} {
		a := auth(t, method.auth)
		for _, c := range method.cases {
			t.Run(method.name+"/"+c.name, func(t *testing.T) {
				t.Parallel()
				c.run(t, a)
			})
		}
	}
}

type verifyCase struct {
	name   string
	header http.Header
	reason string // empty: it proves to be the source's
}

func (c verifyCase) run(t *testing.T, a *Auth) {
	t.Helper()
	err := Verify(a, &Head{Header: c.header, Now: testNow}, []byte(testBody))
	no, ok := errors.AsType[*Refused](err)
	switch {
	case c.reason == "" && err != nil:
		t.Errorf("refused: %v", err)
	case c.reason != "" && !ok:
		t.Errorf("got %v, want to be refused because of %s", err, c.reason)
	case ok && no.Reason != c.reason:
		t.Errorf("refused because of %s, want %s: %v", no.Reason, c.reason, err)
	}
	if err == nil {
		return
	}
	for _, secret := range []string{goodSecret1, goodSecret2, badSecret, hexSum(goodSecret1, testBody), base64Sum(goodSecret1, testBody)} {
		if strings.Contains(err.Error(), secret) || strings.Contains(err.Error(), secret[:8]) {
			t.Errorf("the refusal tells a secret: %v", err)
		}
	}
	for _, values := range c.header {
		for _, v := range values {
			if len(v) > 12 && strings.Contains(err.Error(), v) {
				t.Errorf("the refusal repeats what was presented: %v", err)
			}
		}
	}
}

func basic(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

func standard(id, seconds, signature string) http.Header {
	return headers("webhook-id", id, "webhook-timestamp", seconds, "webhook-signature", signature)
}

func tocsin(signature string) http.Header {
	return headers("X-Tocsin-Delivery", "dlv_1", "X-Tocsin-Signature", signature)
}

// TestDeliveries: what stands for a delivery is the same when it comes again, and another for another.
func TestDeliveries(t *testing.T) {
	t.Parallel()
	now := unix(0)
	claim := func(raw string, h http.Header) Claim {
		t.Helper()
		v, err := NewVerifier(auth(t, raw))
		if err != nil {
			t.Fatal(err)
		}
		c, err := v.Check(&Head{Header: h, Now: testNow})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	const plain, timed = `{"method":"hmac","header":"X-S",` + both + `}`, `{"method":"hmac","header":"X-S","timestamp_header":"X-T",` + both + `}`
	if c := claim(plain, headers("X-S", hexSum(goodSecret1, testBody))); c.Delivery != "" {
		t.Errorf("without a time, two equal bodies would be one delivery: %q", c.Delivery)
	}
	one := claim(timed, headers("X-T", now, "X-S", hexSum(goodSecret1, now)))
	if again := claim(timed, headers("X-T", now, "X-S", strings.ToUpper(hexSum(goodSecret1, now)))); one.Delivery == "" || again.Delivery != one.Delivery {
		t.Error("the same signature, written in another way, is another delivery")
	}
	if other := claim(timed, headers("X-T", now, "X-S", hexSum(goodSecret1, "x"))); other.Delivery == one.Delivery {
		t.Error("another signature is the same delivery")
	}
	const ours = `{"method":"tocsin",` + both + `}`
	first, second := claim(ours, tocsin("t="+now+",v1="+hexSum(goodSecret1, "a"))), claim(ours, tocsin("t="+unix(time.Second)+",v1="+hexSum(goodSecret1, "b")))
	if first.Delivery != second.Delivery || first.Signed == second.Signed || first.Signed == "" {
		t.Errorf("two attempts are %+v and %+v", first, second)
	}
}

// TestStandardVectors holds the method to the reference vectors.
func TestStandardVectors(t *testing.T) {
	t.Parallel()
	var file struct {
		Tolerance int `json:"tolerance_seconds"`
		Vectors   []struct {
			Name      string
			Secret    string
			ID        string `json:"webhook_id"`
			Timestamp int64  `json:"webhook_timestamp"`
			Payload   string
			Signature string `json:"webhook_signature"`
			Valid     bool
		}
	}
	raw, err := os.ReadFile(sharedFile(t, "specs", "standard-webhooks", "vectors.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &file); err != nil || len(file.Vectors) == 0 {
		t.Fatalf("%d vectors, %v", len(file.Vectors), err)
	}
	if time.Duration(file.Tolerance)*time.Second != DefaultTolerance {
		t.Errorf("the tolerance is %s", DefaultTolerance)
	}
	for _, v := range file.Vectors {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			a := auth(t, `{"method":"standard_webhooks","secret":"`+v.Secret+`"}`)
			h := &Head{Header: standard(v.ID, strconv.FormatInt(v.Timestamp, 10), v.Signature), Now: time.Unix(v.Timestamp, 0)}
			if err := Verify(a, h, []byte(v.Payload)); (err == nil) != v.Valid {
				t.Errorf("got %v, want valid to be %v", err, v.Valid)
			}
			h.Now = h.Now.Add(DefaultTolerance + time.Second)
			if err := Verify(a, h, []byte(v.Payload)); err == nil {
				t.Error("it is taken too late")
			}
		})
	}
}

// sharedFile finds a file of the shared reference material, which is not part of the repository.
func sharedFile(t testing.TB, parts ...string) string {
	t.Helper()
	root := os.Getenv("TOCSIN_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared")
	}
	path := filepath.Join(append([]string{root}, parts...)...)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("%s is not here: set TOCSIN_SHARED", filepath.Join(parts...))
	}
	return path
}

// Settings that cannot work are told so field by field.
func TestAuthSettings(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		`{}`:                                "",
		`{"method":"none"}`:                 "",
		`{"method":"magic"}`:                "method",
		`{"method":"bearer"}`:               "secret",
		`{"method":"basic"}`:                "username secret",
		`{"method":"header"}`:               "header secret",
		`{"method":"hmac"}`:                 "header secret",
		`{"method":"mtls"}`:                 "ca_bundle",
		`{"method":"github","secret":"x"}`:  "secret",
		`{"method":"mtls","ca_bundle":"x"}`: "ca_bundle",
		`{"method":"basic","username":"a:b","secret":"12345678"}`:                                                          "username",
		`{"method":"header","header":"X Y","secret":"12345678"}`:                                                           "header",
		`{"method":"hmac","header":"X-Y","secret":"12345678","signed":"timestamp.body"}`:                                   "timestamp_header",
		`{"method":"hmac","header":"X-Y","timestamp_header":"x-y","secret":"12345678"}`:                                    "timestamp_header",
		`{"method":"tocsin","secret":"12345678","tolerance":"9s"}`:                                                         "tolerance",
		`{"method":"tocsin","secret":"12345678","tolerance":"61m"}`:                                                        "tolerance",
		`{"method":"standard_webhooks","secret":"whsec_%%%%%%%%","previous_secret":"whsec_AAAA"}`:                          "secret previous_secret",
		`{"method":"standard_webhooks","secret":"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}`:                                 "",
		`{"method":"hmac","header":"X-Y","secret":"12345678","algorithm":"md5","encoding":"rot13","timestamp_header":"X"}`: "algorithm encoding",
	} {
		err := form.Decode(json.RawMessage(raw), new(Auth))
		var paths []string
		fields, _ := form.AsErrors(err)
		for _, f := range fields {
			paths = append(paths, f.Path)
		}
		if got := strings.Join(paths, " "); got != want {
			t.Errorf("%s: wrong are %q, want %q (%v)", raw, got, want, err)
		}
	}
}
