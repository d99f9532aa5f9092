package integration

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/seal"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// actRotate is the act of rotating the key.
const actRotate = "secrets.rotate"

// Secrets looks after the key that every stored secret of the installation is sealed with. It is for the operator.
type Secrets struct {
	Sealer *seal.Sealer
	// Integrations are one of the rooms that keep secrets; Others are the rest, such as users with their second factors.
	// Every room must be there: a key is given up once none of them names it.
	Integrations *Service
	Others       []seal.Resealer
	Recorder     act.Recorder
}

func (x *Secrets) rooms() []seal.Resealer {
	return append([]seal.Resealer{x.Integrations}, x.Others...)
}

// RotationResult is what a rotation of the key did.
type RotationResult struct {
	Key        string        `json:"key" doc:"The id of the key that everything is sealed with now." example:"672a6664"`
	Earlier    []string      `json:"earlier" doc:"The ids of the keys that were in use before." example:"[\"af7347bb\"]"`
	Resumed    bool          `json:"resumed" doc:"Whether this finished a rotation that had been broken off; then no new key was made." example:"false"`
	Resealed   int           `json:"resealed" doc:"How many secrets were sealed anew." example:"42"`
	Secrets    int           `json:"secrets" doc:"How many sealed secrets there are." example:"42"`
	Unreadable []SealedPlace `json:"unreadable" doc:"Secrets that no key here opens; they are to be entered again. At most 100."`
	Next       string        `json:"next" doc:"What is still to be done by hand; empty if nothing." example:""`
}

// SealedPlace is where a secret is kept.
type SealedPlace struct {
	Account string `json:"account" doc:"The account." example:"default"`
	Holder  string `json:"holder" doc:"The UUID of the integration or user." example:"0197f1f0-1111-7222-8333-444455556666"`
	Field   string `json:"field" doc:"The setting's path." example:"token"`
	Key     string `json:"key" doc:"The id of the key that it names." example:"af7347bb"`
}

// Rotate changes the key, or finishes a change that was broken off; see seal.Sealer.Rotate for its errors.
func (x *Secrets) Rotate(ctx context.Context) (result RotationResult, err error) {
	a := act.Act{Account: event.DefaultAccount, Action: actRotate, Target: "key " + x.Sealer.KeyID()}
	err = act.Do(ctx, x.recorder(), a, func(ctx context.Context) error {
		r, err := x.Sealer.Rotate(ctx, x.rooms()...)
		result = RotationResult{
			Key: r.Key, Earlier: orEmpty(r.Earlier), Resumed: r.Resumed, Resealed: r.Resealed, Secrets: r.Values,
			Unreadable: places(r.Unreadable), Next: r.Next,
		}
		return err
	})
	return result, err
}

func (x *Secrets) recorder() act.Recorder {
	if x.Recorder == nil {
		return act.Discard{}
	}
	return x.Recorder
}

func places(list []seal.Place) []SealedPlace {
	out := make([]SealedPlace, len(list))
	for k, p := range list {
		out[k] = SealedPlace{Account: string(p.Account), Holder: p.Integration.UUID(), Field: p.Field, Key: p.Key}
	}
	return out
}

// SecretsStatus is how the secrets of the installation stand.
type SecretsStatus struct {
	Keys       []KeyStatus        `json:"keys" doc:"The keys, the current one first; then ids that secrets name and that are not here."`
	Secrets    int                `json:"secrets" doc:"How many sealed secrets there are." example:"42"`
	Unreadable []SealedPlace      `json:"unreadable" doc:"Secrets that no key here opens; they are to be entered again. At most 100."`
	References []ReferenceStatus  `json:"references" doc:"Secrets that are references to the hub's environment or files."`
	Voided     []VoidedCredential `json:"voided" doc:"Integrations that wait for secrets to be entered again, because their destination changed."`
	Expiring   []Expiring         `json:"expiring" doc:"Integrations whose rotation date is within 14 days or past, the most urgent first."`
}

// KeyStatus is a key and how much is sealed with it.
type KeyStatus struct {
	seal.KeyInfo
	Secrets int  `json:"secrets" doc:"How many secrets are sealed with it." example:"42"`
	Missing bool `json:"missing" doc:"Whether the key is not here, so that its secrets cannot be read." example:"false"`
}

// ReferenceStatus is one reference.
type ReferenceStatus struct {
	Account     string `json:"account" doc:"The account." example:"default"`
	Integration string `json:"integration" doc:"The integration's id." example:"int_01k5m3p0c4e8s9v6w2x7y1z0ab"`
	Setting     string `json:"setting" doc:"The setting's path." example:"token"`
	Reference   string `json:"reference" doc:"The reference itself." example:"file:/run/secrets/splunk-token"`
	Error       string `json:"error" doc:"Why it cannot be used now; empty if it can." example:""`
}

// VoidedCredential is an integration that is held.
type VoidedCredential struct {
	Account     string   `json:"account" doc:"The account." example:"default"`
	Integration string   `json:"integration" doc:"The integration's id." example:"int_01k5m3p0c4e8s9v6w2x7y1z0ab"`
	Settings    []string `json:"settings" doc:"The settings to enter again or to clear." example:"[\"token\"]"`
}

// Expiring is a credential that is to be renewed.
type Expiring struct {
	Account     string `json:"account" doc:"The account." example:"default"`
	Integration string `json:"integration" doc:"The integration's id." example:"int_01k5m3p0c4e8s9v6w2x7y1z0ab"`
	Name        string `json:"name" doc:"The integration's name." example:"Splunk prod"`
	Owner       string `json:"owner" doc:"Who is to do it." example:"dana@example.com"`
	RotateBy    string `json:"rotate_by" doc:"The date." example:"2027-01-31"`
	DaysLeft    int    `json:"days_left" doc:"Days until then; negative when it is past." example:"7"`
}

// Status looks at every secret of the installation. It unseals each, so that a damaged one shows, and resolves every
// reference; it gives no value away.
func (x *Secrets) Status(ctx context.Context) (SecretsStatus, error) {
	found, err := x.Sealer.Survey(ctx, x.rooms()...)
	if err != nil {
		return SecretsStatus{}, fmt.Errorf("looking at the sealed secrets: %w", err)
	}
	status := SecretsStatus{
		Keys: x.keyStatus(found), Secrets: found.Values, Unreadable: places(found.Unreadable),
		References: []ReferenceStatus{}, Voided: []VoidedCredential{}, Expiring: []Expiring{},
	}
	rows, err := x.Integrations.Store.AllIntegrations(ctx)
	if err != nil {
		return SecretsStatus{}, fmt.Errorf("reading the integrations: %w", err)
	}
	now := x.Integrations.Now()
	for _, i := range rows {
		status.References = append(status.References, x.Integrations.references(i)...)
		if len(i.Voided) > 0 {
			status.Voided = append(status.Voided, VoidedCredential{Account: string(i.Account), Integration: idText(i), Settings: i.Voided})
		}
		if days, ok := daysLeft(i.RotateBy, now); ok && days <= rotateSoonDays {
			status.Expiring = append(status.Expiring, Expiring{
				Account: string(i.Account), Integration: idText(i), Name: i.Name, Owner: i.Owner, RotateBy: i.RotateBy, DaysLeft: days,
			})
		}
	}
	slices.SortStableFunc(status.Expiring, func(a, b Expiring) int { return a.DaysLeft - b.DaysLeft })
	return status, nil
}

func (x *Secrets) keyStatus(found seal.Survey) []KeyStatus {
	var list []KeyStatus
	here := map[string]bool{}
	for _, k := range x.Sealer.Keys() {
		list = append(list, KeyStatus{KeyInfo: k, Secrets: found.ByKey[k.ID]})
		here[k.ID] = true
	}
	var missing []KeyStatus
	for id, n := range found.ByKey {
		if !here[id] {
			missing = append(missing, KeyStatus{KeyInfo: seal.KeyInfo{ID: id}, Secrets: n, Missing: true})
		}
	}
	slices.SortFunc(missing, func(a, b KeyStatus) int { return strings.Compare(a.ID, b.ID) })
	return append(list, missing...)
}

// references lists the references of an integration and whether they can be used.
func (s *Service) references(i store.Integration) []ReferenceStatus {
	def, known := s.Catalogue[i.Kind]
	if !known {
		return nil
	}
	var list []ReferenceStatus
	for path, text := range form.SecretTexts(def.Settings(), i.Settings) {
		if !isReference(text) {
			continue
		}
		r := ReferenceStatus{Account: string(i.Account), Integration: idText(i), Setting: path, Reference: event.Clip(text, MaxReference)}
		if _, err := s.refer(i, path, text); err != nil {
			r.Error = err.Error()
		}
		list = append(list, r)
	}
	slices.SortFunc(list, func(a, b ReferenceStatus) int { return strings.Compare(a.Setting, b.Setting) })
	return list
}
