// Package backup copies a hub's data directory into one file while the hub runs, and puts it back.
//
// An archive is a tar, compressed with Zstandard, of a few regular files:
//
//	about.json       what the archive is, and how much it holds (a Manifest without its list of files)
//	FORMAT           the format of the data directory
//	config.db        what people set up, the audit record; secrets are sealed in it
//	lanes.db         marks, counts, the mailbox, attempts          }
//	cases.db         alerts, incidents, tickets                    } not with a backup
//	journal/*.seg    the events                                    } of the configuration alone
//	secret.key.age   the key of the secrets, encrypted for named recipients; only when asked for
//	manifest.json    all of about.json, with the size and SHA-256 of every file; the last one
//
// The databases are copied first, each as of one moment, and the journal after them, so that no mark of a lane is ahead
// of the journal: a hub that is started on a restored copy repeats some deliveries, with the same keys, and loses none.
// An archive without its manifest is not complete, and nothing of it is put in place. The manifest is sealed with the
// key of the secrets: whoever does not have it cannot make an archive that passes for one of this hub.
package backup

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/tocsin-hub/tocsin/internal/journal/segment"
	"github.com/tocsin-hub/tocsin/internal/store/sqlite"
)

// ArchiveFormat is the version of the archive's layout that this build writes, and the newest that it reads.
// Format 1 had no cases.db.
const ArchiveFormat = 2

// DataFormat is the version of the data directory's layout that this build backs up and restores.
const DataFormat = 1

// MediaType is what an archive is called in an answer over HTTP.
const MediaType = "application/zstd"

// FileName is the name that an archive gets which was made then.
func FileName(made time.Time) string {
	return "tocsin-" + made.UTC().Format("20060102T150405Z") + ".tar.zst"
}

// Names in an archive; those of the data directory are the same.
const (
	aboutName    = "about.json"
	formatName   = "FORMAT"
	keyName      = "secret.key.age"
	manifestName = "manifest.json"
	journalDir   = "journal"
)

var segmentName = regexp.MustCompile(`^` + journalDir + `/[0-9]{10,20}-[0-9]{20}-[0-9a-f]{16}\.seg$`)

// Limits of an archive. What is beyond them is refused by whoever reads it.
const (
	// MaxBytes bounds what an archive holds when it is unpacked (4 TiB).
	MaxBytes = 4 << 40
	// MaxFiles bounds the number of its files.
	MaxFiles = 1 << 20
	// maxText bounds about.json, FORMAT and the encrypted key (1 MiB), maxManifest the manifest (256 MiB).
	maxText     = 1 << 20
	maxManifest = 256 << 20
	// maxSegment bounds a file of the journal: a segment of the largest size, with its index behind it.
	maxSegment = segment.MaxSegmentBytes + 2*segment.MaxRecordBytes
)

// Errors of backups. Callers match them with errors.Is.
var (
	// ErrBusy: another backup of the same data directory is under way.
	ErrBusy = errors.New("another backup is under way")
	// ErrNoSpace: the file system has too little room.
	ErrNoSpace = errors.New("too little free space")
	// ErrNotArchive: the input is not a backup of Tocsin.
	ErrNotArchive = errors.New("not a backup of tocsin")
	// ErrIncomplete: the archive ends before its end: its making or its copying was broken off.
	ErrIncomplete = errors.New("the archive is incomplete")
	// ErrDamaged: the archive's contents are not what its manifest says.
	ErrDamaged = errors.New("the archive is damaged")
	// ErrRefused: the archive holds what no backup holds (a path, a link, more than it declares).
	ErrRefused = errors.New("the archive was not made by tocsin backup")
	// ErrNewer: a newer version of tocsin made the archive.
	ErrNewer = errors.New("the archive was made by a newer version of tocsin")
	// ErrKey: the key that was given is not the archive's, or none was given.
	ErrKey = errors.New("the key of the secrets does not fit")
	// ErrTarget: the directory cannot be restored into as it is.
	ErrTarget = errors.New("cannot restore there")
)

// Manifest says what an archive holds.
type Manifest struct {
	Format     int       `json:"format"`      // ArchiveFormat
	DataFormat int       `json:"data_format"` // of the data directory
	Version    string    `json:"version"`     // of the hub
	MadeAt     time.Time `json:"made_at"`     // when the copy began: everything acknowledged before is in it
	// Events is false for a backup of the configuration alone.
	Events bool `json:"events"`
	// Schemas are the schema versions of the databases, by file.
	Schemas map[string]int `json:"schemas"`
	// Keys are the ids of the keys that secrets may be sealed with, the current one first. A secret whose key is gone
	// must be entered again.
	Keys []string `json:"keys,omitempty"`
	// KeyInside says that the key is in the archive, encrypted.
	KeyInside bool     `json:"key_inside,omitempty"`
	Journal   *Journal `json:"journal,omitempty"` // nil without events
	// Bytes and Count are the sum of the files' sizes and their number, about.json and manifest.json left out.
	Bytes int64 `json:"bytes"`
	Count int   `json:"count"`

	// Files and Proof are in manifest.json only.
	Files []File `json:"files,omitempty"`
	// Proof is the digest of all the rest, sealed with the key of the secrets.
	Proof []byte `json:"proof,omitempty"`
}

// Journal is the part of the journal that an archive holds.
type Journal struct {
	First uint64 `json:"first_frame"` // the oldest frame; 0 when empty
	Next  uint64 `json:"next_frame"`  // the number after the newest
	Mark  string `json:"mark"`        // the highest position that a mark in lanes.db holds: epoch/frame/item
}

// File is one file of an archive.
type File struct {
	Name   string `json:"name"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"` // hexadecimal
}

// head is the manifest without what is known only at the end.
func (m Manifest) head() Manifest {
	m.Files, m.Proof = nil, nil
	return m
}

// encode is the manifest's text.
func (m Manifest) encode() ([]byte, error) {
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encoding the manifest: %w", err)
	}
	return append(text, '\n'), nil
}

// parseManifest reads about.json or manifest.json, and refuses what this build does not know.
func parseManifest(text []byte) (m Manifest, err error) {
	if err := json.Unmarshal(text, &m); err != nil {
		return m, fmt.Errorf("%w: its description is no JSON: %w", ErrNotArchive, err)
	}
	if m.Format < 1 || m.DataFormat < 1 {
		return m, fmt.Errorf("%w: its description names no format", ErrNotArchive)
	}
	if m.Format > ArchiveFormat || m.DataFormat > DataFormat {
		return m, fmt.Errorf("%w (%s): it has format %d with data of format %d, and this one reads up to %d and %d",
			ErrNewer, m.Version, m.Format, m.DataFormat, ArchiveFormat, DataFormat)
	}
	for _, name := range m.databases() {
		known, err := sqlite.KnownSchema(name)
		if err != nil {
			return m, err
		}
		switch have := m.Schemas[name]; {
		case have < 1:
			return m, fmt.Errorf("%w: its description lacks the schema of %s", ErrNotArchive, name)
		case have > known:
			return m, fmt.Errorf("%w (%s): %s has schema %d, and this one knows it up to %d", ErrNewer, m.Version, name, have, known)
		}
	}
	if m.Bytes < 0 || m.Bytes > MaxBytes || m.Count < 1 || m.Count > MaxFiles || (m.Journal != nil) != m.Events {
		return m, fmt.Errorf("%w: its description contradicts itself", ErrRefused)
	}
	return m, nil
}

// databases are the databases that the archive holds, in order.
func (m Manifest) databases() []string {
	switch {
	case !m.Events:
		return []string{sqlite.ConfigFile}
	case m.Format < 2:
		return []string{sqlite.ConfigFile, sqlite.LanesFile}
	}
	return []string{sqlite.ConfigFile, sqlite.LanesFile, sqlite.CasesFile}
}

// sizeLimit is the most that a file of that name may hold in this archive; ok is false for names that it cannot have.
func (m Manifest) sizeLimit(name string) (limit int64, ok bool) {
	switch {
	case name == formatName, name == keyName && m.KeyInside:
		return maxText, true
	case slices.Contains(m.databases(), name):
		return m.Bytes, true
	case m.Events && segmentName.MatchString(name):
		return maxSegment, true
	}
	return 0, false
}

// check compares what was found in the archive with what its two descriptions say.
func (m Manifest) check(about Manifest, found []File) error {
	first, err := about.encode()
	if err != nil {
		return err
	}
	last, err := m.head().encode()
	if err != nil {
		return err
	}
	if !bytes.Equal(first, last) {
		return fmt.Errorf("%w: its two descriptions differ", ErrDamaged)
	}
	if len(m.Files) != m.Count || len(found) != m.Count {
		return fmt.Errorf("%w: it holds %d files, and its manifest names %d", ErrDamaged, len(found), len(m.Files))
	}
	have := map[string]bool{}
	sum := int64(0)
	for i, f := range found {
		if f != m.Files[i] {
			return fmt.Errorf("%w: %s is not what the manifest says (%s)", ErrDamaged, f.Name, m.Files[i].Name)
		}
		have[f.Name] = true
		sum += f.Bytes
	}
	for _, name := range append(m.databases(), formatName) {
		if !have[name] {
			return fmt.Errorf("%w: %s is missing", ErrDamaged, name)
		}
	}
	if sum != m.Bytes {
		return fmt.Errorf("%w: it holds %d bytes, and its manifest says %d", ErrDamaged, sum, m.Bytes)
	}
	return nil
}
