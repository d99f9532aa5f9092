package torture

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPick(t *testing.T) {
	t.Parallel()
	all, err := Pick(nil)
	if err != nil || len(all) != len(Matrix()) {
		t.Fatalf("%d faults, %v", len(all), err)
	}
	some, err := Pick([]string{"dns", "kill"})
	if err != nil || len(some) != 2 || some[0].Name != "dns" {
		t.Fatalf("%v, %v", some, err)
	}
	if _, err := Pick([]string{"dsn"}); err == nil || !strings.Contains(err.Error(), "descriptors") {
		t.Errorf("an unknown fault: %v", err)
	}
	seen := map[string]bool{}
	for _, f := range all {
		if seen[f.Name] || f.What == "" || f.Long == 0 || f.run == nil {
			t.Errorf("%q is not whole, or there twice", f.Name)
		}
		seen[f.Name] = true
	}
}

// TestWriteReport writes one fault after the other into the same page.
func TestWriteReport(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "page.md")
	if err := os.WriteFile(path, []byte("before\n\n"+reportBegin+reportEnd+"\nafter\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	kill := &Row{Fault: "kill", What: "a|b", Rounds: 10, Acked: 3000, Duplicates: 7, Notes: []string{"one", "two"}}
	dns := &Row{Fault: "dns", What: "names", Rounds: 2, Acked: 40}
	for _, rows := range [][]*Row{{dns}, {kill}, {{Fault: "dns", What: "names", Rounds: 3, Acked: 50, Lost: 1, Violations: violations{"lost": {count: 1}}}}} {
		if err := WriteReport(path, rows); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := "before\n\n" + reportBegin +
		`| fault | rounds | acknowledged | lost | duplicates | verdict | 95 % bound per round | per event |
| --- | --- | --- | --- | --- | --- | --- | --- |
| kill | 10 | 3000 | 0 | 7 | held | < 0.3 | < 0.001 |
| dns | 3 | 50 | 1 | 0 | BROKEN: lost | – | – |

| fault | what goes wrong | figures |
| --- | --- | --- |
| kill | a\|b | one; two |
| dns | names |  |
` + reportEnd + "\nafter\n"
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Error(diff)
	}
	if err := WriteReport(filepath.Join(t.TempDir(), "none"), nil); err == nil {
		t.Error("a page that is not there was written")
	}
}

func TestVerdicts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		row  Row
		want string
	}{
		{Row{Fault: "a", Rounds: 4, Acked: 10}, "held"},
		{Row{Fault: "a", Skipped: "no root"}, "not run: no root"},
		{Row{Fault: "a", stopped: true}, "NOT FINISHED"},
		{Row{Fault: "a", Violations: violations{"lost": {count: 2}, "counts": {count: 1}}}, "BROKEN: counts, lost"},
	} {
		if got := c.row.cells()[5]; got != c.want {
			t.Errorf("%+v: %q, want %q", c.row, got, c.want)
		}
	}
	if got := (&Row{Rounds: 1, Acked: 1}).bound(1); got != "< 1" {
		t.Errorf("bound of one round: %q", got)
	}
}
