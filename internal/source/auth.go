package source

import (
	"crypto/x509"
	"encoding/base64"
	"errors"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/form"
)

// Limits of Auth.
const (
	// DefaultTolerance is how far a signature's time may be from the hub's clock, into the past or the future.
	DefaultTolerance = 5 * time.Minute
	MinTolerance     = 10 * time.Second
	MaxTolerance     = time.Hour
	// MinSecret is the shortest secret, in bytes; shorter ones can be guessed.
	MinSecret = 8
	// MaxSecret is the longest secret, in bytes.
	MaxSecret = 1 << 10
	// goodSecret is the length below which a warning is given.
	goodSecret = 24
)

// What an HMAC is made over.
const (
	signedBody  = "body"
	signedDot   = "timestamp.body"
	signedColon = "timestamp:body"
)

// Auth says how a sender proves itself.
type Auth struct {
	Method          string
	Username        string
	Header          string
	Secret          form.Secret
	Previous        form.Secret // still good, while senders are being changed to Secret
	Algorithm       string
	Encoding        string
	Prefix          string
	TimestampHeader string
	Signed          string // empty: signedDot with a timestamp header, else signedBody
	Tolerance       time.Duration
	CABundle        string
	Subject         string
}

// Form declares the settings.
func (a *Auth) Form(f *form.Set) {
	const headerName, headerHint = `^[A-Za-z0-9!#$%&'*+.^_|~-]+$`, "the name of a header"
	f.Choice("method", &a.Method, "Method", methodNames(), form.Default(APIKey),
		form.Help("How a sender proves that a request is its own. none lets everybody send who knows the URL."))
	f.Text("username", &a.Username, "User name", form.Max(256), form.Help("For basic.")) //nolint:misspell // a setting
	f.Text("header", &a.Header, "Header", form.Max(64), form.Pattern(headerName, headerHint),
		form.Placeholder("X-Signature"), form.Help("For header: the header that holds the secret. For hmac: the one that holds the signature."))
	f.Secret("secret", &a.Secret, "Secret", form.Min(MinSecret), form.Max(MaxSecret),
		form.Help("The token, password or signing key that the sender has, too. Never shown again."))
	f.Secret("previous_secret", &a.Previous, "Previous secret", form.Min(MinSecret), form.Max(MaxSecret),
		form.Help("Also taken, while senders are being changed to a new secret. Remove it afterwards."))
	f.Choice("algorithm", &a.Algorithm, "Algorithm", []string{"sha256", "sha512", "sha1"}, form.Default("sha256"), form.Advanced(),
		form.Help("For hmac: the hash."))
	f.Choice("encoding", &a.Encoding, "Encoding", []string{"hex", "base64"}, form.Default("hex"), form.Advanced(),
		form.Help("For hmac: how the signature is written."))
	f.Text("prefix", &a.Prefix, "Prefix", form.Max(64), form.Advanced(), form.Placeholder("sha256="),
		form.Help("For hmac: what stands before the signature in its header."))
	f.Text("timestamp_header", &a.TimestampHeader, "Timestamp header", form.Max(64), form.Pattern(headerName, headerHint), form.Advanced(),
		form.Help("For hmac: the header with the time of signing (Unix seconds or milliseconds). Without one, a copied request can be sent again at any time."))
	f.Choice("signed", &a.Signed, "Signed text", []string{signedDot, signedColon, signedBody}, form.Advanced(),
		form.Help("For hmac: what is signed. Unless said, timestamp.body with a timestamp header, and else body."))
	f.Duration("tolerance", &a.Tolerance, "Tolerance", form.Default(DefaultTolerance), form.Min(MinTolerance), form.Max(MaxTolerance), form.Advanced(),
		form.Help("How far the time of a signature may be from the hub's clock."))
	f.PEM("ca_bundle", &a.CABundle, "CA bundle", form.Check(checkCA),
		form.Help("For mtls: certificates of the authorities whose client certificates are taken, in PEM."))
	f.Text("subject", &a.Subject, "Subject", form.Max(256),
		form.Help("For mtls: the common name or an alternative name that the certificate must have. Without it, every certificate of the authorities is taken."))
}

func checkCA(text string) error {
	if !x509.NewCertPool().AppendCertsFromPEM([]byte(text)) {
		return errors.New("holds no certificate")
	}
	return nil
}

// Validate checks what the method needs.
func (a *Auth) Validate() error {
	var errs form.Errors
	set := map[string]bool{
		"username": a.Username != "", "header": a.Header != "", fieldSecret: !a.Secret.IsZero(), "ca_bundle": a.CABundle != "",
	}
	for _, name := range methodOf(a.Method).Needs {
		if !set[name] {
			errs.Add(name, "is required for the method %s", a.Method)
		}
	}
	if a.Method == Basic && strings.Contains(a.Username, ":") {
		errs.Add("username", "must not hold a colon")
	}
	if a.Method == HMAC {
		a.checkHMAC(&errs)
	}
	if a.Method == StandardWebhooks || a.Method == Tocsin {
		checkWhsec(fieldSecret, a.Secret, &errs)
		checkWhsec(fieldPrevious, a.Previous, &errs)
	}
	return errs.Err()
}

func (a *Auth) checkHMAC(errs *form.Errors) {
	timed := a.Signed == signedDot || a.Signed == signedColon
	if timed && a.TimestampHeader == "" {
		errs.Add("timestamp_header", "is required if the timestamp is signed")
	}
	if a.TimestampHeader != "" && strings.EqualFold(a.TimestampHeader, a.Header) {
		errs.Add("timestamp_header", "must be another header than the signature's")
	}
}

// checkWhsec checks the one form of a secret that is encoded.
func checkWhsec(name string, secret form.Secret, errs *form.Errors) {
	encoded, ok := strings.CutPrefix(secret.Reveal(), whsecPrefix)
	if !ok {
		return
	}
	if key, err := decodeWhsec(encoded); err != nil || len(key) < MinSecret {
		errs.Add(name, "must have base64 of at least %d bytes after %s", MinSecret, whsecPrefix)
	}
}

const whsecPrefix = "whsec_"

func decodeWhsec(text string) ([]byte, error) {
	return base64.RawStdEncoding.DecodeString(strings.TrimRight(text, "="))
}

// signed gives what is signed.
func (a *Auth) signed() string {
	switch {
	case a.Signed != "":
		return a.Signed
	case a.TimestampHeader != "":
		return signedDot
	}
	return signedBody
}
