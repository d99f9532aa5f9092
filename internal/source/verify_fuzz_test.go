package source

import (
	"errors"
	"net/http"
	"testing"
)

// FuzzCheck gives every method arbitrary headers: nothing panics, and nothing but the secret is taken.
func FuzzCheck(f *testing.F) {
	now := unix(0)
	f.Add("Bearer x", "v1,AAAA v1a,x", now, "m1", []byte(testBody))
	f.Add(basic("a", "b"), "t="+now+",v1="+hexSum(badSecret, "x"), "1614265330123", "a.b", []byte{})
	f.Add("sha256="+hexSum(badSecret, testBody), "sha256=zz", "-1", "", []byte("\x00"))
	var verifiers []*Verifier
	for _, raw := range []string{
		`{"method":"bearer",` + both + `}`, `{"method":"basic","username":"u",` + both + `}`,
		`{"method":"header","header":"authorization",` + both + `}`,
		`{"method":"hmac","header":"Webhook-Signature","timestamp_header":"Webhook-Timestamp",` + both + `}`,
		`{"method":"hmac","header":"Webhook-Signature","algorithm":"sha512","encoding":"base64",` + both + `}`,
		`{"method":"github",` + both + `}`, `{"method":"standard_webhooks",` + both + `}`, `{"method":"tocsin",` + both + `}`,
	} {
		v, err := NewVerifier(auth(f, raw))
		if err != nil {
			f.Fatal(err)
		}
		verifiers = append(verifiers, v)
	}
	f.Fuzz(func(t *testing.T, authorization, signature, stamp, id string, body []byte) {
		h := http.Header{
			"Authorization": {authorization}, "Webhook-Signature": {signature}, "Webhook-Timestamp": {stamp}, "Webhook-Id": {id},
			githubSignature: {signature}, http.CanonicalHeaderKey(githubDelivery): {id}, tocsinHeader: {signature}, tocsinDelivery: {id},
		}
		for _, v := range verifiers {
			claim, err := v.Check(&Head{Header: h, Now: testNow})
			if err == nil && claim.Prove != nil {
				err = claim.Prove(body)
			}
			if _, ok := errors.AsType[*Refused](err); !ok && authorization != goodSecret1 && authorization != goodSecret2 &&
				authorization != "Bearer "+goodSecret1 && authorization != "Bearer "+goodSecret2 {
				t.Fatalf("%s took %q %q %q %q: %v", v.method, authorization, signature, stamp, id, err)
			}
		}
	})
}

// FuzzSignatures: what the readers of signature headers give is within its bounds.
func FuzzSignatures(f *testing.F) {
	f.Add("t=1,v1=00,v1=")
	f.Add("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE= v1,x")
	f.Fuzz(func(t *testing.T, text string) {
		seconds, sums, ok := tocsinSignature(text)
		if ok && (seconds == "" || len(sums) == 0) {
			t.Fatalf("%q gave %q and %d signatures", text, seconds, len(sums))
		}
		for _, list := range [][][]byte{sums, standardSignatures(text)} {
			if len(list) > maxSignatures {
				t.Fatalf("%q gave %d signatures", text, len(list))
			}
			for _, s := range list {
				if len(s) != sha256Size {
					t.Fatalf("%q gave a signature of %d bytes", text, len(s))
				}
			}
		}
		if at, ok := signingTime(text); ok && at.Year() > 33_700 {
			t.Fatalf("%q gave %s", text, at)
		}
	})
}
