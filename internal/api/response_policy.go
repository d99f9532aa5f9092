package api

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/identity"
	"github.com/tocsin-hub/tocsin/internal/respond/guard"
)

// policyObject is described by the form that reads it.
type policyObject json.RawMessage

// MarshalJSON writes the object as it is.
func (o policyObject) MarshalJSON() ([]byte, error) { return json.RawMessage(o).MarshalJSON() }

// UnmarshalJSON keeps the bytes.
func (o *policyObject) UnmarshalJSON(b []byte) error { return (*json.RawMessage)(o).UnmarshalJSON(b) }

// Schema is that of the policy's form.
func (policyObject) Schema(huma.Registry) *huma.Schema {
	return fromForm(form.Schema(guard.NewPolicyForm()))
}

// policyView is a policy, and what is known about it.
type policyView json.RawMessage

// MarshalJSON writes the object as it is.
func (o policyView) MarshalJSON() ([]byte, error) { return json.RawMessage(o).MarshalJSON() }

// Schema is that of the policy's form with what is known about it.
func (policyView) Schema(huma.Registry) *huma.Schema {
	s := fromForm(form.Schema(guard.NewPolicyForm()))
	s.Properties["version"] = &huma.Schema{Type: huma.TypeInteger, Description: "Grows with each change; it is the ETag. 0: the account has saved none, and has that of the account above it, or the defaults."}
	s.Properties["killed"] = &huma.Schema{Type: huma.TypeBoolean, Description: "A kill switch is on: the account's own, or that of an account above."}
	s.Properties["killed_reason"] = &huma.Schema{Type: huma.TypeString, Description: "Why it is on."}
	return s
}

// KillSwitch turns the kill switch on or off.
type KillSwitch struct {
	On     bool   `json:"on" doc:"On: no block is made, approved or repaired anywhere. What ends is still taken away." example:"true"`
	Reason string `json:"reason,omitempty" maxLength:"1000" doc:"Why, for people." example:"The new rule blocks customers."`
}

type policyAnswer struct {
	ETag string `header:"ETag" doc:"The version; send it back as If-Match. None while the account has saved no policy of its own."`
	Body policyView
}

// policyAnswer is the policy as it is now.
func (a *server) policyAnswer(ctx context.Context) (*policyAnswer, error) {
	p, document, version, err := a.Blocks.Policy(ctx, accountOf(ctx))
	if err != nil {
		return nil, err
	}
	about, err := json.Marshal(struct {
		Version int64  `json:"version"`
		Killed  bool   `json:"killed"`
		Reason  string `json:"killed_reason"`
	}{version, p.KillSwitch, p.KillReason})
	if err != nil {
		return nil, err
	}
	out := &policyAnswer{Body: policyView(slices.Concat(bytes.TrimSuffix(document, []byte("}")), []byte(","), about[1:]))}
	if version > 0 {
		out.ETag = etag(version)
	}
	return out, nil
}

const policyBase = "/api/v1/response-policy"

func (a *server) policyOperations() {
	register(a, op{
		id: "get-response-policy", method: http.MethodGet, path: policyBase, tag: tagBlocks, scope: scopeBlocks,
		summary: "Get the response policy", about: "The account's rules for blocks, with all defaults. An account that has saved none has those of the account above it.",
	}, func(ctx context.Context, _ *struct{}) (*policyAnswer, error) {
		return a.policyAnswer(ctx)
	})
	register(a, op{
		id: "change-response-policy", method: http.MethodPatch, path: policyBase, tag: tagBlocks, scope: scopeBlocksApprove, act: "response.policy",
		summary: "Change the response policy", ownBody: true, body: object{{"per_hour", 200}, {"approve_all", true}},
		about:    "A JSON merge patch: what is left out stays, null gives back the default. It holds at once, for new requests and approvals.",
		problems: []int{http.StatusPreconditionFailed, http.StatusConflict},
	}, func(ctx context.Context, in *struct {
		Condition
		Body raw[policyObject]
	}) (*policyAnswer, error) {
		version, err := in.version()
		if err != nil {
			return nil, err
		}
		if _, _, err := a.Blocks.SetPolicy(ctx, accountOf(ctx), version, in.Body.RawMessage); err != nil {
			return nil, err
		}
		return a.policyAnswer(ctx)
	})
	register(a, op{
		id: "set-kill-switch", method: http.MethodPost, path: policyBase + "/kill-switch", tag: tagBlocks, scope: scopeBlocksWrite, act: "response.kill_switch",
		summary: "Turn the kill switch on or off", body: object{{"on", true}, {"reason", "The new rule blocks customers."}},
		about:    "On stops all additions and repairs at once, and whoever may ask for blocks may turn it on; to turn it off wants the scope blocks:approve.",
		problems: []int{http.StatusConflict},
	}, func(ctx context.Context, in *struct{ Body KillSwitch }) (*policyAnswer, error) {
		if !in.Body.On && !callerOf(ctx).Can(identity.BlocksApprove) {
			return nil, problem(http.StatusForbidden, "the scope "+scopeBlocksApprove+" is needed to turn the kill switch off").coded("SCOPE_MISSING")
		}
		if err := a.Blocks.Kill(ctx, accountOf(ctx), in.Body.On, in.Body.Reason); err != nil {
			return nil, err
		}
		return a.policyAnswer(ctx)
	})
}
