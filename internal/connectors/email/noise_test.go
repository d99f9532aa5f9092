package email

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/deliver/noise"
	"github.com/tocsin-hub/tocsin/internal/event"
)

// TestNoise: all that noise control says of a group, and of what it held back, is shown as such.
func TestNoise(t *testing.T) {
	t.Parallel()
	var briefs []noise.Brief
	first := goldenAlert(t, nil)
	for i := range 3 {
		r := goldenAlert(t, func(e *event.Event) { e.Title = fmt.Sprint("Failed login ", i/2) })
		r.ID = event.BlockFrom(event.ID{1, 148}, 8).At(i + 1)
		briefs = append(briefs, noise.BriefOf(r))
	}
	summary, err := noise.Summary(noise.Frame{
		ID: first.ID, Account: first.Account, Integration: "int_x", Reason: noise.QuietHours, Since: noon.Add(-time.Hour), Now: noon,
	}, briefs)
	if err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string]*event.Record{"group": noise.Group(first, briefs), "summary": summary} {
		raw, l := write(t, r)
		want := []string{"Events of the group", "Entities of the group"}
		if name == "summary" {
			want = []string{"By severity", "By title", "Entities", "Some of them"}
		}
		var titles []string
		for _, s := range l.Sections {
			titles = append(titles, s.Title)
			if s.Title == "Details" && slices.ContainsFunc(s.Facts, func(f fact) bool {
				return strings.HasPrefix(f.Name, "group") || strings.HasPrefix(f.Name, "held")
			}) {
				t.Errorf("%s: not all of it was understood: %+v", name, s.Facts)
			}
		}
		for _, x := range want {
			if !slices.Contains(titles, x) {
				t.Errorf("%s: no %q in %q", name, x, titles)
			}
		}
		text := read(t, raw).text
		if !strings.Contains(text, briefs[2].Event.Text(event.PrefixEvent)) || name == "summary" && !strings.Contains(text, "Failed login 1") {
			t.Errorf("%s: %s", name, text)
		}
	}
}
