package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"filippo.io/age"

	"github.com/tocsin-hub/tocsin/internal/backup"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/seal"
	"github.com/tocsin-hub/tocsin/internal/version"
)

// backupCmd groups the commands about backups.
type backupCmd struct {
	Create backupCreateCmd `cmd:"" default:"withargs" help:"Back up a hub while it runs. This is what \"tocsin backup\" does by itself."`
	Verify backupVerifyCmd `cmd:"" help:"Check that a backup is whole and unchanged."`
}

// backupPath is where the API gives an archive.
const backupPath = "/api/v1/backup"

// backupCreateCmd makes an archive.
type backupCreateCmd struct {
	hubFlags

	To           string   `placeholder:"FILE|DIR" help:"Where the archive goes: a new file, or a directory, in which it gets a name with the time; - is standard output. The working directory if left out."`
	NoEvents     bool     `help:"Leave the events and deliveries out: only what people set up, and the audit record."`
	DataDir      string   `placeholder:"DIR" help:"Copy the files of a hub that is stopped, instead of asking a running one. (With --no-events it may be running.)"`
	WithKey      bool     `help:"Put the key of the secrets into the archive, encrypted for --age-recipient. Needs --data-dir."`
	AgeRecipient []string `placeholder:"age1…" help:"Whom the key is encrypted for; may be repeated."`
}

// Help is the long help.
func (*backupCreateCmd) Help() string {
	return `The archive is one file with the configuration, the state of deliveries and the events: everything that was acknowledged
before the backup began. Secrets in it are sealed, and their key is not in it: keep a copy of secret.key in another
place, for without it every secret must be entered again. The key that is used with the hub needs the scope admin, of
the first account.

The command prints the archive's name on standard output. It checks what it got before the file gets its name; what is
broken off leaves nothing.

Examples:

    # Ask the hub that TOCSIN_SERVER and TOCSIN_KEY name; the file goes to /backups
    tocsin backup --to /backups

    # A stopped hub, with the key encrypted for an age identity that lies in a safe
    tocsin backup --data-dir /var/lib/tocsin --to hub.tar.zst --with-key --age-recipient age1…

    # Is the file sound?
    tocsin backup verify hub.tar.zst`
}

// Run makes the archive.
func (c *backupCreateCmd) Run(ctx context.Context, p *Process) error {
	write, err := c.maker(p)
	if err != nil {
		return err
	}
	if c.To == "-" {
		_, err := write(ctx, p.Stdout)
		return err
	}
	name, err := c.name(time.Now())
	if err != nil {
		return err
	}
	m, err := writeArchive(name, func(w io.Writer) (backup.Manifest, error) { return write(ctx, w) })
	if err != nil {
		return err
	}
	p.note("%s\n", describe(m))
	if len(m.Keys) > 0 && !m.KeyInside {
		p.note("its secrets are sealed with the key %s, which is not in it: keep a copy of that key in another place\n", m.Keys[0])
	}
	p.say("%s\n", name)
	return nil
}

// maker is the way to the archive that the flags choose.
func (c *backupCreateCmd) maker(p *Process) (func(context.Context, io.Writer) (backup.Manifest, error), error) {
	switch {
	case c.WithKey != (len(c.AgeRecipient) > 0):
		return nil, usagef("--with-key and --age-recipient belong together: the key goes into an archive only encrypted")
	case c.WithKey && c.DataDir == "":
		return nil, usagef("--with-key needs --data-dir: a hub gives its key to nobody over its API")
	case c.DataDir != "":
		return func(ctx context.Context, w io.Writer) (backup.Manifest, error) { return c.offline(ctx, p, w) }, nil
	}
	hub, err := c.connect(p)
	if err != nil {
		return nil, err
	}
	path := backupPath
	if c.NoEvents {
		path += "?events=false"
	}
	return func(ctx context.Context, w io.Writer) (backup.Manifest, error) {
		defer hub.Close()
		return checked(ctx, w, p.progress("received"), func(w io.Writer) error {
			return hub.Stream(ctx, path, backup.MediaType, w)
		})
	}, nil
}

// offline copies a data directory.
func (c *backupCreateCmd) offline(ctx context.Context, p *Process, w io.Writer) (m backup.Manifest, err error) {
	var recipients []age.Recipient
	for _, text := range c.AgeRecipient {
		list, err := age.ParseRecipients(strings.NewReader(text))
		if err != nil {
			return m, usagef("--age-recipient %q is none: it looks like age1…, and age-keygen prints it", text)
		}
		recipients = append(recipients, list...)
	}
	source, err := backup.OpenOffline(ctx, c.DataDir, seal.Options{}.FromEnviron(p.getenv), !c.NoEvents)
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	source.Recipients, source.Version, source.Progress = recipients, version.Number(), p.progress("copied")
	return backup.Write(ctx, source.Source, w)
}

// name is the archive's.
func (c *backupCreateCmd) name(now time.Time) (string, error) {
	name := c.To
	if info, err := os.Stat(name); name == "" || strings.HasSuffix(name, "/") || err == nil && info.IsDir() {
		name = filepath.Join(name, backup.FileName(now))
	}
	if _, err := os.Lstat(name); err == nil {
		return "", usagef("%s is there already: a backup replaces nothing", name)
	}
	return name, nil
}

// checked passes an archive on while it is being verified, and gives its manifest.
func checked(ctx context.Context, w io.Writer, progress func(done, total int64), get func(io.Writer) error) (backup.Manifest, error) {
	r, pipe := io.Pipe()
	type result struct {
		m   backup.Manifest
		err error
	}
	verified := make(chan result, 1)
	go func() {
		m, err := backup.Verify(ctx, r, form.Secret{}, progress)
		r.CloseWithError(errors.Join(err, io.ErrClosedPipe)) // an archive that is refused need not come to its end
		verified <- result{m, err}
	}()
	err := get(io.MultiWriter(w, pipe))
	pipe.CloseWithError(err) // nil: the end
	v := <-verified
	switch {
	case err == nil:
		return v.m, v.err
	case v.err != nil && errors.Is(err, io.ErrClosedPipe):
		return v.m, v.err
	}
	return v.m, err
}

// writeArchive makes a file with what write gives; it gets its name when it is complete and durable.
func writeArchive(name string, write func(io.Writer) (backup.Manifest, error)) (m backup.Manifest, err error) {
	f, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".part-*") // mode 0600
	if err != nil {
		return m, fmt.Errorf("making the archive: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	if m, err = write(f); err != nil {
		return m, errors.Join(err, f.Close())
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return m, fmt.Errorf("making the archive: %w", err)
	}
	if err := os.Rename(f.Name(), name); err != nil {
		return m, fmt.Errorf("making the archive: %w", err)
	}
	return m, nil
}

// backupVerifyCmd checks an archive.
type backupVerifyCmd struct {
	File string `arg:"" help:"The archive; - is standard input."`
	Key  string `placeholder:"FILE" help:"The key file of the hub's secrets (secret.key): checks also that this hub made the archive and nobody changed it."`

	viewFlags
}

// Help is the long help.
func (*backupVerifyCmd) Help() string {
	return `Reads all of the archive and compares every file with the digests at its end. It needs neither a hub nor a key. With
the key it also proves where the archive comes from.

Example:

    tocsin backup verify /backups/tocsin-20260102T030405Z.tar.zst --key /etc/tocsin/secret.key`
}

// Run checks the archive.
func (c *backupVerifyCmd) Run(ctx context.Context, p *Process) error {
	key, err := readKey(c.Key)
	if err != nil {
		return err
	}
	var m backup.Manifest
	err = p.readArchive(c.File, func(r io.Reader) error {
		m, err = backup.Verify(ctx, r, key, p.progress("checked"))
		return err
	})
	if err != nil {
		return err
	}
	return c.showValue(p, m, func() error {
		sayVerified(p, c.File, &m, key.IsZero())
		return nil
	})
}

// sayVerified says what is known of a sound archive.
func sayVerified(p *Process, file string, m *backup.Manifest, keyless bool) {
	p.say("%s is sound: %s\n", file, describe(*m))
	switch {
	case len(m.Keys) > 0 && keyless:
		p.say("its secrets are sealed with the key %s (give --key to check it, and who made the archive)\n", m.Keys[0])
	case len(m.Keys) > 0:
		p.say("it was made by the hub of that key (%s)\n", m.Keys[0])
	}
}

// readArchive opens an archive, or takes it from standard input.
func (p *Process) readArchive(name string, read func(io.Reader) error) error {
	if name == "-" {
		return read(p.Stdin)
	}
	f, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("opening the archive: %w", err)
	}
	defer f.Close()
	if err := read(f); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// maxKeyFile bounds a key file or identity file (64 KiB).
const maxKeyFile = 64 << 10

// readSmall reads a file of a few lines.
func readSmall(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxKeyFile+1))
	if err == nil && len(text) > maxKeyFile {
		err = fmt.Errorf("%s is larger than any such file", path)
	}
	return text, err
}

// readKey reads a key file; "" is no key.
func readKey(path string) (form.Secret, error) {
	if path == "" {
		return form.Secret{}, nil
	}
	text, err := readSmall(path)
	if err != nil {
		return form.Secret{}, usagef("reading the key: %w", err)
	}
	if len(bytes.TrimSpace(text)) == 0 {
		return form.Secret{}, usagef("the key file %s is empty", path)
	}
	return form.NewSecret(string(text)), nil
}

// describe says what an archive holds.
func describe(m backup.Manifest) string {
	what := "configuration only"
	if m.Events {
		what = "configuration, deliveries and events"
		if n := m.Journal.Next - max(m.Journal.First, 1); n > 0 {
			what += fmt.Sprintf(" (journal frames %d to %d)", max(m.Journal.First, 1), m.Journal.Next-1)
		}
	}
	return fmt.Sprintf("%s of %s, tocsin %s, %s in %d files", what, m.MadeAt.Local().Format("2006-01-02 15:04:05"),
		m.Version, human(m.Bytes), m.Count)
}

// progressEvery is how often progress is told.
const progressEvery = 2 * time.Second

// progress tells on standard error, now and then, how far something is; short work says nothing.
func (p *Process) progress(verb string) func(done, total int64) {
	next := time.Now().Add(progressEvery)
	return func(done, total int64) {
		if now := time.Now(); now.After(next) && total > 0 {
			next = now.Add(progressEvery)
			p.note("%s %s of %s (%d %%)\n", verb, human(done), human(total), done*100/total)
		}
	}
}

// human is a size for people.
func human(n int64) string {
	f, units := float64(n), []string{"B", "KiB", "MiB", "GiB", "TiB"}
	for f >= 1024 && len(units) > 1 {
		f, units = f/1024, units[1:]
	}
	if units[0] == "B" {
		return fmt.Sprintf("%d B", n)
	}
	return fmt.Sprintf("%.1f %s", f, units[0])
}
