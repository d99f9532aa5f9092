package cli

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/tocsin-hub/tocsin/internal/backup"
	"github.com/tocsin-hub/tocsin/internal/seal"
	"github.com/tocsin-hub/tocsin/internal/store/sqlite"
)

// sampleArchive makes the backup that the fake hub gives, and writes its key to the file "secret.key".
func sampleArchive(env *testscript.Env) ([]byte, error) {
	dir := filepath.Join(env.WorkDir, ".sample")
	sealer, err := seal.Open(dir, seal.Options{})
	if err != nil {
		return nil, err
	}
	s, err := sqlite.Open(env.T().(testing.TB).Context(), dir, sqlite.Options{})
	if err != nil {
		return nil, err
	}
	if err := s.Close(); err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(dir, "FORMAT"), []byte("tocsin data, format 1\n"), 0o600); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if _, err := backup.Write(env.T().(testing.TB).Context(), backup.Source{DataDir: dir, Sealer: sealer}, &out); err != nil {
		return nil, err
	}
	return out.Bytes(), os.Rename(filepath.Join(dir, seal.KeyFile), filepath.Join(env.WorkDir, seal.KeyFile))
}

// serveBackup answers as a hub does; below /broken the archive ends early.
func (h *fakeHub) serveBackup(w http.ResponseWriter, r *http.Request) {
	archive := h.archive
	if strings.HasPrefix(r.URL.Path, "/broken") {
		archive = archive[:len(archive)-20]
	}
	if got := r.Header.Get("Accept"); got != backup.MediaType {
		problem(w, http.StatusNotAcceptable, "Accept is "+got, "")
		return
	}
	w.Header().Set("Content-Type", backup.MediaType)
	_, _ = w.Write(archive)
}
