package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"filippo.io/age"

	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/journal"
	"github.com/tocsin-hub/tocsin/internal/journal/embedded"
	"github.com/tocsin-hub/tocsin/internal/seal"
	"github.com/tocsin-hub/tocsin/internal/store/sqlite"
)

// Names of values in store.Meta that a restored directory carries.
const (
	// MetaRestoredAt is when the directory was restored (RFC 3339): what was decided before it may be known only to a
	// disk that is gone.
	MetaRestoredAt = "restored_at"
	// MetaRestoredFrom is when the archive was made (RFC 3339).
	MetaRestoredFrom = "restored_from"
)

// Target says where and how to restore.
type Target struct {
	// Dir is the data directory to be: missing or empty, unless SetAside is set.
	Dir string
	// SetAside renames a Dir that holds something, once the archive has proved sound.
	SetAside bool
	// Key is the text of a key file, or a bare key (see seal.Options), that must be the archive's. With PlaceKey it is
	// written into the directory; without, the hub gets it in some other way.
	Key      form.Secret
	PlaceKey bool
	// Identities decrypt the key that is in the archive; it is written into the directory.
	Identities []age.Identity
	// WithoutKey restores although no key is given. A hub does not start there before its key is put in place.
	WithoutKey bool
	Now        func() time.Time // nil: time.Now
	Log        *slog.Logger     // nil: nobody
	Progress   func(done, total int64)
}

// Report is what a restore did.
type Report struct {
	Manifest Manifest
	// Epoch is the one that the journal goes on with.
	Epoch uint32
	// Aside is where the directory of before is; empty if there was none.
	Aside string
	// Missing are the ids of keys that the archive names and the given key file lacks.
	Missing []string
}

// Restore reads an archive, and makes a data directory of it that a hub can be started on. Nothing is put in place
// before everything has been checked. The journal begins a new epoch, so that no position is used twice. Errors: see
// those of the package.
func Restore(ctx context.Context, r io.Reader, t Target) (_ Report, err error) {
	if t.Now == nil {
		t.Now = time.Now
	}
	if t.Log == nil {
		t.Log = slog.New(slog.DiscardHandler)
	}
	site, err := openSite(t.Dir, t.SetAside)
	if err != nil {
		return Report{}, err
	}
	defer func() { err = errors.Join(err, site.close()) }()
	x := &extraction{target: t, site: site}
	m, err := scan(ctx, r, x, t.Progress)
	if err != nil {
		return Report{}, err
	}
	report := Report{Manifest: m, Missing: x.missing}
	if x.sealer != nil {
		if err := m.checkProof(x.sealer); err != nil {
			return report, err
		}
	}
	if report.Epoch, err = finish(ctx, site.stage, m, t); err != nil {
		return report, err
	}
	if report.Aside, err = site.place(t.Now()); err != nil {
		return report, err
	}
	return report, nil
}

// extraction is a sink that writes the files into a folder.
type extraction struct {
	target  Target
	site    *site
	about   Manifest
	sealer  *seal.Sealer
	missing []string
}

func (x *extraction) begin(about Manifest) error {
	x.about = about
	if err := needSpace(x.site.stage, about.Bytes); err != nil {
		return err
	}
	if err := os.Mkdir(filepath.Join(x.site.stage, journalDir), 0o700); err != nil {
		return fmt.Errorf("%w: %w", errOut, err)
	}
	switch {
	case !x.target.Key.IsZero():
		return x.useKey(x.target.Key, x.target.PlaceKey)
	case about.KeyInside && len(x.target.Identities) > 0: // it comes
	case len(about.Keys) > 0 && !x.target.WithoutKey:
		return fmt.Errorf("%w: the archive's secrets are sealed with the key %s, and none was given", ErrKey, about.Keys[0])
	}
	return nil
}

// useKey checks a key against the archive, and writes it into the directory if wanted.
func (x *extraction) useKey(text form.Secret, place bool) (err error) {
	if x.sealer, err = x.about.openKey(text); err != nil {
		return err
	}
	have := ids(x.sealer)
	x.missing = slices.DeleteFunc(slices.Clone(x.about.Keys), func(id string) bool { return slices.Contains(have, id) })
	if !place {
		return nil
	}
	path := filepath.Join(x.site.stage, seal.KeyFile)
	if err := os.WriteFile(path, []byte(text.Reveal()), 0o600); err != nil { // synced with all the others
		return fmt.Errorf("%w: %w", errOut, err)
	}
	return nil
}

func (x *extraction) create(name string, _ int64) (io.WriteCloser, error) {
	if name == keyName {
		return &innerKey{x: x}, nil
	}
	f, err := os.OpenFile(filepath.Join(x.site.stage, filepath.FromSlash(name)), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	return synced{f}, nil
}

// synced makes a file durable when it is closed.
type synced struct{ *os.File }

func (s synced) Close() error { return errors.Join(s.Sync(), s.File.Close()) }

// innerKey is the encrypted key of an archive on its way into the directory. It is left out unless it is needed.
type innerKey struct {
	x    *extraction
	text []byte
}

func (k *innerKey) Write(p []byte) (int, error) {
	k.text = append(k.text, p...)
	return len(p), nil
}

func (k *innerKey) Close() error {
	if len(k.x.target.Identities) == 0 || k.x.sealer != nil {
		return nil
	}
	plain, err := age.Decrypt(strings.NewReader(string(k.text)), k.x.target.Identities...)
	if err != nil {
		return fmt.Errorf("%w: the key in the archive was not encrypted for that identity: %w", ErrKey, err)
	}
	key, err := io.ReadAll(io.LimitReader(plain, maxText))
	if err != nil {
		return fmt.Errorf("%w: decrypting the key: %w", ErrKey, err)
	}
	defer clear(key)
	return k.x.useKey(form.NewSecret(string(key)), true)
}

// finish makes the extracted files a data directory: it checks the databases, lets the journal begin a new epoch, and
// notes the restore.
func finish(ctx context.Context, dir string, m Manifest, t Target) (epoch uint32, err error) {
	for _, name := range m.databases() {
		if err := sqlite.Check(ctx, dir, name); err != nil {
			return 0, fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		schema, err := sqlite.SchemaVersion(ctx, dir, name)
		if err != nil || schema != m.Schemas[name] {
			return 0, fmt.Errorf("%w: %s has schema %d, and its manifest says %d", ErrDamaged, name, schema, m.Schemas[name])
		}
	}
	if epoch, err = beginEpoch(ctx, dir, m, t); err != nil {
		return 0, err
	}
	err = sqlite.WriteMeta(ctx, dir, map[string]string{
		MetaRestoredAt: t.Now().UTC().Format(time.RFC3339), MetaRestoredFrom: m.MadeAt.Format(time.RFC3339),
	})
	if err != nil {
		return 0, err
	}
	if err := sqlite.EndSessions(ctx, dir); err != nil {
		return 0, err
	}
	if err := dropCompanions(dir); err != nil {
		return 0, err
	}
	return epoch, syncTree(dir)
}

// beginEpoch opens the journal and makes its new epoch durable. The number comes from the clock: the same archive
// restored a second time, or an older one after a newer one, must not give the positions of the first time again.
func beginEpoch(ctx context.Context, dir string, m Manifest, t Target) (uint32, error) {
	floor := journal.Position{}
	if m.Events {
		var err error
		if floor, err = sqlite.HighestMark(ctx, dir); err != nil {
			return 0, err
		}
	}
	j, err := embedded.Open(ctx, filepath.Join(dir, journalDir), embedded.Options{SegmentBytes: epochSegment, Options: journal.Options{
		Floor: floor, LeastEpoch: clockEpoch(t.Now()), Log: t.Log, Now: t.Now, MinFree: -1,
	}})
	if err != nil {
		return 0, fmt.Errorf("opening the restored journal: %w", err)
	}
	if j.End().Frame == m.nextFrame() { // it saw no reason: the clock stands in the past
		_, err = j.BumpEpoch(ctx)
	}
	epoch, next := j.End().Epoch, j.End().Frame
	if err := errors.Join(err, j.Close(ctx)); err != nil {
		return 0, fmt.Errorf("beginning an epoch in the restored journal: %w", err)
	}
	if next <= m.nextFrame() {
		return 0, fmt.Errorf("%w: its journal ends before frame %d", ErrDamaged, m.nextFrame())
	}
	return epoch, nil
}

// epochSegment is the size of the file that takes the frame which begins the epoch, if a new one is needed (1 MiB).
const epochSegment = 1 << 20

// nextFrame is the number that the archive's journal would give to its next frame.
func (m Manifest) nextFrame() uint64 {
	if m.Journal == nil {
		return 1
	}
	return m.Journal.Next
}

// clockEpoch is the number of an epoch that begins now: the seconds since 2020. It fits until 2156.
func clockEpoch(now time.Time) uint32 {
	since := now.Unix() - time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	return uint32(min(max(since, 1), 1<<32-2))
}
