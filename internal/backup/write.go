package backup

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"filippo.io/age"
	"github.com/klauspost/compress/zstd"

	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/journal"
	"github.com/tocsin-hub/tocsin/internal/seal"
	"github.com/tocsin-hub/tocsin/internal/store/sqlite"
)

const (
	// windowBytes bounds what the compression keeps in memory, here and at whoever reads the archive (4 MiB).
	windowBytes = 4 << 20
	// pieceBytes is how much is copied at a time (256 KiB).
	pieceBytes = 256 << 10
)

// part is a file on its way into the archive.
type part struct {
	name  string
	bytes int64
	open  func() (io.ReadCloser, error)
	done  func() // told when it is in the archive; nil: nobody
}

// Write writes an archive of the source to w and gives its manifest. Nothing is written before everything is known
// that can be known beforehand, so an error with an untouched w can still be told to whoever waits at its other end.
// After an error the archive has no manifest and is refused by whoever reads it.
//
// Errors: ErrBusy, ErrNoSpace, journal.ErrTrimmed when the journal could not wait, and those of reading and of w.
func Write(ctx context.Context, s Source, w io.Writer) (_ Manifest, err error) {
	m := Manifest{
		Format: s.format(), DataFormat: DataFormat, Version: s.version(), MadeAt: s.now().Truncate(time.Microsecond),
		Events: s.Hold != nil, Schemas: map[string]int{},
	}
	stage, err := openStaging(s.DataDir)
	if err != nil {
		return m, fmt.Errorf("backing up %s: %w", s.DataDir, err)
	}
	defer func() { err = errors.Join(err, stage.close()) }()
	var held Held
	if s.Hold != nil {
		if held, err = s.Hold(ctx); err != nil {
			return m, fmt.Errorf("backing up %s: %w", s.DataDir, err)
		}
		defer held.Release()
	}
	parts, err := s.collect(ctx, stage, held, &m)
	if err != nil {
		return m, fmt.Errorf("backing up %s: %w", s.DataDir, err)
	}
	if err := s.write(ctx, parts, held, &m, w); err != nil {
		return m, fmt.Errorf("writing the archive: %w", err)
	}
	return m, nil
}

// format is the format of the archive. Data that no hub has opened since there were alerts has nothing to go into a newer
// one.
func (s Source) format() int {
	if _, err := os.Stat(filepath.Join(s.DataDir, sqlite.CasesFile)); errors.Is(err, os.ErrNotExist) {
		return 1
	}
	return ArchiveFormat
}

// collect copies the databases, then lists the journal, and describes the whole. The order is what keeps the marks from
// being ahead of the journal.
func (s Source) collect(ctx context.Context, stage *staging, held Held, m *Manifest) ([]part, error) {
	parts, err := s.texts(m)
	if err != nil {
		return nil, err
	}
	before := s.keys()
	if err := s.roomForCopies(m.databases()); err != nil {
		return nil, err
	}
	for _, name := range m.databases() {
		path := filepath.Join(stage.path, name)
		if m.Schemas[name], err = sqlite.Copy(ctx, s.DataDir, name, path); err != nil {
			return nil, err
		}
		p, err := filePart(name, path)
		if err != nil {
			return nil, err
		}
		parts = append(parts, p)
	}
	m.Keys = s.keys()
	for _, id := range before {
		if !slices.Contains(m.Keys, id) {
			m.Keys = append(m.Keys, id)
		}
	}
	if held != nil {
		files, err := held.Files(ctx)
		if err != nil {
			return nil, err
		}
		mark, err := sqlite.HighestMark(ctx, stage.path)
		if err != nil {
			return nil, err
		}
		m.Journal = journalOf(files, mark)
		parts = append(parts, segmentParts(files, held)...)
	}
	for _, p := range parts {
		m.Bytes += p.bytes
	}
	m.Count = len(parts)
	return parts, nil
}

// keys are the ids of the keys in force. A rotation may be under way: they are asked for before and after the copy.
func (s Source) keys() (ids []string) {
	if s.Sealer == nil {
		return nil
	}
	for _, k := range s.Sealer.Keys() {
		ids = append(ids, k.ID)
	}
	return ids
}

// texts are the small files: the directory's format, and the encrypted key if it is wanted.
func (s Source) texts(m *Manifest) ([]part, error) {
	format, err := os.ReadFile(filepath.Join(s.DataDir, formatName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s holds no hub's data (no %s)", s.DataDir, formatName)
	}
	if err != nil {
		return nil, err
	}
	parts := []part{textPart(formatName, format)}
	if len(s.Recipients) > 0 {
		sealed, err := encryptKey(filepath.Join(s.DataDir, seal.KeyFile), s.Recipients)
		if err != nil {
			return nil, err
		}
		parts, m.KeyInside = append(parts, textPart(keyName, sealed)), true
	}
	return parts, nil
}

// encryptKey reads the key file and encrypts it for the recipients.
func encryptKey(path string, to []age.Recipient) ([]byte, error) {
	key, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no %s: the key is kept elsewhere (see %s and %s), and its own copy must be kept there",
			path, seal.EnvKey, seal.EnvAgeIdentity)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the key of the secrets: %w", err)
	}
	defer clear(key)
	var out bytes.Buffer
	w, err := age.Encrypt(&out, to...)
	if err != nil {
		return nil, fmt.Errorf("encrypting the key of the secrets: %w", err)
	}
	if _, err := w.Write(key); err != nil {
		return nil, fmt.Errorf("encrypting the key of the secrets: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("encrypting the key of the secrets: %w", err)
	}
	return out.Bytes(), nil
}

// roomForCopies refuses when the copies of the databases would fill the disk of the hub.
func (s Source) roomForCopies(names []string) error {
	need := int64(0)
	for _, name := range names {
		for _, suffix := range []string{"", "-wal"} {
			if info, err := os.Stat(filepath.Join(s.DataDir, name+suffix)); err == nil {
				need += info.Size()
			}
		}
	}
	return needSpace(s.DataDir, need)
}

func textPart(name string, text []byte) part {
	return part{name: name, bytes: int64(len(text)), open: func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(text)), nil
	}}
}

func filePart(name, path string) (part, error) {
	info, err := os.Stat(path)
	if err != nil {
		return part{}, err
	}
	return part{name: name, bytes: info.Size(), open: func() (io.ReadCloser, error) { return os.Open(path) }}, nil
}

func segmentParts(files []journal.LogFile, held Held) []part {
	parts := make([]part, len(files))
	for i, f := range files {
		parts[i] = part{
			name: journalDir + "/" + f.Name, bytes: f.Bytes, open: f.Open, done: func() { held.Copied(f.Next) },
		}
	}
	return parts
}

func journalOf(files []journal.LogFile, mark journal.Position) *Journal {
	j := &Journal{Next: 1, Mark: mark.String()}
	if n := len(files); n > 0 {
		j.First, j.Next = files[0].First, files[n-1].Next
	}
	return j
}

// write streams the parts, and the manifest behind them.
func (s Source) write(ctx context.Context, parts []part, held Held, m *Manifest, w io.Writer) error {
	packer, err := zstd.NewWriter(w, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1),
		zstd.WithWindowSize(windowBytes))
	if err != nil {
		return err
	}
	a := &archive{ctx: ctx, tar: tar.NewWriter(packer), made: m.MadeAt, buf: make([]byte, pieceBytes), total: m.Bytes, progress: s.Progress}
	text, err := m.head().encode()
	if err != nil {
		return err
	}
	if _, err := a.add(textPart(aboutName, text)); err != nil {
		return err
	}
	a.done = 0
	for _, p := range parts {
		f, err := a.add(p)
		if err == nil && held != nil {
			err = held.Err()
		}
		if err != nil {
			if held != nil {
				err = errors.Join(held.Err(), err)
			}
			return err
		}
		m.Files = append(m.Files, f)
		if p.done != nil {
			p.done()
		}
	}
	if err := s.prove(m); err != nil {
		return err
	}
	if text, err = m.encode(); err != nil {
		return err
	}
	if _, err := a.add(textPart(manifestName, text)); err != nil {
		return err
	}
	if err := a.tar.Close(); err != nil {
		return err
	}
	return packer.Close()
}

// archive is a tar that is being written.
type archive struct {
	ctx         context.Context
	tar         *tar.Writer
	made        time.Time
	buf         []byte
	done, total int64
	progress    func(done, total int64)
}

// add writes one file and gives its size and digest.
func (a *archive) add(p part) (File, error) {
	f := File{Name: p.name, Bytes: p.bytes}
	r, err := p.open()
	if err != nil {
		return f, fmt.Errorf("opening %s: %w", p.name, err)
	}
	defer r.Close()
	header := &tar.Header{
		Typeflag: tar.TypeReg, Name: p.name, Size: p.bytes, Mode: 0o600, ModTime: a.made.Truncate(time.Second), Format: tar.FormatUSTAR,
	}
	if p.bytes >= 8<<30 { // USTAR's limit
		header.Format = tar.FormatPAX
	}
	if err := a.tar.WriteHeader(header); err != nil {
		return f, fmt.Errorf("writing %s: %w", p.name, err)
	}
	digest := sha256.New()
	for left := p.bytes; left > 0; {
		if err := a.ctx.Err(); err != nil {
			return f, err
		}
		piece := a.buf[:min(left, int64(len(a.buf)))]
		if _, err := io.ReadFull(r, piece); err != nil {
			return f, fmt.Errorf("reading %s: %w", p.name, err)
		}
		digest.Write(piece)
		if _, err := a.tar.Write(piece); err != nil {
			return f, fmt.Errorf("writing %s: %w", p.name, err)
		}
		left -= int64(len(piece))
		a.done += int64(len(piece))
		if a.progress != nil {
			a.progress(min(a.done, a.total), a.total)
		}
	}
	f.SHA256 = hex.EncodeToString(digest.Sum(nil))
	return f, nil
}

// proofPlace is where the proof of a manifest belongs: no setting has that name.
var proofPlace = seal.AAD{Field: "backup manifest"}

// digest is what the proof seals.
func (m Manifest) digest() (string, error) {
	m.Proof = nil
	text, err := m.encode()
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

// prove seals the manifest.
func (s Source) prove(m *Manifest) error {
	if s.Sealer == nil {
		return nil
	}
	digest, err := m.digest()
	if err != nil {
		return err
	}
	if m.Proof, err = s.Sealer.Seal(form.NewSecret(digest), proofPlace); err != nil {
		return fmt.Errorf("sealing the manifest: %w", err)
	}
	return nil
}
