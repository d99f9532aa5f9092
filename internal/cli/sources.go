package cli

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/tocsin-hub/tocsin/internal/client"
)

// sourcesCmd groups the commands about source endpoints.
type sourcesCmd struct {
	List   sourcesListCmd   `cmd:"" help:"List the endpoints that take events in, and what came."`
	Show   sourcesShowCmd   `cmd:"" help:"Show one source with its address."`
	Create sourcesCreateCmd `cmd:"" help:"Make an endpoint with an authentication of its own."`
	Delete sourcesDeleteCmd `cmd:"" help:"Delete a source: what it is sent is refused."`
}

// sourceRow is a source as the API shows it.
type sourceRow struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Dialect string `json:"dialect"`
	Enabled bool   `json:"enabled"`
	Auth    struct {
		Method string `json:"method"`
	} `json:"auth"`
	Project string            `json:"project"`
	Labels  map[string]string `json:"labels"`
	Types   []string          `json:"types"`
	URL     string            `json:"url"`
	Version int64             `json:"version"`
	Counts  struct {
		Accepted uint64 `json:"accepted"`
		Rejected uint64 `json:"rejected"`
		Refused  uint64 `json:"refused"`
	} `json:"counts"`
	CreatedAt      *time.Time `json:"created_at"`
	UpdatedAt      *time.Time `json:"updated_at"`
	LastReceivedAt *time.Time `json:"last_received_at"`
}

func (r sourceRow) ident() (id, name, kind string) { return r.ID, r.Name, "" }

func findSource(ctx context.Context, hub *client.Client, text string) (sourceRow, []byte, error) {
	return find[sourceRow](ctx, hub, "source", sourcesPath, "src_", text)
}

// sourcesListCmd lists sources.
type sourcesListCmd struct {
	hubFlags
	viewFlags
}

// Help is the long help.
func (*sourcesListCmd) Help() string {
	return `REJECTED counts events that were no events; REFUSED requests whose authentication was wrong.

Example:

    tocsin sources list`
}

// Run prints a table, by name.
func (c *sourcesListCmd) Run(ctx context.Context, p *Process) error {
	return c.with(p, func(hub *client.Client) error {
		rows, raw, err := listAll[sourceRow](ctx, hub, sourcesPath, nil)
		if err != nil {
			return err
		}
		return c.show(p, raw, func() error {
			t := p.table("ID", "NAME", "DIALECT", "AUTH", "STATE", "ACCEPTED", "REJECTED", "REFUSED", "LAST RECEIVED")
			for _, r := range rows {
				t.row(r.ID, r.Name, r.Dialect, r.Auth.Method, onOff(r.Enabled), number(r.Counts.Accepted), number(r.Counts.Rejected),
					number(r.Counts.Refused), day(r.LastReceivedAt, ""))
			}
			return t.flush()
		})
	})
}

func onOff(enabled bool) string {
	if enabled {
		return "enabled"
	}
	return "disabled"
}

func number(n uint64) string { return strconv.FormatUint(n, 10) }

// sourcesShowCmd shows a source.
type sourcesShowCmd struct {
	hubFlags
	viewFlags

	Which string `arg:"" name:"source" help:"Its id or its name."`
}

// Help is the long help.
func (*sourcesShowCmd) Help() string {
	return `Secrets are masked.

Example:

    tocsin sources show "GitHub"`
}

// Run prints it.
func (c *sourcesShowCmd) Run(ctx context.Context, p *Process) error {
	return c.with(p, func(hub *client.Client) error {
		r, raw, err := findSource(ctx, hub, c.Which)
		if err != nil {
			return err
		}
		return c.show(p, raw, func() error { return printSource(p, &r) })
	})
}

func printSource(p *Process, r *sourceRow) error {
	return p.fields("id", r.ID, "name", r.Name, "dialect", r.Dialect, "url", r.URL, "auth", r.Auth.Method, "state", onOff(r.Enabled),
		"project", r.Project, "accepted", number(r.Counts.Accepted), "rejected", number(r.Counts.Rejected), "refused", number(r.Counts.Refused),
		"last received", day(r.LastReceivedAt, "never"), "made", day(r.CreatedAt, ""), "changed", day(r.UpdatedAt, ""))
}

// sourcesCreateCmd makes a source.
type sourcesCreateCmd struct {
	hubFlags
	viewFlags

	Name      string            `arg:"" help:"What to call it."`
	Dialect   string            `required:"" placeholder:"NAME" values:"@dialects" help:"What it is sent: native (Tocsin's own events, and CloudEvents), falco, github, …"`
	Auth      string            `default:"api_key" enum:"api_key,bearer,basic,header,hmac,github,standard_webhooks,tocsin,mtls,none" placeholder:"METHOD" help:"How requests prove themselves: api_key, bearer, basic, header, hmac, github, standard_webhooks, tocsin, mtls or none."`
	Secret    string            `placeholder:"SECRET" help:"The secret of that method; - reads it from standard input. env:NAME and file:/path are read by the hub, local-env:NAME and local-file:PATH here."`
	Username  string            `placeholder:"NAME" help:"With basic."`
	Header    string            `placeholder:"NAME" help:"With header and hmac: the header that the secret or the signature is in."`
	Algorithm string            `placeholder:"NAME" help:"With hmac: sha256, sha1 or sha512."`
	Encoding  string            `placeholder:"NAME" help:"With hmac: hex or base64."`
	TimeFrom  string            `name:"timestamp-header" placeholder:"NAME" help:"With hmac: the header with the time of signing, in seconds."`
	Signed    string            `placeholder:"FORM" values:"timestamp.body,timestamp:body,body" help:"With hmac: what is signed: timestamp.body, timestamp:body or body."`
	Tolerance string            `placeholder:"DURATION" help:"Where the time is signed: how far it may be from the hub's clock, such as 5m."`
	Prefix    string            `placeholder:"TEXT" help:"With hmac: what stands before the signature, such as sha256=."`
	CA        string            `name:"ca-file" placeholder:"FILE" help:"With mtls: PEM file of the authorities that sign the clients' certificates."`
	Subject   string            `placeholder:"NAME" help:"With mtls: a name that the client's certificate must bear."`
	Project   string            `placeholder:"NAME" help:"The project of everything that it takes in."`
	Label     map[string]string `placeholder:"KEY=VALUE" help:"A label on everything that it takes in; may be repeated."`
	Type      []string          `placeholder:"TYPE" help:"Take only these types of events, such as auth.*; may be repeated."`
}

// Help is the long help.
func (*sourcesCreateCmd) Help() string {
	return `Prints the address that the sender posts to. The secret cannot be read again.

Examples:

    openssl rand -hex 32 | tee secret.txt | tocsin sources create "GitHub" --dialect github --auth github --secret -
    tocsin sources create "Falco on the cluster" --dialect falco --auth bearer --secret local-env:FALCO_TOKEN --project cluster
    tocsin sources create "Fleet" --dialect native --auth mtls --ca-file fleet-ca.pem

docs/sources.md says what each method expects, and has recipes.`
}

// Run makes it.
func (c *sourcesCreateCmd) Run(ctx context.Context, p *Process) error {
	auth := map[string]any{"method": c.Auth}
	if c.Secret == "-" {
		text, err := p.readAll("-")
		if err != nil {
			return err
		}
		c.Secret = trimLine(string(text))
	}
	secret, err := localSecret(p, c.Secret)
	if err != nil {
		return err
	}
	bundle := ""
	if c.CA != "" {
		text, err := p.readAll(c.CA)
		if err != nil {
			return usageError{err}
		}
		bundle = string(text)
	}
	for name, value := range map[string]string{
		"secret": secret, "username": c.Username, "header": c.Header, "algorithm": c.Algorithm, "encoding": c.Encoding, "prefix": c.Prefix,
		"subject": c.Subject, "timestamp_header": c.TimeFrom, "signed": c.Signed, "tolerance": c.Tolerance, "ca_bundle": bundle,
	} {
		if value != "" {
			auth[name] = value
		}
	}
	in := map[string]any{"name": c.Name, "dialect": c.Dialect, "auth": auth}
	if c.Project != "" {
		in["project"] = c.Project
	}
	if len(c.Label) > 0 {
		in["labels"] = c.Label
	}
	if len(c.Type) > 0 {
		in["types"] = c.Type
	}
	return c.with(p, func(hub *client.Client) error {
		r, raw, err := request[sourceRow](ctx, hub, http.MethodPost, sourcesPath, in)
		if err != nil {
			return err
		}
		return c.show(p, raw, func() error {
			p.note("made %s (%s); it is sent to:\n", shown(r.ID), shown(r.Name))
			p.say("%s\n", line(r.URL))
			return nil
		})
	})
}

// sourcesDeleteCmd deletes a source.
type sourcesDeleteCmd struct {
	hubFlags
	sureFlags

	Which string `arg:"" name:"source" help:"Its id or its name."`
}

// Help is the long help.
func (*sourcesDeleteCmd) Help() string {
	return `What is sent to its address from then on is refused. What it took in stays.

Example:

    tocsin sources delete "GitHub" --yes`
}

// Run deletes it, if it is still what was looked at.
func (c *sourcesDeleteCmd) Run(ctx context.Context, p *Process) error {
	return c.with(p, func(hub *client.Client) error {
		r, _, err := findSource(ctx, hub, c.Which)
		if err != nil {
			return err
		}
		if err := c.confirm(p, "Deleting the source "+r.Name+" ("+r.ID+") refuses whatever is sent to it."); err != nil {
			return err
		}
		if err := hub.DoIf(ctx, etag(r.Version), http.MethodDelete, below(sourcesPath, r.ID), nil, nil); err != nil {
			return err
		}
		p.say("deleted %s\n", shown(r.Name))
		return nil
	})
}

// mappingsCmd groups the commands about mapping rules.
type mappingsCmd struct {
	List mappingsListCmd `cmd:"" help:"List the mapping rules in their order, and what they did."`
	Show mappingsShowCmd `cmd:"" help:"Show one mapping rule."`
	Try  mappingsTryCmd  `cmd:"" help:"Show what a rule would do to recent events, without saving it."`
}

// mappingRow is a mapping rule as the API shows it.
type mappingRow struct {
	ID       string         `json:"id"`
	Name     string         `json:"name"`
	Source   string         `json:"source"`
	Position int            `json:"position"`
	Enabled  bool           `json:"enabled"`
	When     string         `json:"when"`
	Drop     bool           `json:"drop"`
	Set      map[string]any `json:"set"`
	Compute  map[string]any `json:"compute"`
	Version  int64          `json:"version"`
	Counts   struct {
		Matched uint64 `json:"matched"`
		Dropped uint64 `json:"dropped"`
		Failed  uint64 `json:"failed"`
	} `json:"counts"`
	CreatedAt *time.Time `json:"created_at"`
	UpdatedAt *time.Time `json:"updated_at"`
}

func (r mappingRow) ident() (id, name, kind string) { return r.ID, r.Name, "" }

// does says what the rule does to an event.
func (r *mappingRow) does() string {
	if r.Drop {
		return "drop"
	}
	text := ""
	for _, part := range []struct {
		word   string
		values map[string]any
	}{{"set ", r.Set}, {"compute ", r.Compute}} {
		if len(part.values) == 0 {
			continue
		}
		b, err := plainJSON(part.values)
		if err != nil {
			continue // it was read from JSON: this cannot happen
		}
		if text != "" {
			text += "; "
		}
		text += part.word + string(b)
	}
	return text
}

// mappingsListCmd lists mapping rules.
type mappingsListCmd struct {
	hubFlags
	viewFlags
}

// Help is the long help.
func (*mappingsListCmd) Help() string {
	return `The rules run in the order of their positions. FAILED counts events for which a rule could not be worked out.

Example:

    tocsin mappings list`
}

// Run prints a table, in order.
func (c *mappingsListCmd) Run(ctx context.Context, p *Process) error {
	return c.with(p, func(hub *client.Client) error {
		rows, raw, err := listAll[mappingRow](ctx, hub, mappingsPath, nil)
		if err != nil {
			return err
		}
		return c.show(p, raw, func() error {
			t := p.table("ID", "POSITION", "NAME", "SOURCE", "STATE", "WHEN", "DOES", "MATCHED", "DROPPED", "FAILED")
			for _, r := range rows {
				t.row(r.ID, strconv.Itoa(r.Position), r.Name, r.Source, onOff(r.Enabled), r.When, r.does(), number(r.Counts.Matched),
					number(r.Counts.Dropped), number(r.Counts.Failed))
			}
			return t.flush()
		})
	})
}

// mappingsShowCmd shows a rule.
type mappingsShowCmd struct {
	hubFlags
	viewFlags

	Which string `arg:"" name:"rule" help:"Its id or its name."`
}

// Help is the long help.
func (*mappingsShowCmd) Help() string {
	return `Example:

    tocsin mappings show "drop health checks" -o yaml`
}

// Run prints it.
func (c *mappingsShowCmd) Run(ctx context.Context, p *Process) error {
	return c.with(p, func(hub *client.Client) error {
		r, raw, err := find[mappingRow](ctx, hub, "mapping rule", mappingsPath, "map_", c.Which)
		if err != nil {
			return err
		}
		return c.show(p, raw, func() error {
			return p.fields("id", r.ID, "name", r.Name, "position", strconv.Itoa(r.Position), "source", r.Source, "state", onOff(r.Enabled),
				"when", r.When, "does", r.does(), "matched", number(r.Counts.Matched), "dropped", number(r.Counts.Dropped),
				"failed", number(r.Counts.Failed), "made", day(r.CreatedAt, ""), "changed", day(r.UpdatedAt, ""))
		})
	})
}
