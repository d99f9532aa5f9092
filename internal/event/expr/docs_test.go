package expr

import (
	"os"
	"strings"
	"testing"
)

// The page for people holds: every example compiles, and every field stands there.
func TestDocs(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../../docs/expressions.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(raw)
	for _, f := range Fields() {
		if !strings.Contains(page, "`event."+f.Name) && !strings.Contains(page, "`"+f.Name) {
			t.Errorf("the field %s is not on the page", f.Name)
		}
	}
	_, examples, _ := strings.Cut(page, "## Ten examples")
	_, examples, _ = strings.Cut(examples, "```\n")
	examples, rest, _ := strings.Cut(examples, "```")
	n := 0
	for example := range strings.SplitSeq(examples, "\n\n") {
		_, source, _ := strings.Cut(example, "\n")
		if _, err := ParseCondition(strings.TrimSpace(source)); err != nil {
			t.Errorf("%s: %v", source, err)
		}
		n++
	}
	if n != 10 {
		t.Errorf("there are %d examples", n)
	}
	for block := range strings.SplitSeq(rest, "```") {
		if strings.HasPrefix(block, "\n{\n  \"text\"") {
			if _, err := ParseObject(strings.TrimSpace(block)); err != nil {
				t.Error(err)
			}
			return
		}
	}
	t.Error("the template is not on the page")
}
