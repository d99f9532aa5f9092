package event

import (
	"os"
	"path/filepath"
	"testing"
)

// sharedFile finds a file of the shared corpora, which are not part of the repository.
func sharedFile(t *testing.T, parts ...string) string {
	t.Helper()
	root := os.Getenv("TOCSIN_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared")
	}
	path := filepath.Join(append([]string{root}, parts...)...)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("%s is not here: set TOCSIN_SHARED", filepath.Join(parts...))
	}
	return path
}
