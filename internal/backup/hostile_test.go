package backup

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"github.com/tocsin-hub/tocsin/internal/form"
)

// unpack gives everything in an archive as one text.
func unpack(t *testing.T, archive []byte) string {
	t.Helper()
	r, err := zstd.NewReader(bytes.NewReader(archive))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func pack(t *testing.T, text []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := zstd.NewWriter(&out, zstd.WithEncoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// entry is one file of a tar.
type entry struct {
	header tar.Header
	body   []byte
}

func entries(t *testing.T, archive []byte) (list []entry) {
	t.Helper()
	r := tar.NewReader(strings.NewReader(unpack(t, archive)))
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return list
		}
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, entry{*h, body})
	}
}

func archiveOf(t *testing.T, list []entry) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, e := range list {
		e.header.Size = int64(len(e.body))
		if e.header.Typeflag != tar.TypeReg {
			e.header.Size, e.body = 0, nil
		}
		if err := w.WriteHeader(&e.header); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(e.body); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return pack(t, out.Bytes())
}

// small is an archive of a few events, and its key.
func small(t *testing.T) ([]byte, form.Secret) {
	t.Helper()
	w := newWorld(t, filepath.Join(t.TempDir(), "data"))
	w.fill(0, 3)
	return w.backup(w.source()), w.key()
}

// refused restores an archive and says why it cannot be; nothing may be left behind.
func refused(t *testing.T, archive []byte, key form.Secret) error {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "restored")
	_, err := Restore(t.Context(), bytes.NewReader(archive), Target{Dir: dir, Key: key, PlaceKey: true})
	if err == nil {
		return nil
	}
	if list, _ := os.ReadDir(filepath.Dir(dir)); len(list) > 0 {
		t.Errorf("left behind: %v", list)
	}
	return err
}

// TestDamaged: a flipped byte anywhere is noticed, or changes nothing.
func TestDamaged(t *testing.T) {
	t.Parallel()
	archive, key := small(t)
	want, err := Verify(t.Context(), bytes.NewReader(archive), key, nil)
	if err != nil {
		t.Fatal(err)
	}
	step := max(1, len(archive)/250)
	for at := 0; at < len(archive); at++ {
		if at > 120 && at < len(archive)-150 && at%step != 0 {
			continue
		}
		bad := bytes.Clone(archive)
		bad[at] ^= 1 << (at % 8)
		got, err := Verify(t.Context(), bytes.NewReader(bad), key, nil)
		if err != nil {
			continue
		}
		// Where the compression can say the same in two ways: a run of zeros, taken from one place or another.
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("byte %d: passes with other contents:\n%s", at, diff)
		}
	}
}

// TestContents: a byte that is flipped below the compression, where no checksum of its own notices, is noticed too.
func TestContents(t *testing.T) {
	t.Parallel()
	archive, key := small(t)
	list := entries(t, archive)
	for i := range list {
		for _, at := range []int{0, len(list[i].body) / 2, len(list[i].body) - 2} {
			bad := entries(t, archive)
			bad[i].body[at] ^= 1
			if _, err := Verify(t.Context(), bytes.NewReader(archiveOf(t, bad)), key, nil); err == nil {
				t.Errorf("%s: byte %d passes", list[i].header.Name, at)
			}
		}
	}
}

// TestTruncated: an archive that ends early is recognised as such.
func TestTruncated(t *testing.T) {
	t.Parallel()
	archive, key := small(t)
	for _, n := range []int{0, 1, 3, 4, 20, 100, len(archive) / 2, len(archive) - 1} {
		if err := refused(t, archive[:n], key); !errors.Is(err, ErrIncomplete) && !errors.Is(err, ErrNotArchive) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
	whole := unpack(t, archive)
	for _, n := range []int{511, 512, 513, 5000, len(whole) - 1024 - 600} {
		if err := refused(t, pack(t, []byte(whole[:n])), key); !errors.Is(err, ErrIncomplete) {
			t.Errorf("%d bytes of the tar: %v", n, err)
		}
	}
}

// TestHostile: archives that were made to do harm.
func TestHostile(t *testing.T) {
	t.Parallel()
	archive, key := small(t)
	list := entries(t, archive)
	manifest := len(list) - 1
	with := func(e entry, at int) []entry {
		return append(append(append([]entry{}, list[:at]...), e), list[at:]...)
	}
	file := func(name string, body string) entry {
		return entry{tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o600, ModTime: time.Unix(1, 0)}, []byte(body)}
	}
	special := func(kind byte, name, link string) entry {
		return entry{header: tar.Header{Typeflag: kind, Name: name, Linkname: link, Mode: 0o777}}
	}
	changed := func(i int, old, now string) []entry {
		out := append([]entry{}, list...)
		out[i].body = bytes.Replace(bytes.Clone(out[i].body), []byte(old), []byte(now), 1)
		if bytes.Equal(out[i].body, list[i].body) {
			t.Fatalf("%s has no %s", out[i].header.Name, old)
		}
		return out
	}
	for name, test := range map[string]struct {
		list []entry
		want error
	}{
		"traversal":          {with(file("../evil", "x"), 1), ErrRefused},
		"deep traversal":     {with(file("journal/../../evil", "x"), 1), ErrRefused},
		"absolute":           {with(file("/etc/evil", "x"), 1), ErrRefused},
		"backslash":          {with(file(`journal\..\..\evil`, "x"), 1), ErrRefused},
		"segment elsewhere":  {with(file("journal/x/0000000001-00000000000000000001-0000000000000000.seg", "x"), 1), ErrRefused},
		"key":                {with(file("secret.key", "x"), 1), ErrRefused},
		"undeclared key":     {with(file("secret.key.age", "x"), 1), ErrRefused},
		"lock":               {with(file("LOCK", "x"), 1), ErrRefused},
		"symbolic link":      {with(special(tar.TypeSymlink, "config.db", "/etc/passwd"), 1), ErrRefused},
		"linked folder":      {with(special(tar.TypeSymlink, "journal", "/etc"), 1), ErrRefused},
		"hard link":          {with(special(tar.TypeLink, "config.db", "/etc/passwd"), 1), ErrRefused},
		"device":             {with(special(tar.TypeChar, "config.db", ""), 1), ErrRefused},
		"pipe":               {with(special(tar.TypeFifo, "config.db", ""), 1), ErrRefused},
		"folder":             {with(special(tar.TypeDir, "journal/", ""), 1), ErrRefused},
		"twice":              {with(list[1], 2), ErrRefused},
		"too much":           {with(file("journal/0000000009-00000000000000000009-0000000000000000.seg", "xxxx"), manifest), ErrRefused},
		"behind the end":     {append(append([]entry{}, list...), file("FORMAT", "x")), ErrRefused},
		"one is missing":     {append(append([]entry{}, list[:1]...), list[2:]...), ErrDamaged},
		"no manifest":        {list[:manifest], ErrIncomplete},
		"no description":     {list[1:], ErrNotArchive},
		"another order":      {append([]entry{list[0], list[2], list[1]}, list[3:]...), ErrDamaged},
		"newer":              {changed(0, `"format": 2`, `"format": 3`), ErrNewer},
		"newer data":         {changed(0, `"data_format": 1`, `"data_format": 7`), ErrNewer},
		"newer schema":       {changed(0, `"config.db": `, `"config.db": 9`), ErrNewer},
		"other description":  {changed(0, `"version": "1.2.3"`, `"version": "1.2.4"`), ErrDamaged},
		"other manifest":     {changed(manifest, `"version": "1.2.3"`, `"version": "1.2.4"`), ErrDamaged},
		"no JSON":            {changed(0, `{`, `[`), ErrNotArchive},
		"negative size":      {changed(0, `"bytes": `, `"bytes": -`), ErrRefused},
		"larger than a disk": {changed(0, `"bytes": `, `"bytes": 999999`), ErrNoSpace},
		"beyond all":         {changed(0, `"bytes": `, `"bytes": 9999999999`), ErrRefused},
		"sparse":             {with(entry{tar.Header{Typeflag: tar.TypeReg, Name: "lanes.db", PAXRecords: map[string]string{"SCHILY.xattr.user.x": "y"}, Format: tar.FormatPAX}, nil}, 1), ErrRefused},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := refused(t, archiveOf(t, test.list), key); !errors.Is(err, test.want) {
				t.Errorf("error is %v, want %v", err, test.want)
			}
		})
	}
}

// TestForged: both descriptions changed alike, with everything fitting, but without the key.
func TestForged(t *testing.T) {
	t.Parallel()
	archive, key := small(t)
	list := entries(t, archive)
	for _, i := range []int{0, len(list) - 1} {
		list[i].body = bytes.Replace(list[i].body, []byte(`"version": "1.2.3"`), []byte(`"version": "1.2.4"`), 1)
	}
	forged := archiveOf(t, list)
	if err := refused(t, forged, key); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "not the one that was sealed") {
		t.Errorf("error is %v", err)
	}
	if m, err := Verify(t.Context(), bytes.NewReader(forged), form.Secret{}, nil); err != nil || m.Version != "1.2.4" {
		t.Errorf("without a key nobody can tell: %+v, %v", m, err)
	}
}

// TestBomb: an archive that unpacks to far more than it is ends early.
func TestBomb(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	w, err := zstd.NewWriter(&out, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		t.Fatal(err)
	}
	archive := tar.NewWriter(w)
	about := `{"format":1,"data_format":1,"version":"x","schemas":{"config.db":1},"bytes":900000000,"count":1}`
	for _, e := range []struct {
		name string
		size int64
	}{{aboutName, int64(len(about))}, {"config.db", 900_000_000}} {
		if err := archive.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: e.name, Size: e.size}); err != nil {
			t.Fatal(err)
		}
		if e.name == aboutName {
			_, err = io.WriteString(archive, about)
		} else {
			_, err = archive.Write(make([]byte, ratioSlack+64<<20))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Verify(t.Context(), &out, form.Secret{}, nil); !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), "unpack to") {
		t.Errorf("error is %v", err)
	}
}

// TestNoArchive: what is no archive at all is called that.
func TestNoArchive(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"hello, I am a text file", strings.Repeat("\x00", 4096), "PK\x03\x04zip", string(pack(t, []byte("compressed text, no tar at all")))} {
		if _, err := Verify(t.Context(), strings.NewReader(text), form.Secret{}, nil); !errors.Is(err, ErrNotArchive) && !errors.Is(err, ErrIncomplete) {
			t.Errorf("%.20q: %v", text, err)
		}
	}
}

func FuzzVerify(f *testing.F) {
	f.Add([]byte("\x28\xb5\x2f\xfd"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := Verify(t.Context(), bytes.NewReader(b), form.Secret{}, nil); err == nil {
			t.Fatal("made-up bytes pass")
		}
	})
}
