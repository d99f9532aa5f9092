package cli

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"

	"filippo.io/age"

	"github.com/tocsin-hub/tocsin/internal/backup"
	"github.com/tocsin-hub/tocsin/internal/seal"
)

// restoreCmd puts an archive back.
type restoreCmd struct {
	File        string `arg:"" help:"The archive that tocsin backup made; - is standard input."`
	DataDir     string `required:"" placeholder:"DIR" help:"The data directory to make: a new or empty one."`
	Key         string `placeholder:"FILE" help:"The key file of the archive's secrets; it becomes DIR/secret.key. (Or TOCSIN_SECRET_KEY, which the hub then needs, too.)"`
	AgeIdentity string `placeholder:"FILE" help:"The age identity that the key in the archive was encrypted for (tocsin backup --with-key)."`
	WithoutKey  bool   `help:"Restore without the key. Put it into DIR/secret.key before the hub starts."`
	SetAside    bool   `help:"If DIR is not empty: rename it once the archive has proved sound. Nothing is deleted."`
}

// Help is the long help.
func (*restoreCmd) Help() string {
	return `Unpacks the archive beside DIR, checks all of it, and only then puts it in place; an archive that is damaged, incomplete
or made to do harm changes nothing. Stop the hub first, and run this as the user that the hub runs as.

The restored hub goes on in a new epoch of its journal. What was acknowledged after the backup is not in it; what was
delivered after it is delivered again, with the same ids.

Examples:

    tocsin restore hub.tar.zst --data-dir /var/lib/tocsin --key /root/safe/secret.key
    tocsin serve --data-dir /var/lib/tocsin

    # The key is in the archive, encrypted
    tocsin restore hub.tar.zst --data-dir /var/lib/tocsin --age-identity key.txt

    # In place of the directory that is there; it is kept under another name
    tocsin restore hub.tar.zst --data-dir /var/lib/tocsin --key secret.key --set-aside`
}

// Run restores.
func (c *restoreCmd) Run(ctx context.Context, p *Process) error {
	target, err := c.target(p)
	if err != nil {
		return err
	}
	var report backup.Report
	err = p.readArchive(c.File, func(r io.Reader) error {
		report, err = backup.Restore(ctx, r, target)
		return err
	})
	switch {
	case errors.Is(err, backup.ErrKey) && target.Key.IsZero() && len(target.Identities) == 0:
		return usagef("%w: give it with --key FILE, or restore with --without-key and put it in place later", err)
	case err != nil:
		return err
	}
	p.note("restored %s\n", describe(report.Manifest))
	if report.Aside != "" {
		p.note("what was there before is in %s\n", report.Aside)
	}
	for _, id := range report.Missing {
		p.note("the key %s, which was in use when the backup was made, is not in the key file: secrets that it sealed must be entered again\n", id)
	}
	if target.Key.IsZero() && len(target.Identities) == 0 && len(report.Manifest.Keys) > 0 {
		p.note("before the hub starts, put the key %s into %s/%s (mode 0600)\n", report.Manifest.Keys[0], c.DataDir, seal.KeyFile)
	}
	p.note("everybody is signed out; API keys and roles are as they were when the backup was made: revoke again what was revoked since\n")
	p.say("%s\n", c.DataDir)
	return nil
}

// target is what the flags ask for.
func (c *restoreCmd) target(p *Process) (t backup.Target, err error) {
	t = backup.Target{
		Dir: c.DataDir, SetAside: c.SetAside, WithoutKey: c.WithoutKey, Progress: p.progress("restored"),
		Log: slog.New(slog.NewTextHandler(p.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
	}
	if c.WithoutKey && (c.Key != "" || c.AgeIdentity != "") {
		return t, usagef("--without-key contradicts --key and --age-identity")
	}
	if t.Key, err = readKey(c.Key); err != nil {
		return t, err
	}
	t.PlaceKey = !t.Key.IsZero()
	if c.AgeIdentity != "" {
		text, err := readSmall(c.AgeIdentity)
		if err != nil {
			return t, usagef("reading the age identity: %w", err)
		}
		if t.Identities, err = age.ParseIdentities(bytes.NewReader(text)); err != nil { // the error may repeat a line of it
			return t, usagef("%s holds no age identity (AGE-SECRET-KEY-…)", c.AgeIdentity)
		}
	}
	if t.Key.IsZero() && c.AgeIdentity == "" && !c.WithoutKey {
		t.Key = seal.Options{}.FromEnviron(p.getenv).Key
	}
	t.Dir = strings.TrimRight(t.Dir, "/")
	if t.Dir == "" {
		return t, usagef("--data-dir names no directory that could be made")
	}
	return t, nil
}
