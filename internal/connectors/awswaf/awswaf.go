// Package awswaf keeps addresses out by the IP sets of AWS WAF (the API WAFV2): one set for IPv4, one for IPv6. A rule of a
// web ACL that uses the set does the blocking. A set is written as a whole, by whoever read it last, and its entries bear no
// mark of whose they are.
package awswaf

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/wafv2"
	"github.com/aws/smithy-go/logging"
	"github.com/aws/smithy-go/middleware"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
	"github.com/tocsin-hub/tocsin/internal/form"
)

//go:embed README.md
var readme string

// What the account may ask for within a region, whoever asks
// (https://docs.aws.amazon.com/waf/latest/developerguide/limits.html): of any Create, Put or Update action one request a
// second, of any Get or List action five. Ours stay a little below, since two requests may arrive closer together than they
// were sent, and since people use the console.
var (
	updates = connector.Allowance{PerSecond: 0.9, Burst: 1}
	reads   = connector.Allowance{PerSecond: 3, Burst: 2}
)

// leastPause is how long nobody asks again after AWS has said that it is too much, when it names no time itself.
const leastPause = 2 * time.Second

// patience is how long a request waits for its turn. What takes longer is said at once, and comes again.
const patience = 10 * time.Second

// Kind describes the connector.
func Kind() connector.Kind {
	return connector.Kind{
		Name:     "awswaf",
		Title:    "AWS WAF",
		Summary:  "Blocks addresses by IP sets of AWS WAF, for CloudFront and for regional resources.",
		Category: "response",
		Auth:     "An access key, optionally with a role to assume; the operator's own account may use the machine's credentials.",
		Retry: "Changes are collected into one update of a set, at most one a second for an account and region. An update names the lock " +
			"token of what was read, so that what others did in the meantime is read anew and kept.",
		Ownership:        "The set and all entries that others made in it are yours and stay as they are; only addresses leave the hub, never why.",
		DocsURL:          "https://docs.aws.amazon.com/waf/latest/APIReference/API_UpdateIPSet.html",
		Readme:           readme,
		ConfirmsDelivery: true,
		Place:            []string{"ip_set_arn", "ip_set_arn_v6"},
	}
}

// Definition is the catalogue entry.
func Definition() connector.Definition { return connector.Define(Kind(), open) }

// Connector is one opened integration.
type Connector struct {
	settings *Settings
	env      connector.Env
	client   *httpkit.Client
	api      *wafv2.Client
	keys     *keys
	sets     []*held // what is read: one or two sets, without contents

	mu    sync.Mutex
	about []string // what Test has found out
	seen  *usage   // where there is no State
}

var (
	_ connector.Blocker = (*Connector)(nil)
	_ connector.Tester  = (*Connector)(nil)
	_ connector.Noter   = (*Connector)(nil)
)

func open(s *Settings, env connector.Env) (*Connector, error) {
	if s.AccessKeyID == "" && !env.Ambient {
		return nil, form.Errors{{Path: "access_key_id", Message: noKeys}}
	}
	maker := env.HTTP.Masking([]string{s.SecretAccessKey.Reveal(), s.ClientKey.Reveal()})
	client, err := maker.Client(httpkit.Options{
		ConnectTimeout: s.ConnectTimeout, RequestTimeout: s.RequestTimeout, InsecureSkipVerify: !s.VerifyTLS,
		CAPEM: s.CABundle, ClientCertPEM: s.ClientCert, ClientKeyPEM: s.ClientKey, MaxBody: maxAnswer,
	})
	if err != nil {
		return nil, fmt.Errorf("making the HTTP client: %w", err)
	}
	at := s.place()
	out := &door{client: client}
	if env.Version != "" {
		out.agent = "Tocsin/" + env.Version
	}
	c := &Connector{
		settings: s, env: env, client: client,
		keys: &keys{settings: s, door: out, maker: maker, region: at.region, session: sessionName(&env), now: env.Now},
		// The options are made by hand: those of the SDK's own making would look at the environment.
		api: wafv2.New(wafv2.Options{
			Region: at.region, HTTPClient: out, Retryer: aws.NopRetryer{}, BaseEndpoint: endpoint(s), Logger: logging.Nop{},
			APIOptions: []func(*middleware.Stack) error{bare},
		}),
	}
	if s.v4 != nil {
		c.sets = append(c.sets, &held{set: *s.v4})
	}
	if s.v6 != nil {
		c.sets = append(c.sets, &held{set: *s.v6, is6: true})
	}
	return c, nil
}

// Close gives the connections back.
func (c *Connector) Close() { c.client.CloseIdle() }

// BlockLimits are those of IP sets: all ranges but /0.
func (c *Connector) BlockLimits() connector.BlockLimits {
	l := connector.BlockLimits{Batch: connector.MaxBlockBatch}
	for _, h := range c.sets {
		l.Capacity += maxAddresses
		if h.is6 {
			l.IPv6, l.CapacityIPv6 = lengths(128), maxAddresses
		} else {
			l.IPv4, l.CapacityIPv4 = lengths(32), maxAddresses
		}
	}
	return l
}

func lengths(most int) []int {
	list := make([]int, most)
	for i := range list {
		list[i] = i + 1
	}
	return list
}

// Notes says where blocks go, and what the last Test found out.
func (c *Connector) Notes() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	notes := slices.Clone(c.about)
	for _, h := range c.sets {
		notes = append(notes, fmt.Sprintf("%s addresses are blocked in the IP set %s (%s, %s, account %s).",
			family(h.is6), h.set.name, h.set.scope, h.set.region, h.set.account))
	}
	return notes
}

func family(is6 bool) string {
	if is6 {
		return "IPv6"
	}
	return "IPv4"
}

// invoke makes one request of the API: with credentials that are valid, and only when the account may make it.
func invoke[I, O any](ctx context.Context, c *Connector, a action, of connector.Allowance,
	operation func(context.Context, I, ...func(*wafv2.Options)) (O, error), input I,
) (out O, did *call, err error) {
	did = &call{}
	creds, err := c.keys.get(ctx)
	if err != nil {
		return out, did, fmt.Errorf("%s: %w", a.doing, err)
	}
	share, name := "aws account "+c.settings.place().account, a.name+" "+c.settings.place().region
	if e := httpkit.ExchangeOf(ctx); e == nil || !e.DryRun {
		if err := c.allow(ctx, share, name, of); err != nil {
			return out, did, fmt.Errorf("%s: %w", a.doing, err)
		}
	}
	out, err = operation(withCall(ctx, did), input, func(o *wafv2.Options) {
		o.Credentials = credentials.StaticCredentialsProvider{Value: creds}
	})
	if err != nil && did.resp == nil && did.err == nil && ctx.Err() != nil {
		return out, did, fmt.Errorf("%s: %w", a.doing, context.Cause(ctx)) // it ended before there was a request
	}
	judged := judge(a, did, err, c.env.Now())
	if after, ok := connector.IsThrottled(judged); ok {
		c.env.AskedToPause(share, name, of, max(after, leastPause))
	}
	if errors.Is(judged, errEnded) {
		c.keys.renew()
	}
	return out, did, judged
}

func (c *Connector) allow(ctx context.Context, share, name string, of connector.Allowance) error {
	within, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return c.env.Allow(within, share, name, of)
}
