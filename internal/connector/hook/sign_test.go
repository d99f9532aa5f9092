package hook

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tocsin-hub/tocsin/internal/connector/connectortest"
	"github.com/tocsin-hub/tocsin/internal/form"
)

// reference is Tocsin's own signature, written down naively.
func reference(key []byte, unix int64, body []byte) []byte {
	h := hmac.New(sha256.New, key)
	fmt.Fprintf(h, "%d.%s", unix, body) //nolint:errcheck // a hash never fails to write
	return h.Sum(nil)
}

// TestStandardVectors holds the signer against the vectors of the Standard Webhooks specification.
func TestStandardVectors(t *testing.T) {
	t.Parallel()
	var file struct {
		Vectors []struct {
			Name      string `json:"name"`
			Secret    string `json:"secret"`
			ID        string `json:"webhook_id"`
			Timestamp int64  `json:"webhook_timestamp"`
			Payload   string `json:"payload"`
			Signature string `json:"webhook_signature"`
			Valid     bool   `json:"valid"`
		} `json:"vectors"`
	}
	raw, err := os.ReadFile(connectortest.SharedPath("specs", "standard-webhooks", "vectors.json"))
	if err != nil {
		t.Skip("the shared specifications are not here: set TOCSIN_SHARED to run this test")
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	for _, v := range file.Vectors {
		secret := v.Secret
		if !strings.HasPrefix(secret, "whsec_") {
			secret = "whsec_" + secret // our settings tell base64 by the prefix
		}
		s, err := NewSigner(form.NewSecret(secret))
		if err != nil {
			t.Fatal(err)
		}
		got := string(s.Standard(nil, v.ID, strconv.FormatInt(v.Timestamp, 10), []byte(v.Payload)))
		if strings.Contains(v.Signature, got) != v.Valid {
			t.Errorf("%s: %s, the vector says %s", v.Name, got, v.Signature)
		}
	}
}

// TestSignerProperty holds the pooled, appended signatures against the plain ones.
func TestSignerProperty(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		key := rapid.StringN(24, 80, 200).Filter(func(s string) bool { return len(s) >= 24 && !strings.HasPrefix(s, "whsec_") }).Draw(t, "key")
		body := []byte(rapid.StringN(0, 300, -1).Draw(t, "body"))
		s, err := NewSigner(form.NewSecret(key))
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			want := fmt.Sprintf("t=%d,v1=%x", 1234567890, reference([]byte(key), 1234567890, body))
			if diff := cmp.Diff(want, string(s.Native(nil, "1234567890", body))); diff != "" {
				t.Fatal(diff)
			}
		}
	})
}

// TestKeyForms: the seed alone and the long form are the same key. The vector is test 2 of RFC 8032 §7.1.
func TestKeyForms(t *testing.T) {
	t.Parallel()
	seed, _ := hex.DecodeString("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
	public, _ := hex.DecodeString("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
	short := "whsk_" + base64.StdEncoding.EncodeToString(seed)
	long := "whsk_" + base64.RawStdEncoding.EncodeToString(slices.Concat(seed, public))
	for _, text := range []string{short, strings.TrimRight(short, "="), long} {
		key, err := privateKey(text)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := publicKey(key), "whpk_"+base64.StdEncoding.EncodeToString(public); got != want {
			t.Errorf("public key %s, want %s", got, want)
		}
		want := "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
		if got := hex.EncodeToString(ed25519.Sign(key, []byte{0x72})); got != want {
			t.Errorf("signature %s", got)
		}
	}
	public[0] ^= 1
	if _, err := privateKey("whsk_" + base64.StdEncoding.EncodeToString(slices.Concat(seed, public))); err == nil {
		t.Error("another's public key is taken")
	}
}

// TestNote: how many secrets sign is said in words that fit.
func TestNote(t *testing.T) {
	t.Parallel()
	old, fresh := form.NewSecret("an old secret of 24 bytes"), form.NewSecret("a new secret of 24 bytes.")
	for _, step := range []struct {
		secrets []form.Secret
		want    string
	}{
		{[]form.Secret{fresh}, "Requests carry an HMAC-SHA256 signature, in X-Sig and as v1 in webhook-signature."},
		{[]form.Secret{fresh, old}, "Requests carry 2 HMAC-SHA256 signatures, in X-Sig and as v1 in webhook-signature."},
	} {
		s, err := NewSigner(step.secrets...)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(step.want, s.Note("X-Sig")); diff != "" {
			t.Errorf("%d secrets (-want +got):\n%s", len(step.secrets), diff)
		}
	}
}
