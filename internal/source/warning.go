package source

import (
	"encoding/json"

	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Warning says what is allowed but probably not meant.
type Warning struct {
	Field   string `json:"field" doc:"The field it is about." example:"auth.method"`
	Message string `json:"message" doc:"What to know about it." example:"is none: whoever knows the URL can send events"`
}

// Warnings looks a source over. It never fails: a warning is advice.
func (s *Service) Warnings(src store.Source) []Warning {
	list := []Warning{}
	warn := func(field, message string) { list = append(list, Warning{field, message}) }
	var a struct {
		Method    string `json:"method"`
		Algorithm string `json:"algorithm"`
		Timestamp string `json:"timestamp_header"`
		Signed    string `json:"signed"`
		Subject   string `json:"subject"`
		Previous  string `json:"previous_secret"`
	}
	_ = json.Unmarshal(form.Normalise(new(Auth), src.Auth), &a) // what is stored is an object
	switch a.Method {
	case None:
		warn("auth.method", "is none: whoever knows the URL can send events")
	case MTLS:
		if a.Subject == "" {
			warn("auth.subject", "is not set: every certificate of the authorities is taken")
		}
	case HMAC:
		if a.Timestamp == "" {
			warn("auth.timestamp_header", "is not set: a copied request can be sent again at any time")
		} else if a.Signed == signedBody {
			warn("auth.signed", "is the body alone: nobody can tell whether the time was changed")
		}
		if a.Algorithm == "sha1" {
			warn("auth.algorithm", "is sha1: take sha256 if the sender can")
		}
	}
	if a.Previous != "" {
		warn("auth.previous_secret", "is still taken: remove it (null) once all senders have the new one")
	}
	if auth, err := s.auth(&src); err != nil {
		warn("auth", "cannot be used now: "+err.Error())
	} else if !auth.Secret.IsZero() && len(auth.Secret.Reveal()) < goodSecret {
		warn("auth.secret", "is short: 24 characters or more cannot be guessed")
	}
	return list
}
