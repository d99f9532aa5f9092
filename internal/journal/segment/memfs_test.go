package segment_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"sync"

	"github.com/tocsin-hub/tocsin/internal/journal/segment"
)

// memFS is a directory in memory that knows what is durable. It counts the calls that change something and can make
// one of them go wrong.
type memFS struct {
	mu      sync.Mutex
	files   map[string]*memFile // what a process sees
	durable map[string]*memFile // what the directory on disk says
	locked  bool
	calls   int
	failAt  int // the call that goes wrong; 0: none
	fault   fault
	failed  bool
	after   int // calls that change something after the one that went wrong
}

// fault is how a call goes wrong.
type fault struct {
	err   error
	short bool // a write stores half of its bytes
}

type memFile struct {
	fs      *memFS
	data    []byte // what a process sees
	disk    []byte // what is durable
	pending []write
}

type write struct {
	at int64
	b  []byte
}

func newMemFS() *memFS {
	return &memFS{files: map[string]*memFile{}, durable: map[string]*memFile{}}
}

// call counts a call that changes something. The caller holds mu.
func (m *memFS) call() (fault, bool) {
	m.calls++
	if m.failed {
		m.after++
	}
	if m.calls != m.failAt {
		return fault{}, false
	}
	m.failed = true
	return m.fault, true
}

func (m *memFS) Create(name string) (segment.File, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if f, bad := m.call(); bad {
		return nil, f.err
	}
	if m.files[name] != nil {
		return nil, fs.ErrExist
	}
	f := &memFile{fs: m}
	m.files[name] = f
	return f, nil
}

func (m *memFS) Open(name string, _ bool) (segment.File, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if f := m.files[name]; f != nil {
		return f, nil
	}
	return nil, fs.ErrNotExist
}

func (m *memFS) List() (list []segment.FileInfo, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for name, f := range m.files {
		list = append(list, segment.FileInfo{Name: name, Size: int64(len(f.data))})
	}
	return list, nil
}

func (m *memFS) Rename(from, to string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if f, bad := m.call(); bad {
		return f.err
	}
	m.files[to] = m.files[from]
	delete(m.files, from)
	return nil
}

func (m *memFS) Remove(name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if f, bad := m.call(); bad {
		return f.err
	}
	if m.files[name] == nil {
		return fs.ErrNotExist
	}
	delete(m.files, name)
	return nil
}

func (m *memFS) SyncDir() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if f, bad := m.call(); bad {
		return f.err
	}
	m.durable = maps.Clone(m.files)
	return nil
}

func (m *memFS) Lock(string) (io.Closer, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.locked {
		return nil, errors.New("locked")
	}
	m.locked = true
	return memLock{m}, nil
}

type memLock struct{ m *memFS }

func (l memLock) Close() error {
	l.m.mu.Lock()
	defer l.m.mu.Unlock()
	l.m.locked = false
	return nil
}

func (f *memFile) ReadAt(b []byte, off int64) (int, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if off >= int64(len(f.data)) {
		return 0, io.EOF
	}
	n := copy(b, f.data[off:])
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

func (f *memFile) WriteAt(b []byte, off int64) (int, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	x, bad := f.fs.call()
	if bad && !x.short {
		return 0, x.err
	}
	if bad {
		b = b[:len(b)/2]
	}
	f.data = put(f.data, b, off)
	f.pending = append(f.pending, write{off, bytes.Clone(b)})
	if bad {
		return len(b), x.err
	}
	return len(b), nil
}

func put(dst, b []byte, off int64) []byte {
	if n := int(off) + len(b); n > len(dst) {
		dst = append(dst, make([]byte, n-len(dst))...)
	}
	copy(dst[off:], b)
	return dst
}

// Sync makes writes durable. One that fails forgets them, as Linux does: the next one succeeds without them.
func (f *memFile) Sync() error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	x, bad := f.fs.call()
	if !bad {
		for _, w := range f.pending {
			f.disk = put(f.disk, w.b, w.at)
		}
	}
	f.pending = nil
	return x.err
}

func (f *memFile) Drop() error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	f.data = bytes.Clone(f.disk)
	return nil
}

func (f *memFile) Size() (int64, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	return int64(len(f.data)), nil
}

func (f *memFile) Close() error { return nil }

// crash is what a power cut leaves: of what was not synced, each piece of 16 bytes has reached the disk with the
// given probability; and so has the directory, as a whole.
func (m *memFS) crash(r *rand.Rand, kept float64) *memFS {
	m.mu.Lock()
	defer m.mu.Unlock()
	const sector = 16
	c := newMemFS()
	names := m.durable
	if r.Float64() < kept {
		names = m.files
	}
	for name, f := range names {
		disk := bytes.Clone(f.disk)
		for _, w := range f.pending {
			for i := 0; i < len(w.b); i += sector {
				if r.Float64() < kept {
					disk = put(disk, w.b[i:min(i+sector, len(w.b))], w.at+int64(i))
				}
			}
		}
		file := &memFile{fs: c, data: disk, disk: bytes.Clone(disk)}
		c.files[name], c.durable[name] = file, file
	}
	return c
}
