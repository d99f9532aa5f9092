package cli

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var pageLink = regexp.MustCompile(`\]\(([^)\s#]+)(#[^)\s]*)?\)`)

// TestPages: every link between the pages leads somewhere, and the README leads to every page of docs/.
func TestPages(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..")
	linked := map[string]bool{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() && (strings.HasPrefix(d.Name(), ".") && path != root || d.Name() == "testdata" || d.Name() == "data" || d.Name() == "node_modules") {
			if d != nil && d.IsDir() {
				return filepath.SkipDir
			}
			return err
		}
		if filepath.Ext(path) != ".md" || d.Name() == "template.md" {
			return nil
		}
		text, err := os.ReadFile(path) //nolint:gosec // a page of the repository
		if err != nil {
			return err
		}
		for _, link := range pageLink.FindAllStringSubmatch(string(text), -1) {
			if strings.Contains(link[1], ":") {
				continue
			}
			target := filepath.Join(filepath.Dir(path), filepath.FromSlash(link[1]))
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s: the link to %s leads nowhere", path, link[1])
			}
			if path == filepath.Join(root, "README.md") {
				linked[target] = true
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	pages, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil || len(pages) == 0 {
		t.Fatal(err, len(pages))
	}
	for _, page := range pages {
		if !linked[page] {
			t.Errorf("README.md does not lead to %s", page)
		}
	}
}
