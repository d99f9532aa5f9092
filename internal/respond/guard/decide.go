package guard

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// The codes of findings.
const (
	CodeProtected   = "protected"
	CodeWidth       = "width"
	CodeRateMinute  = "rate_minute"
	CodeRateHour    = "rate_hour"
	CodeShare       = "share"
	CodeCapacity    = "capacity"
	CodeFourEyes    = "four_eyes"
	CodePermanent   = "permanent"
	CodeKillSwitch  = "kill_switch"
	CodeTTL         = "ttl"
	CodeNoResponder = "no_responder"
	CodeUnsupported = "unsupported"
)

// maxNamed bounds how many protected ranges or responders a finding names, maxReasonShown how much of a reason, in bytes.
const (
	maxNamed       = 5
	maxReasonShown = 200
)

// Decide says what becomes of a request: all that the rules find, the strictest first. It reads nothing but what it is
// given. A protected address is refused whatever the policy says.
func Decide(p Policy, l *List, a Ask, u Usage, now time.Time) Verdict {
	c := &check{policy: p, ask: a, usage: u}
	if !a.Target.IsValid() {
		c.find(CodeUnsupported, Refuse, "there is no target")
		return c.verdict()
	}
	c.ask.Target = normal(a.Target)
	c.killSwitch()
	c.protected(l, now)
	c.width()
	c.ttl()
	c.responders()
	c.rates()
	c.fourEyes()
	return c.verdict()
}

// check collects the findings about one request.
type check struct {
	policy   Policy
	ask      Ask
	usage    Usage
	findings []Finding
}

func (c *check) find(code string, d Decision, format string, args ...any) {
	c.findings = append(c.findings, Finding{Code: code, Decision: d, Text: fmt.Sprintf(format, args...)})
}

// breach is a finding that the policy decides about. Anything but Approve refuses.
func (c *check) breach(code, format string, args ...any) {
	d := Refuse
	if c.policy.OnBreach == Approve {
		d = Approve
	}
	c.find(code, d, format, args...)
}

func (c *check) verdict() Verdict {
	v := Verdict{Decision: Allow, Findings: c.findings}
	slices.SortStableFunc(v.Findings, func(a, b Finding) int { return strictness(b.Decision) - strictness(a.Decision) })
	if len(v.Findings) > 0 {
		v.Decision = v.Findings[0].Decision
	}
	return v
}

func strictness(d Decision) int {
	switch d {
	case Allow:
		return 0
	case Approve:
		return 1
	}
	return 2
}

func (c *check) killSwitch() {
	if !c.policy.KillSwitch {
		return
	}
	if reason := strings.TrimSpace(c.policy.KillReason); reason != "" {
		c.find(CodeKillSwitch, Refuse, "the kill switch is on: %s", reason)
		return
	}
	c.find(CodeKillSwitch, Refuse, "the kill switch is on: nothing is blocked")
}

func (c *check) protected(l *List, now time.Time) {
	target := c.ask.Target
	if caller := c.ask.Caller.Unmap().WithZone(""); caller.IsValid() && target.Contains(caller) {
		if target.IsSingleIP() {
			c.find(CodeProtected, Refuse, "%s is where this request comes from", caller)
		} else {
			c.find(CodeProtected, Refuse, "%s contains %s, where this request comes from", target, caller)
		}
	}
	list := l.Overlaps(target, now)
	if len(list) == 0 {
		return
	}
	// What is nearest to the target explains it best: 127.0.0.0/8 before everything that is reserved.
	slices.SortStableFunc(list, func(a, b Protected) int { return distance(target, a) - distance(target, b) })
	named := make([]string, min(len(list), maxNamed))
	for i := range named {
		named[i] = relation(target, list[i])
	}
	more := ""
	if n := len(list) - len(named); n > 0 {
		more = fmt.Sprintf("; and %d more", n)
	}
	c.find(CodeProtected, Refuse, "%s is on the never-block list: %s%s", Words(target), strings.Join(named, "; "), more)
}

func distance(target netip.Prefix, e Protected) int {
	d := e.Prefix.Bits() - target.Bits()
	return max(d, -d)
}

// relation says in words how a target and a protected range overlap.
func relation(target netip.Prefix, e Protected) string {
	reason := event.Clip(strings.TrimSpace(e.Reason), maxReasonShown)
	if e.Prefix == target && reason != "" {
		return reason
	}
	words := Words(e.Prefix)
	if reason != "" {
		words += " (" + reason + ")"
	}
	switch {
	case e.Prefix == target:
		return "it is an entry of it"
	case e.Prefix.Bits() < target.Bits():
		return "it lies in " + words
	}
	return "it contains " + words
}

func (c *check) width() {
	target := c.ask.Target
	widest, most, family := c.policy.WidestIPv6, WidestIPv6, "IPv6"
	if target.Addr().Is4() {
		widest, most, family = c.policy.WidestIPv4, WidestIPv4, "IPv4"
	}
	switch bits := target.Bits(); {
	case bits < most:
		c.find(CodeWidth, Refuse, "a /%d is too wide: nothing wider than a /%d of %s is ever blocked", bits, most, family)
	case bits < widest:
		c.breach(CodeWidth, "a /%d is wider than the policy allows: the widest range of %s is a /%d", bits, family, widest)
	}
}

func (c *check) ttl() {
	a, p := c.ask, c.policy
	switch {
	case a.TTL < 0:
		c.find(CodeTTL, Refuse, "a block cannot end before it begins")
	case a.TTL == 0:
		if !says(a.Reason) {
			c.find(CodeTTL, Refuse, "a permanent block needs a reason")
		}
		if p.ApprovePermanent {
			c.find(CodePermanent, Approve, "a permanent block needs the approval of somebody else")
		}
	case a.TTL < MinTTL:
		c.find(CodeTTL, Refuse, "%s is too short: a block lasts at least %s", a.TTL, TTLWords(MinTTL))
	case a.TTL > LongestTTL, p.MaxTTL > 0 && a.TTL > p.MaxTTL:
		longest := LongestTTL
		if p.MaxTTL > 0 {
			longest = min(longest, p.MaxTTL)
		}
		c.find(CodeTTL, Refuse, "%s is too long: the policy allows at most %s", TTLWords(a.TTL), TTLWords(longest))
	}
}

// says reports whether a text says anything: white space, punctuation and what nobody sees is no reason.
func says(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) })
}

// responders looks at who takes the target, and how full they are.
func (c *check) responders() {
	if len(c.usage.Responders) == 0 {
		c.find(CodeNoResponder, Refuse, "there is no responder that could block it")
		return
	}
	var cannot []string
	var takers []Responder
	for _, r := range c.usage.Responders {
		if why := r.Limits.Takes(c.ask.Target); why != "" {
			cannot = append(cannot, r.Name+": "+why)
			continue
		}
		takers = append(takers, r)
	}
	if len(takers) == 0 {
		named := cannot[:min(len(cannot), maxNamed)]
		c.find(CodeUnsupported, Refuse, "no responder can block %s: %s", Words(c.ask.Target), strings.Join(named, "; "))
		return
	}
	if !c.ask.Renewed {
		c.room(takers)
	}
}

// rounding is more than what a share of a capacity is off by (0.29 × 100 is 28.999…), and less than an entry.
const rounding = 1e-6

// room looks at the capacity of those that take the target. One that is full does not hold up the others, where it fails
// for itself; if all are full nothing would be blocked anywhere.
func (c *check) room(takers []Responder) {
	full := 0
	for _, r := range takers {
		capacity := r.Capacity
		if capacity == 0 {
			capacity = r.Limits.Capacity
		}
		if capacity <= 0 {
			continue
		}
		if r.Used >= capacity {
			full++
		}
		if float64(r.Used)+1 > c.policy.MaxShare*float64(capacity)+rounding {
			c.breach(CodeShare, "%s holds %d of at most %d entries, and the policy lets it fill up to %.0f %%", r.Name, r.Used, capacity, c.policy.MaxShare*100)
		}
	}
	if full == len(takers) && !c.policy.Evict {
		c.find(CodeCapacity, Refuse, "there is no room: every responder that could block it is full")
	}
}

func (c *check) rates() {
	if c.ask.Renewed {
		return
	}
	if n := c.usage.Minute; n >= c.policy.PerMinute {
		c.breach(CodeRateMinute, "%d blocks became active within the last minute, and the policy allows %d", n, c.policy.PerMinute)
	}
	if n := c.usage.Hour; n >= c.policy.PerHour {
		c.breach(CodeRateHour, "%d blocks became active within the last hour, and the policy allows %d", n, c.policy.PerHour)
	}
}

func (c *check) fourEyes() {
	p, target := c.policy, c.ask.Target
	wider := p.ApproveWiderIPv6
	if target.Addr().Is4() {
		wider = p.ApproveWiderIPv4
	}
	if target.Bits() < wider {
		c.find(CodeFourEyes, Approve, "a /%d needs the approval of somebody else", target.Bits())
	}
	if p.ApproveAutomatic && c.ask.Automatic {
		c.find(CodeFourEyes, Approve, "what a response rule asks for needs a person's approval")
	}
	if p.ApproveAll {
		c.find(CodeFourEyes, Approve, "every block needs the approval of somebody else")
	}
}
