package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The walk-through of CONTRIBUTING.md is a whole connector. It is built and tested as it stands there, with the one line
// that makes it known, in a copy of the rooms it needs.
func TestContributing(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("builds and tests a connector")
	}
	root, copied := filepath.Join("..", ".."), t.TempDir()
	for _, room := range []string{"event", "form", "connector", "connectors"} {
		room = filepath.Join("internal", room)
		if err := os.CopyFS(filepath.Join(copied, room), os.DirFS(filepath.Join(root, room))); err != nil {
			t.Fatal(err)
		}
	}
	read := func(path string) string {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	write := func(path, text string) {
		path = filepath.Join(copied, filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"go.mod", "go.sum"} {
		write(name, read(filepath.Join(root, name)))
	}

	block := regexp.MustCompile("(?s)\\*\\*`(internal/connectors/ntfy/[a-z_.A-Z]+)`\\*\\*.*?```(?:go|markdown)\n(.*?)\n```\n")
	files := block.FindAllStringSubmatch(read(filepath.Join(root, "CONTRIBUTING.md")), -1)
	if len(files) != 5 {
		t.Fatalf("found %d files in CONTRIBUTING.md, want 5", len(files))
	}
	for _, file := range files {
		write(file[1], file[2]+"\n")
	}
	const all, splunk = "internal/connectors/all.go", "\t\"github.com/tocsin-hub/tocsin/internal/connectors/splunk\"\n"
	text := strings.Replace(read(filepath.Join(root, all)), splunk, strings.Replace(splunk, "splunk", "ntfy", 1)+splunk, 1)
	write(all, strings.Replace(text, "\t\tsplunk.Definition(),\n", "\t\tntfy.Definition(),\n\t\tsplunk.Definition(),\n", 1))

	for _, args := range [][]string{
		{"test", "-trimpath", "-run", "Readme", "./internal/connectors/ntfy", "-update"},
		{"test", "-trimpath", "./internal/connectors/ntfy", "./internal/connectors"},
	} {
		cmd := exec.CommandContext(t.Context(), "go", args...)
		cmd.Dir = copied
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0") // as make build does: what it has compiled need not be compiled again
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	if text := read(filepath.Join(copied, "internal/connectors/ntfy/README.md")); !strings.Contains(text, "| `topic` |") {
		t.Errorf("the table of settings was not written:\n%s", text)
	}
}
