package cli

import (
	"cmp"

	"github.com/tocsin-hub/tocsin/internal/client"
	"github.com/tocsin-hub/tocsin/internal/form"
)

// defaultURL is where a hub with default settings listens.
const defaultURL = "http://127.0.0.1:8080"

// hubFlags are the flags of every command that speaks to a running hub.
type hubFlags struct {
	URL string `placeholder:"URL" help:"The hub (or TOCSIN_URL; http://127.0.0.1:8080)."`
	Key string `placeholder:"KEY" help:"API key. Better in TOCSIN_KEY (or TOCSIN_ADMIN_KEY): other users see command lines."`

	Account string `placeholder:"NAME" help:"Act in an account below the key's own (or TOCSIN_ACCOUNT)."`
}

// envAccount names the account to act in.
const envAccount = "TOCSIN_ACCOUNT"

// connect makes a client of the hub that the flags, or else the environment, name.
func (f *hubFlags) connect(p *Process) (*client.Client, error) {
	key := cmp.Or(f.Key, p.getenv("TOCSIN_KEY"), p.getenv("TOCSIN_ADMIN_KEY"))
	if key == "" {
		return nil, usagef("no API key: set TOCSIN_KEY to one (\"tocsin serve\" printed the first; " +
			"\"tocsin keys create --data-dir DIR\" makes another while the hub is stopped)")
	}
	c, err := client.New(cmp.Or(f.URL, p.getenv("TOCSIN_URL"), defaultURL), form.NewSecret(key))
	if err != nil {
		return nil, usageError{err}
	}
	return c.In(cmp.Or(f.Account, p.getenv(envAccount))), nil
}
