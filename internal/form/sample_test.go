package form_test

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/tocsin-hub/tocsin/internal/form"
)

// sample is a form with a field of every kind.
type sample struct {
	URL      string
	Mode     string
	Token    form.Secret
	Name     string
	Verify   bool
	Keep     int
	Ratio    float64
	Timeout  time.Duration
	Limit    form.Size
	Tags     []string
	Steps    []time.Duration
	CA       string
	Key      form.Secret
	Headers  []sampleHeader
	Batch    sampleBatch
	Previous form.Secret
	Old      string
}

type sampleHeader struct {
	Name   string
	Value  form.Secret
	Secret bool
}

type sampleBatch struct {
	MaxEvents int
	Password  form.Secret
}

func (s *sample) Form(f *form.Set) {
	f.URL("url", &s.URL, "Target URL", form.Required(), form.Help("Where events go."), form.Placeholder("https://example.com"))
	f.Choice("mode", &s.Mode, "Mode", []string{"fast", "safe"}, form.Default("safe"))
	f.Secret("token", &s.Token, "Token", form.Required(), form.Min(4))
	f.Text("name", &s.Name, "Name", form.Pattern(`^[a-z]+$`, "lower-case letters"), form.Max(10))
	f.Bool("verify", &s.Verify, "Verify", form.Default(true))
	f.Int("keep", &s.Keep, "Keep", form.Default(100), form.Min(1), form.Max(1000))
	f.Float("ratio", &s.Ratio, "Ratio", form.Min(0.5))
	f.Duration("timeout", &s.Timeout, "Timeout", form.Default(15*time.Second), form.Min(time.Second), form.Max(time.Minute))
	f.Size("limit", &s.Limit, "Limit", form.Default(900*form.KiB), form.Max(form.MiB), form.Advanced(), form.Group("Limits"))
	f.Texts("tags", &s.Tags, "Tags", form.Default([]string{"a"}), form.Max(3))
	f.Durations("steps", &s.Steps, "Steps", form.Default([]time.Duration{0, 5 * time.Second}), form.Since("1.1"))
	f.PEM("ca", &s.CA, "CA | bundle")
	f.SecretPEM("key", &s.Key, "Key")
	form.List(f, "headers", &s.Headers, "Headers", form.Key("name"), form.Max(5))
	f.Object("batch", &s.Batch, "Batch")
	f.Secret("previous", &s.Previous, "Previous token", form.Made())
	f.Text("old", &s.Old, "Old", form.Deprecated("Use name."))
}

func (s *sample) Validate() error {
	if !s.Previous.IsZero() && s.Previous == s.Token {
		return form.Errors{{Path: "previous", Message: "is the same as token"}}
	}
	if s.Name == "nobody" {
		return errors.New("nobody is not allowed here")
	}
	return nil
}

func (h *sampleHeader) Form(f *form.Set) {
	f.Text("name", &h.Name, "Name", form.Required())
	f.Secret("value", &h.Value, "Value", form.Required(), form.SecretWhen(func(o map[string]any) bool { return o["secret"] == true }))
	f.Bool("secret", &h.Secret, "Secret", form.Default(false))
}

func (b *sampleBatch) Form(f *form.Set) {
	f.Int("max_events", &b.MaxEvents, "Most events", form.Default(50), form.Min(1))
	f.Secret("password", &b.Password, "Password")
}

func (b *sampleBatch) Validate() error {
	if b.MaxEvents == 13 {
		return form.Errors{{Path: "max_events", Message: "brings bad luck"}}
	}
	return nil
}

const samplePEM = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"

func raw(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}
