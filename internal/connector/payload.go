package connector

import (
	"fmt"

	"github.com/tocsin-hub/tocsin/internal/event/payload"
	"github.com/tocsin-hub/tocsin/internal/form"
)

// Payload is the part of a connector's settings that says in which form an event is written. Every connector whose
// receiver takes any form has it.
type Payload struct {
	Profile      string
	Template     string
	Organisation string
}

// Limits of the settings of a form, in bytes.
const (
	maxTemplate     = 4 << 10
	maxOrganisation = 200
)

// Fields declares the settings, under the heading "Payload", with every profile; native is the default.
func (p *Payload) Fields(f *form.Set) {
	p.Profile = payload.Native
	p.Choose(f, payload.Names()...)
}

// Choose is Fields with some of the profiles; p's present one is the default.
func (p *Payload) Choose(f *form.Set, profiles ...string) {
	group := form.Group("Payload")
	f.Choice("profile", &p.Profile, "Payload profile", profiles, form.Default(p.Profile), group,
		form.Help("How an event is written. "+payload.Help(profiles...)))
	f.Text("template", &p.Template, "Template", form.Max(maxTemplate), form.Multiline(), group,
		form.Placeholder(`{"text": event.title, "level": event.severity}`),
		form.Help("For the profile template alone, and required with it: a CEL expression whose value is an object."))
	f.Text("organisation", &p.Organisation, "Organisation", form.Max(maxOrganisation), form.Advanced(), group,
		form.Help("What profiles with a field for it call your organisation. Left out, it is the event's account."))
}

// Check reports what spans the settings, and a template that does not compile.
func (p *Payload) Check(errs *form.Errors) {
	switch {
	case p.Profile == payload.Template && p.Template == "":
		errs.Add("template", "is required with the profile template")
		return
	case p.Profile != payload.Template && p.Template != "":
		errs.Add("template", "is only for the profile template")
		return
	}
	if _, _, err := p.Open(Env{}); err != nil {
		errs.Add("template", "%v", err)
	}
}

// Open gives the writer and what there is to know of the form. Settings that nobody has decoded mean native.
func (p *Payload) Open(env Env) (payload.Writer, payload.Profile, error) {
	name := p.Profile
	if name == "" {
		name = payload.Native
	}
	profile, ok := payload.Lookup(name)
	if !ok {
		return nil, profile, fmt.Errorf("there is no payload profile %q", name)
	}
	write, err := profile.Open(payload.Options{PublicURL: env.PublicURL, Organisation: p.Organisation, Template: p.Template})
	return write, profile, err
}

// Unwritable is the error of a delivery whose event the form cannot hold, now or later.
func Unwritable(profile string, err error) error {
	return Permanent(fmt.Errorf("writing the event as %s: %w", profile, err))
}

// Rest is the outcome of a batch of n deliveries of which those in r were left out of the request, and err came of the
// others. An err about the whole request stands for all of them: nothing was taken, and what was left out shows again with
// the next attempt.
func (r Rejected) Rest(n int, err error) error {
	if len(r) == 0 {
		return err
	}
	others, some := IsRejected(err)
	if err != nil && !some {
		return err
	}
	all := Rejected{}
	sent := 0
	for i := range n {
		if why, left := r[i]; left {
			all[i] = why
			continue
		}
		if why := others[sent]; why != nil {
			all[i] = why
		}
		sent++
	}
	return all
}

// Noter is implemented by an instance that has something to say to whoever sets it up: which signatures its requests
// carry, a public key to hand to the receiver. Notes never hold a secret; tests and previews show them.
type Noter interface {
	Notes() []string
}
