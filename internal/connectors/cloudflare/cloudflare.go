// Package cloudflare keeps addresses out of a zone at Cloudflare: by IP access rules, one for each address, or by a list of
// the account and one custom rule that blocks what is on it. Both bear a mark that says whose they are; what bears none is
// somebody else's and is never changed.
package cloudflare

import (
	"context"
	_ "embed"
	"fmt"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
)

//go:embed README.md
var readme string

// Kind describes the connector.
func Kind() connector.Kind {
	return connector.Kind{
		Name:     "cloudflare",
		Title:    "Cloudflare",
		Summary:  "Blocks addresses at Cloudflare's edge, by IP access rules or by a list with one custom rule.",
		Category: connector.CategoryResponse,
		Auth:     "An API token, of a user or of an account.",
		Retry: "What is blocked is read back and compared, so that a lost answer is found and nothing is there twice; 429 waits as long as " +
			"Cloudflare asks.",
		Ownership:        "The address, the block's id and its reason are stored with Cloudflare; nothing else leaves the hub.",
		DocsURL:          "https://developers.cloudflare.com/waf/tools/ip-access-rules/",
		Readme:           readme,
		ConfirmsDelivery: true,
		Place:            []string{"zone_id", "driver", "list"},
	}
}

// Definition is the catalogue entry.
func Definition() connector.Definition { return connector.Define(Kind(), open) }

// driver is one of the two ways to block.
type driver interface {
	limits() connector.BlockLimits
	blocked(ctx context.Context) (*connector.BlockSnapshot, error)
	change(ctx context.Context, s *connector.BlockSnapshot, changes []connector.BlockChange) ([]connector.BlockResult, error)
	// read makes the reads that blocking needs. prove shows that the token may write, and changes nothing; why says, if it
	// cannot be shown, why not.
	read(ctx context.Context) error
	prove(ctx context.Context) (why string, err error)
}

// Connector is one opened integration.
type Connector struct {
	settings *Settings
	api      *api
	driver   driver
	grade    connector.Grade
	about    []string // what Test has found out
}

var (
	_ connector.Blocker    = (*Connector)(nil)
	_ connector.Tester     = (*Connector)(nil)
	_ connector.TestGrader = (*Connector)(nil)
	_ connector.Noter      = (*Connector)(nil)
)

func open(s *Settings, env connector.Env) (*Connector, error) {
	client, err := env.HTTP.Masking([]string{s.APIToken.Reveal(), s.token(), s.ClientKey.Reveal()}).Client(httpkit.Options{
		ConnectTimeout: s.ConnectTimeout, RequestTimeout: s.RequestTimeout, InsecureSkipVerify: !s.VerifyTLS,
		CAPEM: s.CABundle, ClientCertPEM: s.ClientCert, ClientKeyPEM: s.ClientKey, MaxBody: maxAnswer,
	})
	if err != nil {
		return nil, fmt.Errorf("making the HTTP client: %w", err)
	}
	c := &Connector{settings: s, api: &api{settings: s, client: client, env: env}, grade: connector.Unverifiable}
	if s.Driver == driverList {
		c.driver = &listDriver{api: c.api, settings: s}
	} else {
		c.driver = &rulesDriver{api: c.api, settings: s}
	}
	return c, nil
}

// Close gives the connections back.
func (c *Connector) Close() { c.api.client.CloseIdle() }

// BlockLimits are those of the driver.
func (c *Connector) BlockLimits() connector.BlockLimits {
	l := c.driver.limits()
	if c.settings.Capacity > 0 {
		l.Capacity = c.settings.Capacity
	}
	return l
}

// Blocked reads all that the zone, or the list, holds.
func (c *Connector) Blocked(ctx context.Context) (*connector.BlockSnapshot, error) {
	return c.driver.blocked(ctx)
}

// Change makes the changes, in their order (additions to a list go before what is taken off it).
func (c *Connector) Change(ctx context.Context, s *connector.BlockSnapshot, changes []connector.BlockChange) ([]connector.BlockResult, error) {
	return c.driver.change(ctx, s, changes)
}

// Notes are what a test has found out.
func (c *Connector) Notes() []string { return c.about }
