package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/tocsin-hub/tocsin/internal/client"
	"github.com/tocsin-hub/tocsin/internal/form"
)

// profilesCmd groups the commands about profiles.
type profilesCmd struct {
	Add    profilesAddCmd    `cmd:"" help:"Keep a server and a key for it under a name."`
	List   profilesListCmd   `cmd:"" help:"List the profiles."`
	Use    profilesUseCmd    `cmd:"" help:"Choose the profile that commands use when nothing else is said."`
	Remove profilesRemoveCmd `cmd:"" help:"Forget a profile."`
}

// profile is a server and a key for it.
type profile struct {
	Server  string `yaml:"server"`
	Key     string `yaml:"key"`
	Account string `yaml:"account,omitempty"`
}

// profileList is the file of them.
type profileList struct {
	Current  string             `yaml:"current,omitempty"`
	Profiles map[string]profile `yaml:"profiles"`
}

func (l *profileList) find(name string) (profile, bool) {
	found, ok := l.Profiles[name]
	return found, ok
}

// profilePath is where the profiles are: in the user's folder of settings.
func profilePath(p *Process) (string, error) {
	if dir := p.getenv("XDG_CONFIG_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "tocsin", "config.yaml"), nil
	}
	home := p.getenv("HOME")
	if !filepath.IsAbs(home) {
		return "", errors.New("HOME is not set: there is no place for profiles")
	}
	return filepath.Join(home, ".config", "tocsin", "config.yaml"), nil
}

// readProfiles reads the file; without one there are no profiles. A file that others can read is refused, for it holds
// keys.
func readProfiles(p *Process) (profileList, error) {
	var list profileList
	path, err := profilePath(p)
	if err != nil {
		return list, nil //nolint:nilerr // a process without a home has no profiles
	}
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return list, nil
	}
	if err != nil {
		return list, fmt.Errorf("reading the profiles: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return list, usagef("%s holds keys, and others can read it: chmod 600 %s", path, path)
	}
	text, err := readSmall(path)
	if err != nil {
		return list, fmt.Errorf("reading the profiles: %w", err)
	}
	if err := yaml.Unmarshal(text, &list); err != nil {
		return list, usagef("%s is not a file of profiles: %w", path, err)
	}
	return list, nil
}

// writeProfiles writes the file, whole or not at all.
func writeProfiles(p *Process, list profileList) error {
	path, err := profilePath(p)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("making a place for the profiles: %w", err)
	}
	temp := path + ".new"
	_ = os.Remove(temp) // of a process that was ended while it wrote
	if err := writeNew(temp, func(w io.Writer) error { return encodeYAML(w, list) }); err != nil {
		return fmt.Errorf("writing the profiles: %w", err)
	}
	if err := os.Rename(temp, path); err != nil {
		return fmt.Errorf("writing the profiles: %w", err)
	}
	return nil
}

var profileName = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9._-]{0,39}$`)

// profilesAddCmd adds a profile.
type profilesAddCmd struct {
	Name    string `arg:"" help:"What to call it: letters, digits, dots, hyphens."`
	URL     string `name:"server" aliases:"url" placeholder:"URL" help:"The hub (or TOCSIN_SERVER)."`
	Key     string `placeholder:"KEY" help:"The API key; - reads it from standard input. Left out, TOCSIN_KEY, or else standard input."`
	Account string `placeholder:"NAME" help:"Act in this account below the key's own."`
	NoCheck bool   `help:"Do not ask the hub whether it takes the key."`
}

// Help is the long help.
func (*profilesAddCmd) Help() string {
	return `Profiles are kept in ~/.config/tocsin/config.yaml (or below XDG_CONFIG_HOME), which only its owner can read. The key
in it is not encrypted: a key of its own for each machine, with the scopes it needs and no more, can be revoked alone.
The first profile is also the one in use. Adding a name again replaces it.

Examples:

    # The key is typed or piped in, and does not show up in the shell's history
    tocsin profiles add production --server https://tocsin.example.com

    tocsin profiles add lab --server http://10.0.0.7:8080 --key - < lab.key
    tocsin tail --profile lab`
}

// Run adds the profile.
func (c *profilesAddCmd) Run(ctx context.Context, p *Process) error {
	if !profileName.MatchString(c.Name) {
		return usagef("%q is no name for a profile: letters, digits, dots and hyphens, at most 40", c.Name)
	}
	server := (&hubFlags{URL: c.URL}).serverOf(p)
	if server == "" {
		return usagef("no server: give --server https://tocsin.example.com")
	}
	key, err := c.key(p)
	if err != nil {
		return err
	}
	hub, err := client.New(server, form.NewSecret(key))
	if err != nil {
		return usageError{err}
	}
	defer hub.Close()
	if !c.NoCheck {
		if err := hub.In(c.Account).Do(ctx, "GET", "/api/v1/me", nil, nil); err != nil {
			return fmt.Errorf("nothing was kept: %w (--no-check keeps it all the same)", err)
		}
	}
	list, err := readProfiles(p)
	if err != nil {
		return err
	}
	if list.Profiles == nil {
		list.Profiles = map[string]profile{}
	}
	list.Profiles[c.Name] = profile{Server: strings.TrimRight(server, "/"), Key: key, Account: c.Account}
	if _, ok := list.find(list.Current); !ok {
		list.Current = c.Name
	}
	if err := writeProfiles(p, list); err != nil {
		return err
	}
	p.say("kept %s (%s)%s\n", c.Name, server, map[bool]string{true: ", which is in use now"}[list.Current == c.Name])
	return nil
}

// maxKeyText bounds a key that is read from standard input.
const maxKeyText = 4 << 10

func (c *profilesAddCmd) key(p *Process) (string, error) {
	key := c.Key
	if key == "" {
		key = p.getenv("TOCSIN_KEY")
	}
	if key == "" || key == "-" {
		if isTerminal(p.Stdin) {
			p.note("API key: ")
		}
		text, err := io.ReadAll(io.LimitReader(firstLine{p.Stdin}, maxKeyText))
		if err != nil {
			return "", fmt.Errorf("reading the key: %w", err)
		}
		key = strings.TrimSpace(string(text))
	}
	if key == "" || strings.ContainsAny(key, " \t\n\r") {
		return "", usagef("no API key: give it on standard input, in TOCSIN_KEY or with --key")
	}
	return key, nil
}

// firstLine reads up to the first end of a line, byte by byte, so that a terminal need not send its end of file.
type firstLine struct{ r io.Reader }

func (f firstLine) Read(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	n, err := f.r.Read(b[:1])
	if n == 1 && b[0] == '\n' {
		return 0, io.EOF
	}
	return n, err
}

// profilesListCmd lists the profiles.
type profilesListCmd struct {
	viewFlags
}

// Help is the long help.
func (*profilesListCmd) Help() string {
	return `Keys are never shown, only their beginning. The profile with a star is the one in use.

Example:

    tocsin profiles list`
}

// profileRow is a profile as it is shown.
type profileRow struct {
	Name    string `json:"name"`
	Current bool   `json:"current"`
	Server  string `json:"server"`
	Key     string `json:"key"`
	Account string `json:"account,omitempty"`
}

// Run prints a table, by name.
func (c *profilesListCmd) Run(p *Process) error {
	list, err := readProfiles(p)
	if err != nil {
		return err
	}
	rows := make([]profileRow, 0, len(list.Profiles))
	for name, x := range list.Profiles {
		rows = append(rows, profileRow{name, name == list.Current, x.Server, beginning(x.Key), x.Account})
	}
	slices.SortFunc(rows, func(a, b profileRow) int { return strings.Compare(a.Name, b.Name) })
	return c.showValue(p, rows, func() error {
		t := p.table("NAME", "SERVER", "KEY", "ACCOUNT")
		for _, r := range rows {
			t.row(r.Name+map[bool]string{true: " *"}[r.Current], r.Server, r.Key, r.Account)
		}
		return t.flush()
	})
}

// beginning is what may be shown of a key: as much as the hub itself shows.
func beginning(key string) string {
	const most = len("tsk_live_7f3k")
	return key[:min(len(key)/2, most)] + "…"
}

// profilesUseCmd chooses a profile.
type profilesUseCmd struct {
	Name string `arg:"" help:"The profile."`
}

// Help is the long help.
func (*profilesUseCmd) Help() string {
	return `Flags, TOCSIN_PROFILE and TOCSIN_SERVER with TOCSIN_KEY win over the profile in use.

Example:

    tocsin profiles use production`
}

// Run chooses it.
func (c *profilesUseCmd) Run(p *Process) error {
	return changeProfiles(p, c.Name, func(list *profileList) { list.Current = c.Name }, "in use: "+c.Name)
}

// profilesRemoveCmd forgets a profile.
type profilesRemoveCmd struct {
	Name string `arg:"" help:"The profile."`
}

// Help is the long help.
func (*profilesRemoveCmd) Help() string {
	return `The key stays valid: tocsin keys revoke ends it.

Example:

    tocsin profiles remove lab`
}

// Run forgets it.
func (c *profilesRemoveCmd) Run(p *Process) error {
	return changeProfiles(p, c.Name, func(list *profileList) {
		delete(list.Profiles, c.Name)
		if list.Current == c.Name {
			list.Current = ""
		}
	}, "forgot "+c.Name)
}

func changeProfiles(p *Process, name string, change func(*profileList), done string) error {
	list, err := readProfiles(p)
	if err != nil {
		return err
	}
	if _, ok := list.find(name); !ok {
		return notFoundf("there is no profile %q: tocsin profiles list shows those there are", name)
	}
	change(&list)
	if err := writeProfiles(p, list); err != nil {
		return err
	}
	p.say("%s\n", done)
	return nil
}
