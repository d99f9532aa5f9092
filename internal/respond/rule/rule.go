// Package rule makes events ask for blocks. A response rule is a subscription and what to block: addresses that a sensor
// observed, never what stands in text. A rule begins in shadow mode, in which it only says what it would have done; in
// mode "propose" its blocks wait for a person, in mode "apply" they are made. The guard looks at each of them as at any
// other request.
//
// [Service.Run] is a cursor on the journal with a place of its own. What a rule did for an event and an address is a hit;
// hits are saved together with the place, and blocks are asked for under the event's id, so that a crash in between
// repeats nothing.
package rule

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/respond/guard"
	"github.com/tocsin-hub/tocsin/internal/route"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Limits.
const (
	// MaxRules is how many rules an account may have.
	MaxRules = 100
	// MaxTargets is how many addresses of one event a rule looks at, the first ones.
	MaxTargets = 10
	// MaxPerHour bounds a rule's own cap. The hits of an hour must be among those that are kept (store.MaxRuleHits), since the
	// cap is counted by them after a start.
	MaxPerHour = 500
	// MaxIntegrations bounds the responders that a rule names.
	MaxIntegrations = 100
	// MaxReceivedAge and MaxEventAge are how long ago an event may have been received, and may have happened by its sender's
	// word, for a rule to act: an address that attacked last week may be somebody else's by now.
	MaxReceivedAge = time.Hour
	MaxEventAge    = 24 * time.Hour
)

// Errors that callers match with errors.Is, beside respond.ErrNoRule and respond.ErrVersion.
var (
	ErrNameTaken = errors.New("there is a response rule of that name already")
	ErrFull      = errors.New("the account has as many response rules as it may have")
)

// The modes of a rule.
const (
	Shadow  = "shadow"
	Propose = "propose"
	Apply   = "apply"
)

// The decisions of a hit.
const (
	WouldBlock  = "would_block"
	WouldAsk    = "would_ask"
	WouldRefuse = "would_refuse"
	Blocked     = "blocked"
	Asked       = "asked"
	Refused     = "refused"
	Repeated    = "repeated"
)

// AnyRole lets a rule look at observed addresses whatever their role.
const AnyRole = "any"

// Block is what a rule asks for, the rule's document.
type Block struct {
	EntityRole   string   `json:"entity_role" doc:"The role of the addresses that are blocked: source, target, …, or any." example:"source"`
	TTL          string   `json:"ttl,omitempty" doc:"How long; the policy's default if left out. A rule makes no permanent blocks." example:"24h"`
	Integrations []string `json:"integrations,omitempty" doc:"The responders; all of the account if left out."`
	Reason       string   `json:"reason,omitempty" doc:"Why, for people; the rule's name if left out." example:"Brute force against the login"`
	MaxPerHour   int      `json:"max_per_hour" doc:"How many addresses the rule may block or propose within an hour, whatever the policy allows." example:"20"`
}

// Form declares a block.
func (b *Block) Form(f *form.Set) {
	f.Text("entity_role", &b.EntityRole, "Role", form.Default("source"), form.Max(event.MaxName), form.Check(checkRole),
		form.Help("Addresses with this role are blocked, if a sensor observed them: source is who attacked. any is whatever role."))
	f.Text("ttl", &b.TTL, "Duration", form.Max(32), form.Check(checkTTL), form.Placeholder("24h"),
		form.Help("How long a block lasts, such as 24h or 7d; the policy's default if left out."))
	f.Texts("integrations", &b.Integrations, "Responders", form.Max(MaxIntegrations), form.Check(checkIntegration),
		form.Help("Where it is blocked; at all responders of the account if left out."))
	f.Text("reason", &b.Reason, "Reason", form.Max(guard.MaxReason), form.Check(checkLine), form.Help("Why, for people; the rule's name if left out."))
	f.Int("max_per_hour", &b.MaxPerHour, "Most per hour", form.Default(20), form.Min(1), form.Max(MaxPerHour),
		form.Help("How many addresses the rule may block or propose within an hour, whatever the policy allows."))
}

func checkRole(text string) error {
	if strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) || r == ' ' }) {
		return errors.New("must be one word, such as source or target, or any")
	}
	return nil
}

func checkTTL(text string) error {
	d, err := guard.ParseTTL(text)
	if err == nil && d == 0 {
		return errors.New("must end: a rule makes no permanent blocks")
	}
	return err
}

func checkIntegration(text string) error {
	_, err := event.ParseID(event.PrefixIntegration, text)
	return err
}

func checkLine(text string) error {
	if strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return errors.New("must be one line of characters that can be seen")
	}
	return nil
}

// Spec is a rule as people write it.
type Spec struct {
	name, mode   string
	enabled      bool
	subscription route.SubscriptionForm
	block        Block
}

// Form declares a rule.
func (s *Spec) Form(f *form.Set) {
	f.Text("name", &s.name, "Name", form.Required(), form.Max(event.MaxName), form.Check(checkLine))
	f.Bool("enabled", &s.enabled, "Enabled", form.Default(true))
	f.Choice("mode", &s.mode, "Mode", []string{Shadow, Propose, Apply}, form.Default(Shadow),
		form.Help("shadow: it only says what it would have done; propose: blocks wait for a person; apply: they are made."))
	f.Object("subscription", &s.subscription, "Events", form.Help("Which events it looks at: of its own account, from when it was last changed. "+
		"Events about blocks (ip.*), what Tocsin itself says, and tests never make it act."))
	f.Object("block", &s.block, "Block")
}

// Validate checks what spans several fields.
func (s *Spec) Validate() error {
	var errs form.Errors
	sub := s.subscription.Subscription()
	if len(sub.Types) == 0 {
		errs.Add("subscription.types", "must name the types of events that the rule looks at")
	}
	if sub.IncludeChildren {
		errs.Add("subscription.include_children", "is not for response rules: a rule acts on the events of its own account")
	}
	return errs.Err()
}

// readOnly are members of an answer that may come back with a change; they are ignored.
var readOnly = []string{"id", "shadow_since", "author", "version", "created_at", "updated_at"}

// parse reads a rule as people write it, as it is stored. The error is form.Errors.
func parse(raw json.RawMessage) (store.ResponseRule, error) {
	fields, err := objectOf(raw)
	if err != nil {
		return store.ResponseRule{}, err
	}
	for _, name := range readOnly {
		delete(fields, name)
	}
	s := new(Spec)
	if err := form.Decode(encode(fields), s); err != nil {
		return store.ResponseRule{}, err
	}
	return store.ResponseRule{
		Name: s.name, Enabled: s.enabled, Mode: s.mode,
		Subscription: form.Normalise(new(route.SubscriptionForm), fields["subscription"]),
		Document:     form.Normalise(new(Block), fields["block"]),
	}, nil
}

func objectOf(raw json.RawMessage) (map[string]json.RawMessage, error) {
	var fields map[string]json.RawMessage
	if json.Unmarshal(raw, &fields) != nil || fields == nil {
		return nil, form.Errors{{Message: "must be an object"}}
	}
	return fields, nil
}

// Document is a rule as people write it.
func Document(row store.ResponseRule) json.RawMessage {
	return encode(struct {
		Name         string          `json:"name"`
		Enabled      bool            `json:"enabled"`
		Mode         string          `json:"mode"`
		Subscription json.RawMessage `json:"subscription"`
		Block        json.RawMessage `json:"block"`
	}{row.Name, row.Enabled, row.Mode, row.Subscription, row.Document})
}

// BlockOf is what a stored rule asks for.
func BlockOf(row store.ResponseRule) (Block, error) {
	var b Block
	if err := form.Decode(row.Document, &b); err != nil {
		return b, fmt.Errorf("reading response rule %s: %w", row.ID.Text(event.PrefixResponse), err)
	}
	return b, nil
}

func encode(v any) json.RawMessage {
	raw, err := json.Marshal(v)
	if err != nil {
		panic("rule: writing JSON: " + err.Error()) // texts, and JSON that was read
	}
	return raw
}

// compiled is a rule that runs.
type compiled struct {
	row   store.ResponseRule
	sub   route.Subscription
	block Block
	ttl   time.Duration // 0: the policy's
}

func compile(row store.ResponseRule) (*compiled, error) {
	sub, err := route.ParseSubscription(row.Subscription)
	if err != nil {
		return nil, fmt.Errorf("reading the subscription of response rule %s: %w", row.ID.Text(event.PrefixResponse), err)
	}
	c := &compiled{row: row, sub: sub}
	if c.block, err = BlockOf(row); err != nil {
		return nil, err
	}
	if c.block.TTL != "" {
		c.ttl, _ = guard.ParseTTL(c.block.TTL) // it was checked
	}
	return c, nil
}

// live says whether the rule asks for anything.
func (c *compiled) live() bool { return c.row.Mode != Shadow }
