package backup

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/klauspost/compress/zstd"
)

// Limits against archives that unpack to more than anybody would make.
const (
	// maxRatio is the most bytes that one compressed byte may stand for, beyond ratioSlack (256 MiB).
	maxRatio   = 1000
	ratioSlack = 256 << 20
	// maxTrailing bounds the zeros behind the last file.
	maxTrailing = 1 << 20
)

// sink takes the files of an archive as they come.
type sink interface {
	// begin is told what the archive is before its first file comes. Its error ends the reading.
	begin(about Manifest) error
	// create gives where a file goes. The name is one of those that archives have. The reader closes what it gives.
	create(name string, bytes int64) (io.WriteCloser, error)
}

// scanner reads an archive. It trusts nothing of it.
type scanner struct {
	ctx      context.Context
	in       *counter
	unpacked int64
	tar      *tar.Reader
	about    Manifest
	found    []File
	seen     map[string]bool
	sum      int64
	buf      []byte
	progress func(done, total int64)
}

// counter counts what is read of the compressed archive.
type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	if err != nil && err != io.EOF {
		err = fmt.Errorf("%w: %w", errIn, err)
	}
	return n, err
}

// scan reads a whole archive, gives its files to the sink, and checks everything against the manifest at its end. Only
// after a nil error may anything be made of what the sink got.
func scan(ctx context.Context, r io.Reader, to sink, progress func(done, total int64)) (Manifest, error) {
	s := &scanner{ctx: ctx, in: &counter{r: r}, seen: map[string]bool{}, buf: make([]byte, pieceBytes), progress: progress}
	unpacker, err := zstd.NewReader(s.in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(2*windowBytes))
	if err != nil {
		return Manifest{}, fmt.Errorf("%w: %w", ErrNotArchive, err)
	}
	defer unpacker.Close()
	bounded := &ratio{s: s, r: unpacker}
	s.tar = tar.NewReader(bounded)
	m, err := s.run(to)
	if err == nil {
		err = s.end(bounded)
	}
	if err != nil {
		return Manifest{}, s.explain(err)
	}
	return m, nil
}

// ratio is the unpacked archive; it ends where it unpacks to too much.
type ratio struct {
	s *scanner
	r io.Reader
}

func (b *ratio) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	b.s.unpacked += int64(n)
	if b.s.unpacked > ratioSlack+maxRatio*b.s.in.n {
		return n, fmt.Errorf("%w: %d bytes of it unpack to %d", ErrRefused, b.s.in.n, b.s.unpacked)
	}
	return n, err
}

// explain names what went wrong in the words of the package's errors.
func (s *scanner) explain(err error) error {
	known := []error{ErrNotArchive, ErrIncomplete, ErrDamaged, ErrRefused, ErrNewer, ErrKey, ErrTarget, ErrNoSpace, context.Canceled, context.DeadlineExceeded}
	for _, k := range known {
		if errors.Is(err, k) {
			return err
		}
	}
	switch {
	case errors.Is(err, errOut), errors.Is(err, errIn):
		return err
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%w: it ends after %d bytes", ErrIncomplete, s.in.n)
	case s.about.Format == 0:
		return fmt.Errorf("%w: %w", ErrNotArchive, err)
	}
	return fmt.Errorf("%w: %w", ErrDamaged, err)
}

// Errors that are not about the archive: those of the file it is read from, and of where its files go.
var (
	errIn  = errors.New("reading the archive")
	errOut = errors.New("writing what was restored")
)

func (s *scanner) run(to sink) (Manifest, error) {
	header, err := s.next()
	if err != nil {
		return Manifest{}, err
	}
	if header.Name != aboutName {
		return Manifest{}, fmt.Errorf("%w: its first file is not %s", ErrNotArchive, aboutName)
	}
	text, err := s.text(header, maxText)
	if err != nil {
		return Manifest{}, err
	}
	about, err := parseManifest(text)
	if err != nil {
		return Manifest{}, err
	}
	s.about = about
	if err := to.begin(about); err != nil {
		return Manifest{}, err
	}
	for {
		header, err := s.next()
		if err != nil {
			return Manifest{}, err
		}
		if header.Name == manifestName {
			return s.manifest(header)
		}
		if err := s.file(header, to); err != nil {
			return Manifest{}, err
		}
	}
}

// next gives the next header. Before the manifest an end is too early.
func (s *scanner) next() (*tar.Header, error) {
	h, err := s.tar.Next()
	if err != nil {
		return nil, err
	}
	if h.Typeflag != tar.TypeReg || h.Linkname != "" || h.Size < 0 {
		return nil, fmt.Errorf("%w: %q is not a plain file", ErrRefused, h.Name)
	}
	for key := range h.PAXRecords {
		if key != "size" {
			return nil, fmt.Errorf("%w: %q has the attribute %q", ErrRefused, h.Name, key)
		}
	}
	return h, nil
}

// text reads a small file.
func (s *scanner) text(h *tar.Header, most int64) ([]byte, error) {
	if h.Size > most {
		return nil, fmt.Errorf("%w: %s has %d bytes, at most %d", ErrRefused, h.Name, h.Size, most)
	}
	return io.ReadAll(s.tar)
}

// file checks one file's name and size, and lets the sink have it.
func (s *scanner) file(h *tar.Header, to sink) error {
	limit, ok := s.about.sizeLimit(h.Name)
	switch {
	case !ok:
		return fmt.Errorf("%w: it holds a file %q", ErrRefused, h.Name)
	case s.seen[h.Name]:
		return fmt.Errorf("%w: it holds %s twice", ErrRefused, h.Name)
	case h.Size > limit:
		return fmt.Errorf("%w: %s has %d bytes, at most %d", ErrRefused, h.Name, h.Size, limit)
	case h.Size > s.about.Bytes-s.sum || len(s.found) >= s.about.Count:
		return fmt.Errorf("%w: it holds more than it says", ErrRefused)
	}
	s.seen[h.Name] = true
	s.sum += h.Size
	w, err := to.create(h.Name, h.Size)
	if err != nil {
		return fmt.Errorf("%w: %w", errOut, err)
	}
	digest := sha256.New()
	err = s.copy(w, digest, h.Size)
	if closeErr := w.Close(); err == nil && closeErr != nil {
		err = fmt.Errorf("%w: %s: %w", errOut, h.Name, closeErr)
	}
	if err != nil {
		return err
	}
	s.found = append(s.found, File{Name: h.Name, Bytes: h.Size, SHA256: hex.EncodeToString(digest.Sum(nil))})
	return nil
}

func (s *scanner) copy(w io.Writer, digest hash.Hash, size int64) error {
	done := s.sum - size
	for left := size; left > 0; {
		if err := s.ctx.Err(); err != nil {
			return err
		}
		piece := s.buf[:min(left, int64(len(s.buf)))]
		if _, err := io.ReadFull(s.tar, piece); err != nil {
			return err
		}
		digest.Write(piece)
		if _, err := w.Write(piece); err != nil {
			return fmt.Errorf("%w: %w", errOut, err)
		}
		left -= int64(len(piece))
		done += int64(len(piece))
		if s.progress != nil {
			s.progress(done, s.about.Bytes)
		}
	}
	return nil
}

// manifest reads the last file and compares.
func (s *scanner) manifest(h *tar.Header) (Manifest, error) {
	text, err := s.text(h, maxManifest)
	if err != nil {
		return Manifest{}, err
	}
	m, err := parseManifest(text)
	if err != nil {
		return Manifest{}, err
	}
	return m, m.check(s.about, s.found)
}

// end sees to it that nothing comes behind the manifest, and that the compressed archive is whole.
func (s *scanner) end(rest io.Reader) error {
	if h, err := s.tar.Next(); err == nil {
		return fmt.Errorf("%w: %q stands behind the manifest", ErrRefused, h.Name)
	} else if !errors.Is(err, io.EOF) {
		return err
	}
	for left := maxTrailing; left > 0; {
		n, err := rest.Read(s.buf)
		for _, c := range s.buf[:n] {
			if c != 0 {
				return fmt.Errorf("%w: something stands behind its end", ErrRefused)
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		left -= n
	}
	return fmt.Errorf("%w: something stands behind its end", ErrRefused)
}
