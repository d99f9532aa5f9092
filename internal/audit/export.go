package audit

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// ExportType is the media type of an export.
const ExportType = "application/x-ndjson"

// exportBuffer is how much of an export is collected before it is written (64 KiB).
const exportBuffer = 64 << 10

// An export is NDJSON: a header, a line per entry, a trailer. Each line is exactly what marshal writes of these types,
// so that any change of it is one that can be found.
const (
	exportFormat  = "tocsin-audit-export"
	exportVersion = 1
	actionExport  = "audit.export"
)

// exportHeader is the first line.
type exportHeader struct {
	Format       string        `json:"format"`
	Version      int           `json:"version"`
	Installation string        `json:"installation"`
	Account      event.Account `json:"account"`          // whose entries are readable; empty: everybody's
	Anchor       exportAnchor  `json:"anchor"`           // the entry before the first one
	Before       string        `json:"before,omitempty"` // it ends before this time; empty: at the record's end
	At           time.Time     `json:"at"`               // when the export was made
}

type exportAnchor struct {
	Seq  uint64 `json:"seq"`
	Hash string `json:"hash"`
}

// exportLine is an entry. Of another account's there is only the SHA-256 of the body, with which the chain can be
// followed all the same.
type exportLine struct {
	Seq        uint64          `json:"seq"`
	Hash       string          `json:"hash"`
	Body       json.RawMessage `json:"body,omitempty"`
	BodySHA256 string          `json:"body_sha256,omitempty"`
}

// exportTrailer is the last line. Without it the export is incomplete.
type exportTrailer struct {
	Entries    uint64 `json:"entries"`
	Header     string `json:"header_sha256"` // of the first line without its end
	Checkpoint string `json:"checkpoint"`    // of the last entry
}

// ExportQuery says what is exported.
type ExportQuery struct {
	Account event.Account // whose entries are readable; empty: everybody's, for the installation's operator
	After   time.Time     // from the first entry that is not older on; zero: from the beginning
	Before  time.Time     // up to the last entry that is older; zero: to the end
}

// Export writes a part of the record, which can be verified by itself. The export is an act, and in the record before
// anything is written to w; an error of that is ErrUnavailable. The entries of one account come with the hashes of
// all that lie between them: how many acts there were in other accounts can be seen, and nothing else of them.
func (l *Log) Export(ctx context.Context, w io.Writer, q ExportQuery) error {
	after, err := marshal(exported{q.Account, stamp(q.After), stamp(q.Before)})
	if err != nil {
		return fmt.Errorf("encoding what is exported: %w", err)
	}
	a := act.Act{Account: cmp.Or(q.Account, event.DefaultAccount), Action: actionExport, After: after}
	return act.Do(ctx, l, a, func(ctx context.Context) error {
		l.exports.RLock()
		defer l.exports.RUnlock()
		return l.export(ctx, w, q)
	})
}

// exported is the After of actionExport.
type exported struct {
	Account event.Account `json:"account,omitempty"`
	After   string        `json:"after,omitempty"`
	Before  string        `json:"before,omitempty"`
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(timeLayout)
}

func (l *Log) export(ctx context.Context, w io.Writer, q ExportQuery) error {
	first, last, err := l.deps.Store.AuditSpan(ctx, q.After, q.Before)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("looking for the entries to export: %w", err)
	}
	anchor, err := l.exportAnchor(ctx, first)
	if err != nil {
		return fmt.Errorf("looking for the entry before the first one: %w", err)
	}
	buffered := bufio.NewWriterSize(w, exportBuffer)
	x := exporter{w: buffered, account: q.Account, seq: anchor.Seq, hash: anchor.Hash}
	header := exportHeader{exportFormat, exportVersion, l.Installation(), q.Account, anchor, stamp(q.Before), l.deps.Now().UTC().Truncate(time.Second)}
	if err := x.header(header); err != nil {
		return err
	}
	if first > 0 {
		for row, err := range rows(ctx, l.deps.Store, first) {
			if err != nil {
				return fmt.Errorf("reading the audit record: %w", err)
			}
			if row.Seq > last {
				break
			}
			if err := x.entry(row); err != nil {
				return err
			}
		}
	}
	if err := x.trailer(Checkpoint{Installation: header.Installation, Seq: x.seq, Hash: x.hash, At: header.At}); err != nil {
		return err
	}
	if err := buffered.Flush(); err != nil {
		return fmt.Errorf("writing the export: %w", err)
	}
	return nil
}

// exportAnchor is the entry before the first one, or the last of the record when there is no first one.
func (l *Log) exportAnchor(ctx context.Context, first uint64) (exportAnchor, error) {
	anchor, err := l.deps.Store.AuditAnchor(ctx)
	if err != nil {
		return exportAnchor{}, err
	}
	if first == 0 {
		head, err := l.Checkpoint(ctx)
		return exportAnchor{head.Seq, head.Hash}, err
	}
	if first == anchor.Seq+1 {
		return exportAnchor{anchor.Seq, hexOf(before(anchor))}, nil
	}
	list, err := l.deps.Store.ReadAudit(ctx, first-1, 1)
	if err != nil || len(list) == 0 {
		return exportAnchor{}, errors.Join(err, fmt.Errorf("entry %d is gone", first-1))
	}
	return exportAnchor{list[0].Seq, hexOf(list[0].Hash)}, nil
}

// exporter writes the lines.
type exporter struct {
	w       io.Writer
	account event.Account
	head    [32]byte // SHA-256 of the header
	entries uint64
	seq     uint64 // of the last entry
	hash    string
}

func (x *exporter) line(v any) ([]byte, error) {
	line, err := marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encoding a line of the export: %w", err)
	}
	if _, err := x.w.Write(append(line, '\n')); err != nil {
		return nil, fmt.Errorf("writing the export: %w", err)
	}
	return bytes.TrimSuffix(line, []byte("\n")), nil
}

func (x *exporter) header(h exportHeader) error {
	line, err := x.line(h)
	x.head = sha256.Sum256(line)
	return err
}

func (x *exporter) entry(row *store.AuditEntry) error {
	line := exportLine{Seq: row.Seq, Hash: hexOf(row.Hash)}
	if x.account == "" || x.account == row.Account {
		line.Body = row.Body
	} else {
		line.BodySHA256 = hexOf(sha256.Sum256(row.Body))
	}
	x.entries, x.seq, x.hash = x.entries+1, row.Seq, line.Hash
	_, err := x.line(line)
	return err
}

func (x *exporter) trailer(c Checkpoint) error {
	_, err := x.line(exportTrailer{x.entries, hex.EncodeToString(x.head[:]), c.String()})
	return err
}
