package awswaftest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// key is an access key.
type key struct {
	secret, token string
	arn           string
	ends          time.Time
	actions       []string // empty: all
}

func (k *key) may(action string) bool {
	return len(k.actions) == 0 || slices.Contains(k.actions, action)
}

// AddKey makes an access key that allows some actions ("GetIPSet"), or all.
func (s *Service) AddKey(id, secret string, actions ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.keys == nil {
		s.keys = map[string]*key{}
	}
	s.keys[id] = &key{secret: secret, arn: "arn:aws:iam::" + Account + ":user/tocsin", actions: actions}
}

// EndSessions lets the sessions of all roles end.
func (s *Service) EndSessions() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range s.keys {
		if k.token != "" {
			k.ends = s.now()
		}
	}
}

const skew = 5 * time.Minute // how far the clocks may be apart

// authenticate checks a signature of version 4
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html), made anew from what came.
func (s *Service) authenticate(r *http.Request, service string, body []byte) (*key, *Error) {
	rest, ok := strings.CutPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 ")
	if !ok {
		return nil, refuse("MissingAuthenticationTokenException", "Missing Authentication Token")
	}
	part := map[string]string{}
	for _, p := range strings.Split(rest, ", ") {
		name, value, _ := strings.Cut(p, "=")
		part[name] = value
	}
	scope := strings.Split(part["Credential"], "/")
	if len(scope) != 5 {
		return nil, refuse("IncompleteSignatureException", "Credential must have 5 parts: %s", part["Credential"])
	}
	k := s.keys[scope[0]]
	switch {
	case k == nil, k.token != r.Header.Get("X-Amz-Security-Token"):
		return nil, refuse(unknownKey(service), "The security token included in the request is invalid.")
	case !k.ends.IsZero() && !s.now().Before(k.ends):
		return nil, refuse("ExpiredTokenException", "The security token included in the request is expired")
	}
	at, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	if err != nil || scope[1] != at.Format("20060102") || scope[2] != s.region() || scope[3] != service || scope[4] != "aws4_request" {
		return nil, refuse("InvalidSignatureException", "Credential should be scoped to a valid region (%s) and service (%s): %s", s.region(), service, part["Credential"])
	}
	if d := s.now().Sub(at); d > skew || d < -skew {
		return nil, refuse("InvalidSignatureException", "Signature expired: %s is now earlier than %s", at, s.now())
	}
	signed := strings.Split(part["SignedHeaders"], ";")
	for _, must := range []string{"host", "x-amz-date", "x-amz-target", "x-amz-security-token", "content-type"} {
		if (must == "host" || r.Header.Get(must) != "") && !slices.Contains(signed, must) {
			return nil, refuse("InvalidSignatureException", "%s must be signed", must)
		}
	}
	if want := signature(r, body, k.secret, scope, signed, r.Header.Get("X-Amz-Date")); want != part["Signature"] {
		return nil, refuse("InvalidSignatureException", "The request signature we calculated does not match the signature you provided.")
	}
	return k, nil
}

func unknownKey(service string) string {
	if service == "sts" {
		return "InvalidClientTokenId"
	}
	return "UnrecognizedClientException"
}

// signature makes the signature of a request as it came.
func signature(r *http.Request, body []byte, secret string, scope, signed []string, date string) string {
	var canonical strings.Builder
	path := r.URL.EscapedPath()
	if path == "" {
		path = "/"
	}
	fmt.Fprintf(&canonical, "%s\n%s\n%s\n", r.Method, path, r.URL.RawQuery)
	for _, name := range signed {
		var value string
		switch name {
		case "host":
			value = r.Host
		case "content-length":
			value = strconv.FormatInt(r.ContentLength, 10)
		default:
			value = strings.Join(r.Header.Values(name), ",")
		}
		fmt.Fprintf(&canonical, "%s:%s\n", name, strings.Join(strings.Fields(value), " "))
	}
	fmt.Fprintf(&canonical, "\n%s\n%s", strings.Join(signed, ";"), hash(body))
	text := "AWS4-HMAC-SHA256\n" + date + "\n" + strings.Join(scope[1:], "/") + "\n" + hash([]byte(canonical.String()))
	sum := []byte("AWS4" + secret)
	for _, part := range scope[1:] {
		sum = mac(sum, part)
	}
	return hex.EncodeToString(mac(sum, text))
}

func hash(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}
