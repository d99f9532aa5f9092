package ingest

import (
	"fmt"
	"io"
	"net/http"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// zstdWindow is the largest window of a zstd frame that is accepted (8 MiB, what RFC 8878 §3.1.1.1.2 asks decoders to
// support).
const zstdWindow = 8 << 20

// inflater decompresses one body.
type inflater struct {
	io.Reader
	close func()
}

var gzipReaders, zstdReaders sync.Pool

// newInflater makes a reader for a Content-Encoding. Its error is a *problem.
func newInflater(encoding string, from io.Reader) (*inflater, error) {
	switch encoding {
	case "gzip", "x-gzip":
		return newGzip(from)
	case "zstd":
		return newZstd(from)
	}
	return nil, refuse(http.StatusUnsupportedMediaType, fmt.Sprintf("Content-Encoding %q is not supported: use gzip, zstd or none", encoding))
}

func newGzip(from io.Reader) (*inflater, error) {
	z, _ := gzipReaders.Get().(*gzip.Reader)
	if z == nil {
		z = new(gzip.Reader)
	}
	r := &gzipReader{z: z, from: from}
	return &inflater{Reader: r, close: func() { gzipReaders.Put(z) }}, nil
}

// gzipReader reads the header with the first Read, so that its errors are told like all others.
type gzipReader struct {
	z       *gzip.Reader
	from    io.Reader
	started bool
}

func (r *gzipReader) Read(p []byte) (int, error) {
	if !r.started {
		r.started = true
		if err := r.z.Reset(r.from); err != nil {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF // an empty body is not gzip
			}
			return 0, err
		}
	}
	return r.z.Read(p)
}

func newZstd(from io.Reader) (*inflater, error) {
	z, _ := zstdReaders.Get().(*zstd.Decoder)
	if z == nil {
		var err error
		z, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxWindow(zstdWindow), zstd.WithDecoderMaxMemory(event.MaxInputBytes)) // what comes out is bounded by bodyReader
		if err != nil {
			return nil, fmt.Errorf("making a zstd decoder: %w", err)
		}
	}
	if err := z.Reset(from); err != nil {
		return nil, fmt.Errorf("resetting a zstd decoder: %w", err)
	}
	return &inflater{Reader: z, close: func() {
		if z.Reset(nil) == nil {
			zstdReaders.Put(z)
		}
	}}, nil
}
