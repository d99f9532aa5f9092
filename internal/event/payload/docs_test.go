package payload

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the table of docs/projections.md anew")

// TestDocs: the table of forms in the docs is the list.
func TestDocs(t *testing.T) {
	t.Parallel()
	const path, begin, end = "../../../docs/projections.md", "-update -->\n", "<!-- end of forms -->"
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(page), begin)
	_, tail, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatal("docs/projections.md has no place for the table")
	}
	var b strings.Builder
	b.WriteString("| `profile` | form | what it is | |\n|---|---|---|---|\n")
	for _, p := range Profiles() {
		var marks []string
		if p.Text {
			marks = append(marks, "text")
		}
		if p.Lossy {
			marks = append(marks, "partial")
		}
		if p.AlwaysArray {
			marks = append(marks, "always an array")
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", p.Name, p.Title, p.Help, strings.Join(marks, ", "))
	}
	want := head + begin + b.String() + end + tail
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, string(page)); diff != "" {
		t.Errorf("run go test ./internal/event/payload -run Docs -update\n%s", diff)
	}
}
