package console

import (
	"bytes"
	"compress/gzip"
	"io/fs"
	"path"
	"regexp"
	"testing"
)

// firstLoad is what the page may make a browser load before it shows anything, in bytes of compressed scripts.
const firstLoad = 300_000

var scripts = regexp.MustCompile(`(?:src|href)="(/console/assets/[^"]+\.js)"`)

func TestFirstLoad(t *testing.T) {
	t.Parallel()
	if !Built() {
		t.Skip("there is no console in this build: make console")
	}
	page, err := fs.ReadFile(build, "dist/index.html")
	if err != nil {
		t.Fatal(err)
	}
	total := 0
	for _, m := range scripts.FindAllSubmatch(page, -1) {
		content, err := fs.ReadFile(build, path.Join("dist", string(m[1])))
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		z, _ := gzip.NewWriterLevel(&b, gzip.BestCompression)
		_, _ = z.Write(content)
		_ = z.Close()
		total += b.Len()
	}
	t.Logf("%d bytes of scripts, compressed", total)
	if total == 0 || total > firstLoad {
		t.Errorf("the first load is %d bytes of scripts, want above 0 and at most %d", total, firstLoad)
	}
}
