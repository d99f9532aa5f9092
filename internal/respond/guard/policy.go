package guard

import (
	"encoding/json"
	"fmt"
	"time"
	"unicode"

	"github.com/tocsin-hub/tocsin/internal/form"
)

// Policy is an account's rules for blocks. Its form is declared by PolicyForm.
type Policy struct {
	// KillSwitch: no block is made, repaired or approved; what ends is still taken away.
	KillSwitch bool
	KillReason string
	DefaultTTL time.Duration // 24 h
	MaxTTL     time.Duration // 0: no bound
	// WidestIPv4 and WidestIPv6 are the shortest prefixes that may be blocked (24 and 48).
	WidestIPv4, WidestIPv6 int
	PerMinute, PerHour     int // blocks that may become active; 0: none may
	// MaxShare is the most of a responder's capacity that blocks may take, 0 to 1 (0.8).
	MaxShare float64
	// OnBreach is Approve or Refuse: what becomes of what is beyond width, rates or share.
	OnBreach Decision
	// Four eyes: a person other than the requester must approve what is wider than these prefixes (32 and 128: than a single
	// address; 0: never), what is permanent, what a rule asks for.
	ApproveWiderIPv4, ApproveWiderIPv6 int
	ApprovePermanent, ApproveAutomatic bool
	ApproveAll                         bool
	ApprovalTime                       time.Duration // how long a request waits (1 h)
	// Evict: a full responder makes room by dropping the block that ends first; otherwise a block that does not fit fails.
	Evict bool
	// ReportDrift: what has disappeared at a vendor is reported, and not put back.
	ReportDrift bool
}

// Limits of a Policy.
const (
	// WidestIPv4 is the shortest prefix of IPv4 that any policy may allow, or any person approve: one of 256 parts of all
	// addresses.
	WidestIPv4 = 8
	// WidestIPv6 is that of IPv6: more than any provider has.
	WidestIPv6 = 16
	// MaxRate bounds PerMinute and PerHour.
	MaxRate = 1_000_000
	// MaxReason bounds reasons, in bytes.
	MaxReason = 1000
	// MinApproval is the shortest ApprovalTime.
	MinApproval = time.Minute
	// MaxApproval is the longest.
	MaxApproval = 30 * day
)

// PolicyForm declares a Policy's document.
type PolicyForm struct {
	policy   Policy
	onBreach string
}

// NewPolicyForm is the form with the defaults.
func NewPolicyForm() *PolicyForm { return new(PolicyForm) }

// Form declares the settings.
func (p *PolicyForm) Form(f *form.Set) {
	v := &p.policy
	f.Duration("default_ttl", &v.DefaultTTL, "Default duration", form.Default(day), form.Min(MinTTL), form.Max(LongestTTL),
		form.Help("How long a block lasts if the request does not say."))
	f.Duration("max_ttl", &v.MaxTTL, "Longest duration", form.Default(90*day), form.Max(LongestTTL),
		form.Help("The longest that may be asked for; 0s: no bound. Permanent blocks have a rule of their own."))
	f.Int("widest_ipv4", &v.WidestIPv4, "Widest IPv4 range", form.Default(24), form.Min(WidestIPv4), form.Max(bits4),
		form.Help("The shortest prefix of IPv4 that may be blocked: 24 allows 256 addresses at once."))
	f.Int("widest_ipv6", &v.WidestIPv6, "Widest IPv6 range", form.Default(48), form.Min(WidestIPv6), form.Max(bits6),
		form.Help("The shortest prefix of IPv6 that may be blocked. One customer often has a /56 or a /64."))
	f.Int("per_minute", &v.PerMinute, "Blocks per minute", form.Default(60), form.Min(0), form.Max(MaxRate),
		form.Help("How many blocks may become active within a minute; 0: none."))
	f.Int("per_hour", &v.PerHour, "Blocks per hour", form.Default(600), form.Min(0), form.Max(MaxRate),
		form.Help("How many blocks may become active within an hour; 0: none."))
	f.Float("max_share", &v.MaxShare, "Share of capacity", form.Default(0.8), form.Min(0.0), form.Max(1.0),
		form.Help("How full a responder may become, from 0 to 1, counting entries that are not Tocsin's."))
	f.Choice("on_breach", &p.onBreach, "Beyond these limits", []string{string(Approve), string(Refuse)}, form.Default(string(Approve)),
		form.Help("What becomes of a request beyond width, rates or share: it waits for a person's approval, or it is refused."))
	f.Int("approve_wider_ipv4", &v.ApproveWiderIPv4, "IPv4 ranges that need a second person", form.Default(bits4), form.Min(0), form.Max(bits4),
		form.Help("What is wider than this prefix must be approved by somebody other than the requester: 32 is everything wider than an address; 0 is never."))
	f.Int("approve_wider_ipv6", &v.ApproveWiderIPv6, "IPv6 ranges that need a second person", form.Default(bits6), form.Min(0), form.Max(bits6),
		form.Help("As for IPv4; 128 is everything wider than an address, 0 is never."))
	f.Bool("approve_permanent", &v.ApprovePermanent, "Permanent blocks need a second person", form.Default(true))
	f.Bool("approve_automatic", &v.ApproveAutomatic, "Blocks by response rules need a person",
		form.Help("Whatever mode the rule is in."))
	f.Bool("approve_all", &v.ApproveAll, "All blocks need a second person")
	f.Duration("approval_time", &v.ApprovalTime, "Time for approval", form.Default(time.Hour), form.Min(MinApproval), form.Max(MaxApproval),
		form.Help("How long a request waits for approval before it lapses."))
	f.Bool("evict", &v.Evict, "Make room at a full responder",
		form.Help("A responder that is full drops the block that ends first, and says so; otherwise a block that does not fit fails."))
	f.Bool("report_drift", &v.ReportDrift, "Only report drift",
		form.Help("A block that has disappeared at a vendor is reported, and not put back."))
	f.Bool("kill_switch", &v.KillSwitch, "Kill switch",
		form.Help("No block is made, approved or repaired anywhere. What ends is still taken away."))
	f.Text("kill_reason", &v.KillReason, "Why the kill switch is on", form.Max(MaxReason), form.Check(checkLine))
}

// checkLine refuses what people cannot see.
func checkLine(text string) error {
	for _, r := range text {
		if !unicode.IsPrint(r) {
			return fmt.Errorf("must be one line of characters that can be seen; %U is not one", r)
		}
	}
	return nil
}

// Validate compares settings with each other.
func (p *PolicyForm) Validate() error {
	var errs form.Errors
	if v := p.policy; v.MaxTTL > 0 && v.DefaultTTL > v.MaxTTL {
		errs.Add("default_ttl", "must not be longer than max_ttl, which is %s", form.DurationText(v.MaxTTL))
	}
	if v := p.policy; v.MaxTTL > 0 && v.MaxTTL < MinTTL {
		errs.Add("max_ttl", "must be at least %s, or 0s for no bound", form.DurationText(MinTTL))
	}
	return errs.Err()
}

// Policy is what was decoded.
func (p *PolicyForm) Policy() Policy {
	v := p.policy
	v.OnBreach = Decision(p.onBreach)
	return v
}

// ParsePolicy reads a policy's document; what it leaves out has its default. Errors are form.Errors.
func ParsePolicy(raw json.RawMessage) (Policy, error) {
	f := NewPolicyForm()
	err := form.Decode(raw, f)
	return f.Policy(), err
}

// DefaultPolicy is the policy of an account that has saved none.
func DefaultPolicy() Policy {
	p, _ := ParsePolicy(json.RawMessage(`{}`)) // the defaults are fine: a test says so
	return p
}

// PolicyDocument is a document as people see it: what was given, plus the defaults of what was not.
func PolicyDocument(raw json.RawMessage) json.RawMessage { return form.Normalise(NewPolicyForm(), raw) }

// Document is the policy as a document that ParsePolicy reads.
func (p Policy) Document() json.RawMessage {
	raw, err := json.Marshal(map[string]any{
		"default_ttl": form.DurationText(p.DefaultTTL), "max_ttl": form.DurationText(p.MaxTTL),
		"widest_ipv4": p.WidestIPv4, "widest_ipv6": p.WidestIPv6, "per_minute": p.PerMinute, "per_hour": p.PerHour,
		"max_share": p.MaxShare, "on_breach": p.OnBreach,
		"approve_wider_ipv4": p.ApproveWiderIPv4, "approve_wider_ipv6": p.ApproveWiderIPv6,
		"approve_permanent": p.ApprovePermanent, "approve_automatic": p.ApproveAutomatic, "approve_all": p.ApproveAll,
		"approval_time": form.DurationText(p.ApprovalTime), "evict": p.Evict, "report_drift": p.ReportDrift,
		"kill_switch": p.KillSwitch, "kill_reason": p.KillReason,
	})
	if err != nil {
		panic("guard: encoding a policy: " + err.Error()) // MaxShare is finite by its form
	}
	return PolicyDocument(raw) // the form's order
}
