package audit

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// maxLine is the longest line of an export: a body with its hashes, and some room.
const maxLine = MaxBody + 4<<10

// Malformed says that a source is not what a hub writes. It counts as tampering.
type Malformed struct {
	Seq uint64 // the entry at or after which it was found
	Why string // a sentence's end
}

func (e *Malformed) Error() string { return e.Why }

// FromExport is the record in an export. It is read while Links is gone through, once. An error says that the beginning
// is not an export's.
func FromExport(r io.Reader) (Record, error) {
	x := exportReader{lines: bufio.NewReaderSize(r, maxLine)}
	line, err := x.next()
	var h exportHeader
	if err != nil || json.Unmarshal(line, &h) != nil || h.Format != exportFormat {
		return Record{}, errors.Join(errors.New("it does not begin as an export of an audit record does"), err)
	}
	if h.Version != exportVersion {
		return Record{}, fmt.Errorf("it is an export of version %d; this tocsin reads version %d", h.Version, exportVersion)
	}
	if !isHex(h.Installation, 16) || !isHex(h.Anchor.Hash, 32) || !canonical(line, h) {
		return Record{}, &Malformed{0, "the first line is not as a hub writes it"}
	}
	rec := Record{Seq: h.Anchor.Seq, Limited: h.Before != "", Links: x.links}
	fill(rec.Installation[:], h.Installation)
	fill(rec.Hash[:], h.Anchor.Hash)
	x.header, x.top, x.seq, x.hash = h, sha256.Sum256(line), h.Anchor.Seq, h.Anchor.Hash
	return rec, nil
}

func fill(dst []byte, digits string) {
	b, err := hex.DecodeString(digits)
	if err == nil {
		copy(dst, b)
	}
}

// canonical says whether a line is, to the byte, what a hub writes of v.
func canonical(line []byte, v any) bool {
	want, err := marshal(v)
	return err == nil && bytes.Equal(line, want)
}

// exportReader reads the lines of an export.
type exportReader struct {
	lines   *bufio.Reader
	header  exportHeader
	top     [32]byte // SHA-256 of the first line
	entries uint64
	seq     uint64 // of the last entry
	hash    string
}

// next gives the next line without its end; io.EOF at the end, *Malformed for a line that is too long or not ended.
func (x *exportReader) next() ([]byte, error) {
	line, err := x.lines.ReadSlice('\n')
	switch {
	case err == nil:
		return line[:len(line)-1], nil
	case errors.Is(err, bufio.ErrBufferFull):
		return nil, &Malformed{x.seq, "a line is longer than any that a hub writes"}
	case err == io.EOF && len(line) > 0:
		return nil, &Malformed{x.seq, "the export breaks off within a line"}
	case err == io.EOF:
		return nil, err
	}
	return nil, fmt.Errorf("reading the export: %w", err)
}

// links gives the entries and checks the trailer.
func (x *exportReader) links(yield func(Link, error) bool) {
	for {
		line, err := x.next()
		if err == io.EOF {
			err = &Malformed{x.seq, "the last line is missing: the end of the export was cut off"}
		}
		if err != nil {
			yield(Link{}, err)
			return
		}
		if bytes.HasPrefix(line, []byte(`{"entries":`)) {
			if err := x.trailer(line); err != nil {
				yield(Link{}, err)
			}
			return
		}
		link, err := x.entry(line)
		if !yield(link, err) || err != nil {
			return
		}
	}
}

func (x *exportReader) entry(line []byte) (Link, error) {
	var e exportLine
	if json.Unmarshal(line, &e) != nil || !isHex(e.Hash, 32) || !canonical(line, e) ||
		(e.Body == nil) == (e.BodySHA256 == "") || e.BodySHA256 != "" && !isHex(e.BodySHA256, 32) {
		return Link{}, &Malformed{x.seq, "a line is not as a hub writes it"}
	}
	x.entries, x.seq, x.hash = x.entries+1, e.Seq, e.Hash
	link := Link{Seq: e.Seq, Body: e.Body, BodyHash: sha256.Sum256(e.Body)}
	fill(link.Hash[:], e.Hash)
	if e.Body == nil {
		fill(link.BodyHash[:], e.BodySHA256)
	}
	return link, nil
}

// trailer checks the last line and that nothing follows it.
func (x *exportReader) trailer(line []byte) error {
	want := exportTrailer{x.entries, hex.EncodeToString(x.top[:]), Checkpoint{
		Installation: x.header.Installation, Seq: x.seq, Hash: x.hash, At: x.header.At,
	}.String()}
	if !canonical(line, want) {
		return &Malformed{x.seq, "the last line does not fit the first one and the entries between them"}
	}
	if _, err := x.next(); err != io.EOF {
		return &Malformed{x.seq, "something follows the last line"}
	}
	return nil
}
