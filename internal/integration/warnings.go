package integration

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/tidwall/gjson"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Warning says what is allowed but probably not meant.
type Warning struct {
	Field   string `json:"field" doc:"The field it is about." example:"subscription.types"`
	Message string `json:"message" doc:"What to know about it." example:"sends nothing until you choose event types"`
}

// Warnings looks an integration over. It never fails: a warning is advice.
func (s *Service) Warnings(i store.Integration) []Warning {
	list := []Warning{}
	warn := func(field, message string) { list = append(list, Warning{field, message}) }
	def, known := s.Catalogue[i.Kind]
	if def.Responds() {
		warnOfDelivery(i, warn)
	} else if types := gjson.GetBytes(i.Subscription, "types"); len(types.Array()) == 0 {
		warn("subscription.types", "sends nothing until you choose event types")
	}
	for _, path := range i.Voided {
		warn("settings."+path, "was given up because the destination changed; "+waits(def)+" wait until it is entered again or cleared")
	}
	if text := s.fallbackWarning(i); text != "" {
		warn("fallback", text)
	}
	if !known {
		warn("kind", "this build has no connector of this kind; nothing is sent")
		return list
	}
	settings := form.Normalise(def.Settings(), i.Settings)
	for _, path := range urlSettings(settings) {
		warn("settings."+path, "is an http URL: "+waits(def)+" and credentials travel in clear text")
	}
	if v := gjson.GetBytes(settings, "verify_tls"); v.Exists() && !v.Bool() {
		warn("settings.verify_tls", "is off: anybody in between can read and change what is sent")
	}
	// Where the vendor calls, a signing secret proves the vendor to us, and not us to a receiver.
	if !def.CallsBack && hasSetting(form.Schema(def.Settings()), "signing_secret") && gjson.GetBytes(settings, "signing_secret").String() == "" &&
		gjson.GetBytes(settings, "signing_key").String() == "" {
		warn("settings.signing_secret", "is not set: the receiver cannot tell who sent a message")
	}
	if days, ok := daysLeft(i.RotateBy, s.Now()); ok && days < 0 {
		warn("rotate_by", "credentials were to be rotated by "+i.RotateBy)
	} else if ok && days <= rotateSoonDays {
		warn("rotate_by", "credentials are to be rotated by "+i.RotateBy)
	}
	return list
}

// urlSettings names the top-level settings that hold a http URL.
func urlSettings(settings json.RawMessage) []string {
	var paths []string
	gjson.ParseBytes(settings).ForEach(func(name, value gjson.Result) bool {
		if value.Type == gjson.String && strings.HasPrefix(strings.ToLower(value.Str), "http://") {
			paths = append(paths, name.String())
		}
		return true
	})
	return paths
}

func hasSetting(schema json.RawMessage, name string) bool {
	return bytes.Contains(schema, []byte(`"`+name+`"`)) && gjson.GetBytes(schema, "properties."+name).Exists()
}
