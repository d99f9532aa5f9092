package source

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"strings"
)

// tokens are the hashes of secrets that are sent as they are.
type tokens [][sha256.Size]byte

func tokensOf(a *Auth) tokens {
	var t tokens
	for _, s := range secretsOf(a) {
		t = append(t, sha256.Sum256([]byte(s)))
	}
	return t
}

// has compares in a time that tells neither which secret it was nor how much of it was right.
func (t tokens) has(presented string) bool {
	sum, found := sha256.Sum256([]byte(presented)), 0
	for i := range t {
		found |= subtle.ConstantTimeCompare(sum[:], t[i][:])
	}
	return found == 1
}

const authorization = "Authorization"

func bearerCheck(secrets tokens) func(*Head) (Claim, error) {
	return func(h *Head) (Claim, error) {
		token, err := authorizationOf(h, "Bearer")
		if err != nil {
			return Claim{}, err
		}
		if !secrets.has(token) {
			return Claim{}, refused(ReasonCredentials, "this is not the bearer token of this source")
		}
		return Claim{}, nil
	}
}

func basicCheck(username string, secrets tokens) func(*Head) (Claim, error) {
	name := tokens{sha256.Sum256([]byte(username))}
	return func(h *Head) (Claim, error) {
		err := checkBasic(h, name, secrets)
		if no, ok := err.(*Refused); ok { //nolint:errorlint // it was made a line above
			no.Basic = true
		}
		return Claim{}, err
	}
}

func checkBasic(h *Head, name, secrets tokens) error {
	encoded, err := authorizationOf(h, "Basic")
	if err != nil {
		return err
	}
	pair, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return refused(ReasonMalformed, "the Authorization header does not hold Basic credentials")
	}
	user, password, _ := strings.Cut(string(pair), ":")
	nameOK, passwordOK := name.has(user), secrets.has(password)
	if !nameOK || !passwordOK {
		return refused(ReasonCredentials, "these are not the user name and password of this source")
	}
	return nil
}

// authorizationOf gives what follows the scheme in the Authorization header.
func authorizationOf(h *Head, scheme string) (string, error) {
	value, err := single(h, authorization)
	if err != nil {
		return "", err
	}
	found, rest, _ := strings.Cut(value, " ")
	rest = strings.TrimLeft(rest, " ")
	if !strings.EqualFold(found, scheme) || rest == "" {
		return "", refused(ReasonMalformed, "the Authorization header must be %s and the source's credentials", scheme)
	}
	return rest, nil
}

func headerCheck(name string, secrets tokens) func(*Head) (Claim, error) {
	return func(h *Head) (Claim, error) {
		value, err := single(h, name)
		if err != nil {
			return Claim{}, err
		}
		if !secrets.has(value) {
			return Claim{}, refused(ReasonCredentials, "the header %s does not hold this source's secret", name)
		}
		return Claim{}, nil
	}
}
