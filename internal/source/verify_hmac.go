package source

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // some senders sign with nothing else; HMAC-SHA1 is not broken as SHA-1 is
	"crypto/sha256"
	"crypto/sha512"
	"hash"
	"strings"
)

const sha256Size = sha256.Size

// macs makes keyed hashes by each live secret.
type macs struct {
	hash func() hash.Hash
	keys [][]byte
}

// match says whether one of the sums is that of the parts, by one of the keys. Every pair is compared.
func (m macs) match(sums [][]byte, parts ...[]byte) bool {
	found := false
	for _, key := range m.keys {
		h := hmac.New(m.hash, key)
		for _, p := range parts {
			h.Write(p) //nolint:errcheck // a hash never fails to write
		}
		want := h.Sum(nil)
		for _, sum := range sums {
			if hmac.Equal(sum, want) {
				found = true
			}
		}
	}
	return found
}

// plainKeys are the secrets' bytes.
func plainKeys(a *Auth) [][]byte {
	var keys [][]byte
	for _, s := range secretsOf(a) {
		keys = append(keys, []byte(s))
	}
	return keys
}

// webhookKeys are the keys of secrets as webhooks have them: what follows whsec_ is base64. Of a secret without it, some
// senders take the bytes and some decode it; both keys are as secret as it.
func webhookKeys(a *Auth) [][]byte {
	var keys [][]byte
	for _, s := range secretsOf(a) {
		encoded, marked := strings.CutPrefix(s, whsecPrefix)
		if !marked {
			keys = append(keys, []byte(s))
		}
		if key, err := decodeWhsec(encoded); err == nil && len(key) >= MinSecret {
			keys = append(keys, key)
		}
	}
	return keys
}

func wrongSignature(header string) error {
	return refused(ReasonSignature, "the signature in %s is not that of this body by this source's secret: "+
		"sign the bytes that are sent, after any compression", header)
}

var hashes = map[string]func() hash.Hash{"sha256": sha256.New, "sha512": sha512.New, "sha1": sha1.New}

func hmacCheck(a *Auth) func(*Head) (Claim, error) {
	m := macs{hash: hashes[a.Algorithm], keys: plainKeys(a)}
	size, signed, set := m.hash().Size(), a.signed(), *a
	return func(h *Head) (Claim, error) {
		value, err := single(h, set.Header)
		if err != nil {
			return Claim{}, err
		}
		encoded, ok := strings.CutPrefix(value, set.Prefix)
		sum, good := decodeSum(encoded, set.Encoding, size)
		if !ok || !good {
			return Claim{}, refused(ReasonMalformed, "the header %s must be %q and an HMAC-%s in %s",
				set.Header, set.Prefix, strings.ToUpper(set.Algorithm), set.Encoding)
		}
		var claim Claim
		var head []byte
		if set.TimestampHeader != "" {
			stamp, err := single(h, set.TimestampHeader)
			if err != nil {
				return Claim{}, err
			}
			if err := checkTime(stamp, "the header "+set.TimestampHeader, set.Tolerance, h.Now); err != nil {
				return Claim{}, err
			}
			switch signed {
			case signedDot:
				head = []byte(stamp + ".")
			case signedColon:
				head = []byte(stamp + ":")
			}
			claim.Delivery = deliverySignature + string(sum)
		}
		claim.Prove = func(body []byte) error {
			if !m.match([][]byte{sum}, head, body) {
				return wrongSignature(set.Header)
			}
			return nil
		}
		return claim, nil
	}
}

// The kinds of texts that stand for a delivery.
const (
	deliveryID        = "id "
	deliverySignature = "signature "
)

// The headers of GitHub (https://docs.github.com/webhooks/webhook-events-and-payloads#delivery-headers).
const (
	githubSignature = "X-Hub-Signature-256"
	githubDelivery  = "X-GitHub-Delivery"
	githubPrefix    = "sha256="
)

// githubCheck: the id of a delivery is not signed, and GitHub gives the same one to every hook that an event concerns: so
// the signature, which depends on the body alone, stands beside it.
func githubCheck(a *Auth) func(*Head) (Claim, error) {
	m := macs{hash: sha256.New, keys: plainKeys(a)}
	return func(h *Head) (Claim, error) {
		value, err := single(h, githubSignature)
		if err != nil {
			return Claim{}, err
		}
		encoded, ok := strings.CutPrefix(value, githubPrefix)
		sum, good := decodeSum(encoded, "hex", sha256Size)
		if !ok || !good {
			return Claim{}, refused(ReasonMalformed, "the header %s must be %s and an HMAC-SHA256 in hex", githubSignature, githubPrefix)
		}
		id, err := delivery(h, githubDelivery)
		if err != nil {
			return Claim{}, err
		}
		return Claim{
			Delivery: deliveryID + id + " " + string(sum),
			Prove: func(body []byte) error {
				if !m.match([][]byte{sum}, body) {
					return wrongSignature(githubSignature)
				}
				return nil
			},
		}, nil
	}
}

// The headers of Standard Webhooks 1.0 (https://www.standardwebhooks.com/).
const (
	standardID        = "Webhook-Id"
	standardTimestamp = "Webhook-Timestamp"
	standardSignature = "Webhook-Signature"
)

func standardCheck(a *Auth) func(*Head) (Claim, error) {
	m := macs{hash: sha256.New, keys: webhookKeys(a)}
	tolerance := a.Tolerance
	return func(h *Head) (Claim, error) {
		id, err := delivery(h, standardID)
		if err != nil {
			return Claim{}, err
		}
		if strings.Contains(id, ".") { // where it ends in the signed text could be read in two ways
			return Claim{}, refused(ReasonMalformed, "the header %s must not hold a dot", standardID)
		}
		seconds, err := single(h, standardTimestamp)
		if err != nil {
			return Claim{}, err
		}
		if err := checkTime(seconds, "the header "+standardTimestamp, tolerance, h.Now); err != nil {
			return Claim{}, err
		}
		value, err := single(h, standardSignature)
		if err != nil {
			return Claim{}, err
		}
		sums := standardSignatures(value)
		if len(sums) == 0 {
			return Claim{}, refused(ReasonMalformed, "the header %s holds no v1 signature", standardSignature)
		}
		return Claim{
			Delivery: deliveryID + id,
			Prove: func(body []byte) error {
				if !m.match(sums, []byte(id+"."+seconds+"."), body) {
					return wrongSignature(standardSignature)
				}
				return nil
			},
		}, nil
	}
}

// Tocsin's own headers.
const (
	tocsinHeader   = "X-Tocsin-Signature"
	tocsinDelivery = "X-Tocsin-Delivery"
)

// tocsinCheck: the id of a delivery stays the same over attempts and is not signed; the time of the attempt is. Both are
// looked at, so that neither an honest second attempt nor a copy under another id counts twice.
func tocsinCheck(a *Auth) func(*Head) (Claim, error) {
	m := macs{hash: sha256.New, keys: webhookKeys(a)}
	tolerance := a.Tolerance
	return func(h *Head) (Claim, error) {
		value, err := single(h, tocsinHeader)
		if err != nil {
			return Claim{}, err
		}
		seconds, sums, ok := tocsinSignature(value)
		if !ok {
			return Claim{}, refused(ReasonMalformed, "the header %s must be t=<Unix seconds>,v1=<HMAC-SHA256 in hex>", tocsinHeader)
		}
		if err := checkTime(seconds, "t in the header "+tocsinHeader, tolerance, h.Now); err != nil {
			return Claim{}, err
		}
		id, err := delivery(h, tocsinDelivery)
		if err != nil {
			return Claim{}, err
		}
		claim := Claim{Delivery: deliveryID + id, Signed: seconds}
		claim.Prove = func(body []byte) error {
			if !m.match(sums, []byte(seconds+"."), body) {
				return wrongSignature(tocsinHeader)
			}
			return nil
		}
		return claim, nil
	}
}
