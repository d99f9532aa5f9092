package awswaf

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/wafv2"
	"github.com/aws/aws-sdk-go-v2/service/wafv2/types"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
)

// Limits of looking for rules that use the sets.
const (
	// lookEvery is how long an answer is good for.
	lookEvery = time.Hour
	// maxLook is how many requests one reading of the sets may add, and lookTime how long they may take: a block must not
	// wait for it. What is left goes on with the next reading.
	maxLook, lookTime = 5, 1500 * time.Millisecond
	// maxTestLook and testLookTime are those of a test.
	maxTestLook, testLookTime = 60, 20 * time.Second
	// lookPause is how long nothing is looked at after a look that broke off.
	lookPause = time.Minute
	// maxACLs is how many web ACLs are looked at (an account has 100 in a region unless AWS allows it more).
	maxACLs = 500
	// listPage is how many web ACLs are asked for at once; the API allows no more.
	listPage = 100
)

// usage is what is known of rules that use the sets.
type usage struct {
	// At is when a look was over; zero: none ever was. Warnings are what it found.
	At       time.Time `json:"at,omitzero"`
	Warnings []string  `json:"warnings,omitempty"`
	// Unsure says why the look could not find out everything; empty: it could.
	Unsure string `json:"unsure,omitempty"`
	// Now is the look that is under way; nil: none is. NotBefore is when it goes on, after it broke off.
	Now       *look     `json:"now,omitempty"`
	NotBefore time.Time `json:"not_before,omitzero"`
}

// look is a look that takes several readings.
type look struct {
	Done   int             `json:"done"` // web ACLs that were looked at
	Uses   map[string]*use `json:"uses"` // by the set's id
	Unsure string          `json:"unsure,omitempty"`
}

// errEnough says that a look goes on another time.
var errEnough = errors.New("enough requests for now")

// lookUp finds out whether rules use the sets, unless that was found out lately; a test looks anew. It says what is known: a
// fault is no error, and is met again the next time.
func (c *Connector) lookUp(ctx context.Context, test bool) *usage {
	u, now := c.remembered(ctx), c.env.Now()
	if !test && (u.Now == nil && !u.At.IsZero() && now.Sub(u.At) < lookEvery || now.Before(u.NotBefore)) {
		return u
	}
	most, patience := maxLook, lookTime
	if test {
		most, patience = maxTestLook, testLookTime
	}
	if u.Now == nil || test {
		u.Now = &look{Uses: map[string]*use{}}
	}
	for _, h := range c.sets {
		if u.Now.Uses[h.set.id] == nil {
			u.Now.Uses[h.set.id] = &use{}
		}
	}
	within, cancel := context.WithTimeout(httpkit.WithExchange(ctx, nil), patience)
	defer cancel()
	l := looker{Connector: c, look: u.Now, left: most}
	switch err := l.run(within); {
	case err == nil, errors.Is(err, errForbidden):
		u.over(c.sets, now, err)
	case !errors.Is(err, errEnough):
		u.NotBefore = now.Add(lookPause)
	}
	c.remember(ctx, u)
	return u
}

// over turns a look that came to its end into what it found.
func (u *usage) over(sets []*held, now time.Time, err error) {
	was := u.Now
	*u = usage{At: now, Unsure: was.Unsure}
	if err != nil {
		u.Unsure = "wafv2:ListWebACLs and wafv2:GetWebACL are not allowed"
	}
	for _, h := range sets {
		if text := was.Uses[h.set.id].warning(h.set.name); text != "" && u.Unsure == "" {
			u.Warnings = append(u.Warnings, text)
		}
	}
}

// notes are what a test says of it.
func (u *usage) notes() []string {
	switch {
	case u.Unsure != "":
		return []string{"Whether a web ACL uses the IP set was not checked: " + u.Unsure + "."}
	case u.At.IsZero():
		return []string{"Whether a web ACL uses the IP set was not found out in time; the hub goes on looking."}
	case len(u.Warnings) > 0:
		return u.Warnings
	}
	return []string{"A rule of a web ACL blocks by each IP set."}
}

// looker makes the requests of a look.
type looker struct {
	*Connector
	*look
	left int
}

// run goes on with a look. It gives nil when it is over.
func (l *looker) run(ctx context.Context) error {
	list, err := l.list(ctx)
	if err != nil {
		return err
	}
	for l.Done < len(list) && !l.settled() {
		if err := l.one(ctx, &list[l.Done]); err != nil {
			return err
		}
		l.Done++
	}
	return nil
}

// settled says that nothing is left to be found out.
func (l *looker) settled() bool {
	for _, h := range l.sets {
		if l.Uses[h.set.id].Blocks == "" {
			return false
		}
	}
	return true
}

// list gives all web ACLs.
func (l *looker) list(ctx context.Context) (list []types.WebACLSummary, err error) {
	a := action{name: "ListWebACLs", doing: "listing web ACLs", needs: "wafv2:ListWebACLs"}
	input := &wafv2.ListWebACLsInput{Scope: l.settings.place().scope, Limit: aws.Int32(listPage)}
	for len(list) < maxACLs {
		l.left--
		out, _, err := invoke(ctx, l.Connector, a, reads, l.api.ListWebACLs, input)
		if err != nil {
			return nil, err
		}
		list = append(list, out.WebACLs...)
		if deref(out.NextMarker) == "" || len(out.WebACLs) == 0 || deref(out.NextMarker) == deref(input.NextMarker) {
			return list, nil
		}
		input.NextMarker = out.NextMarker
	}
	l.Unsure = fmt.Sprintf("there are more than %d web ACLs", maxACLs)
	return list, nil
}

// one looks at a web ACL, and at the rule groups that it uses.
func (l *looker) one(ctx context.Context, s *types.WebACLSummary) error {
	if l.left <= 0 {
		return errEnough
	}
	l.left--
	a := action{name: "GetWebACL", doing: "reading a web ACL", needs: "wafv2:GetWebACL"}
	_, did, err := invoke(ctx, l.Connector, a, reads, l.api.GetWebACL, &wafv2.GetWebACLInput{
		Name: s.Name, Id: s.Id, Scope: l.settings.place().scope,
	})
	if err != nil {
		if connector.IsPermanent(err) && !errors.Is(err, errForbidden) {
			err = nil // it was deleted just now
		}
		return err
	}
	var answer acl
	if json.Unmarshal(did.resp.Body, &answer) != nil || answer.WebACL == nil {
		l.Unsure = "the answer about a web ACL was not understood"
		return nil //nolint:nilerr // it is not known, which is no fault
	}
	where := "the web ACL " + clip(answer.WebACL.Name)
	var groups []mention
	for _, m := range answer.mentions() {
		if m.isSet {
			l.take(m, where, false)
		} else {
			groups = append(groups, m)
		}
	}
	return l.groups(ctx, groups, where)
}

func (l *looker) take(m mention, where string, counts bool) {
	for _, h := range l.sets {
		if m.arn == h.set.arn {
			l.Uses[h.set.id].take(m, where, counts)
		}
	}
}

// groups looks at rule groups. A web ACL with more of them than one reading may ask for is looked at in part.
func (l *looker) groups(ctx context.Context, list []mention, where string) error {
	for _, m := range list {
		if l.settled() {
			return nil
		}
		if l.left <= -maxLook {
			l.Unsure = "a web ACL uses many rule groups"
			return nil
		}
		l.left--
		a := action{name: "GetRuleGroup", doing: "reading a rule group", needs: "wafv2:GetRuleGroup"}
		_, did, err := invoke(ctx, l.Connector, a, reads, l.api.GetRuleGroup, &wafv2.GetRuleGroupInput{ARN: aws.String(m.arn)})
		if connector.IsPermanent(err) {
			l.Unsure = "a web ACL uses rule groups, and wafv2:GetRuleGroup is not allowed for one of them"
			continue
		}
		if err != nil {
			return err
		}
		var answer group
		if json.Unmarshal(did.resp.Body, &answer) != nil || answer.RuleGroup == nil {
			l.Unsure = "the answer about a rule group was not understood"
			continue
		}
		for _, in := range mentionsOf(answer.RuleGroup.Rules) {
			if in.isSet {
				l.take(in, "the rule group "+clip(answer.RuleGroup.Name)+" in "+where, m.counts)
			}
		}
	}
	return nil
}

// stateKey names what is remembered of the sets; other sets are another matter.
func (c *Connector) stateKey() string {
	key := "webacl"
	for _, h := range c.sets {
		key += "/" + h.set.id
	}
	return key
}

func (c *Connector) remembered(ctx context.Context) *usage {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.env.State == nil && c.seen != nil {
		return c.seen
	}
	u := &usage{}
	if c.env.State == nil {
		return u
	}
	if raw, err := c.env.State.Get(ctx, c.stateKey()); err == nil && json.Unmarshal(raw, u) != nil {
		return &usage{}
	}
	return u
}

// remember keeps what is known. That it cannot be kept costs a few requests, and is no fault.
func (c *Connector) remember(ctx context.Context, u *usage) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.env.State == nil {
		c.seen = u
		return
	}
	raw, err := json.Marshal(u)
	if err == nil {
		err = c.env.State.Put(context.WithoutCancel(ctx), c.stateKey(), raw, 2*lookEvery)
	}
	if err != nil {
		c.env.Log.Debug("what is known of web ACLs could not be kept", slog.Any("error", err))
	}
}
