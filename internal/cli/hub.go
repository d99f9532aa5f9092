package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/client"
	"github.com/tocsin-hub/tocsin/internal/form"
)

// defaultURL is where a hub with default settings listens.
const defaultURL = "http://127.0.0.1:8080"

// hubFlags are the flags of every command that speaks to a running hub.
type hubFlags struct {
	URL     string `name:"server" aliases:"url" placeholder:"URL" help:"The hub (or TOCSIN_SERVER; the profile's; http://127.0.0.1:8080)."`
	Key     string `placeholder:"KEY" help:"API key. Better in TOCSIN_KEY (or TOCSIN_ADMIN_KEY) or a profile: other users see command lines."`
	Profile string `placeholder:"NAME" help:"A server and key kept by \"tocsin profiles add\" (or TOCSIN_PROFILE)."`

	Account string `placeholder:"NAME" help:"Act in an account below the key's own (or TOCSIN_ACCOUNT)."`
}

// Environment variables of commands that speak to a hub.
const (
	envServer  = "TOCSIN_SERVER"
	envURL     = "TOCSIN_URL" // the older name of envServer
	envProfile = "TOCSIN_PROFILE"
	envAccount = "TOCSIN_ACCOUNT" // names the account to act in
)

// serverOf is the hub that flags and environment name; empty if they do not.
func (f *hubFlags) serverOf(p *Process) string {
	return cmp.Or(f.URL, p.getenv(envServer), p.getenv(envURL))
}

// target is a hub and a key for it.
type target struct{ server, key, account string }

// target finds out what the flags, or else a profile that is asked for, or else the environment, or else the profile in
// use name. A profile's key goes to that profile's server and to no other.
func (f *hubFlags) target(p *Process) (target, error) {
	t := target{
		server: f.serverOf(p), key: cmp.Or(f.Key, p.getenv("TOCSIN_KEY"), p.getenv("TOCSIN_ADMIN_KEY")),
		account: cmp.Or(f.Account, p.getenv(envAccount)),
	}
	asked := cmp.Or(f.Profile, p.getenv(envProfile))
	if asked == "" && t.server != "" && t.key != "" {
		return t, nil // nothing is missing: the file need not even be readable
	}
	list, err := readProfiles(p)
	if err != nil {
		return t, err
	}
	profile, ok := list.find(cmp.Or(asked, list.Current))
	switch {
	case asked != "" && !ok:
		return t, usagef("there is no profile %q: tocsin profiles list shows those there are", asked)
	case asked != "":
		t = target{
			server: cmp.Or(f.URL, profile.Server), key: f.Key, account: cmp.Or(f.Account, profile.Account),
		}
		if t.key == "" && sameServer(t.server, profile.Server) {
			t.key = profile.Key
		}
	case ok:
		t.server = cmp.Or(t.server, profile.Server)
		if sameServer(t.server, profile.Server) {
			t.key, t.account = cmp.Or(t.key, profile.Key), cmp.Or(t.account, profile.Account)
		}
	}
	t.server = cmp.Or(t.server, defaultURL)
	return t, nil
}

func sameServer(a, b string) bool { return strings.TrimRight(a, "/") == strings.TrimRight(b, "/") }

// connect makes a client of the hub that the flags, or else a profile or the environment, name.
func (f *hubFlags) connect(p *Process) (*client.Client, error) {
	t, err := f.target(p)
	if err != nil {
		return nil, err
	}
	if t.key == "" {
		return nil, usagef("no API key: set TOCSIN_KEY, or keep one with \"tocsin profiles add\" (\"tocsin serve\" printed the first key; " +
			"\"tocsin keys create --data-dir DIR\" makes another on the hub's machine)")
	}
	c, err := client.New(t.server, form.NewSecret(t.key))
	if err != nil {
		return nil, usageError{err}
	}
	return c.In(t.account), nil
}

// with connects, and lets go at the end.
func (f *hubFlags) with(p *Process, use func(*client.Client) error) error {
	hub, err := f.connect(p)
	if err != nil {
		return err
	}
	defer hub.Close()
	return use(hub)
}

// fetch reads one thing, as it came and as a T.
func fetch[T any](ctx context.Context, hub *client.Client, path string) (row T, raw []byte, err error) {
	return request[T](ctx, hub, http.MethodGet, path, nil)
}

// request makes a request and reads its answer, as it came and as a T.
func request[T any](ctx context.Context, hub *client.Client, method, path string, in any) (row T, raw []byte, err error) {
	var answer json.RawMessage
	if err := hub.Do(ctx, method, path, in, &answer); err != nil {
		return row, nil, err
	}
	if err := json.Unmarshal(answer, &row); err != nil {
		return row, nil, fmt.Errorf("the answer of %s is not what a hub sends: %w", hub.URL(), err)
	}
	return row, answer, nil
}

// below is the path of something with this id, and what is below it.
func below(base, id string, rest ...string) string {
	return strings.Join(append([]string{base, url.PathEscape(id)}, rest...), "/")
}
