package egresstest

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// Corpus reads a file of the shared corpora ("ssrf-spellings.txt"), one entry a line, untrimmed. They are not part of
// the repository: without them (see TOCSIN_SHARED) it gives nothing.
func Corpus(t testing.TB, name string) []string {
	t.Helper()
	root := os.Getenv("TOCSIN_SHARED")
	if root == "" {
		_, here, _, _ := runtime.Caller(0)
		root = filepath.Join(filepath.Dir(here), "../../../../../shared")
	}
	raw, err := os.ReadFile(filepath.Join(root, "corpora", name))
	if err != nil {
		return nil
	}
	var lines []string
	for line := range strings.SplitSeq(string(raw), "\n") {
		if line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}
