package noise

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/event"
)

var update = flag.Bool("update", false, "write the golden files anew")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	var v any
	if err := json.Unmarshal(got, &v); err != nil {
		t.Fatalf("%s: %v", got, err)
	}
	pretty, _ := json.MarshalIndent(v, "", "  ")
	pretty = append(pretty, '\n')
	if *update {
		if err := os.WriteFile(path, pretty, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(pretty)); diff != "" {
		t.Errorf("%s: %s", name, diff)
	}
}

// several makes events with ids that are always the same.
func several(t *testing.T, n int) (list []*event.Record, briefs []Brief) {
	t.Helper()
	for i := range n {
		r := record(t, created, fmt.Sprint("key-", i), event.Severity(i%4), fmt.Sprintf(
			`,"title":"Login failed for %d","time":"2026-11-18T12:%02d:00Z","entities":[{"type":"ip","value":"203.0.113.%d"},{"type":"user","value":"dana"}],"data":{"n":%d,"group":"the sender's"}`,
			i/2, i%60, i, i))
		r.ID = event.ID{0: 1, 6: 0x70, 8: 0x80, 15: byte(i)}
		list, briefs = append(list, r), append(briefs, BriefOf(r))
	}
	return list, briefs
}

func TestGroup(t *testing.T) {
	t.Parallel()
	list, briefs := several(t, 6)
	lead := Leader(briefs)
	if lead != 3 {
		t.Fatalf("the leader is %d", lead)
	}
	r := Group(list[lead], briefs)
	golden(t, "group.json", r.AppendJSON(nil))
	if r.ID != list[3].ID || r.DedupKey != "key-3" || r.OrderingKey != "key-3" || r.Type != created || r.Severity != event.High {
		t.Errorf("%+v", r)
	}
	if _, err := event.Parse(r.Body, "acme", start, event.Limits{}); err != nil {
		t.Errorf("it is no event: %v", err)
	}
	if strings.Contains(string(list[3].Body), "×") {
		t.Error("the leader was changed")
	}
}

// However many and large they are, the message is an event that could have been sent in.
func TestGroupBounds(t *testing.T) {
	t.Parallel()
	_, briefs := several(t, 200)
	huge := record(t, created, "k", event.Critical, `,"title":"`+strings.Repeat("ü", 1000)+`","data":{"x":["`+strings.Repeat("y", 200<<10)+`","`+strings.Repeat("z", 250<<10)+`"]}`)
	r := Group(huge, append(briefs, BriefOf(huge)))
	back, err := event.Parse(r.Body, "acme", start, event.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	var e struct {
		Title string
		Data  struct {
			Group struct {
				Count            int
				Events, Entities []any
			}
			X []string
		}
	}
	if err := json.Unmarshal(back.Body, &e); err != nil {
		t.Fatal(err)
	}
	g := e.Data.Group
	if g.Count != 201 || len(g.Events) != MaxListedEvents || len(g.Entities) != MaxListedEntities || len(e.Data.X) != 2 {
		t.Errorf("%d, %d events, %d entities", g.Count, len(g.Events), len(g.Entities))
	}
	if len(e.Title) > event.MaxTitle || !strings.HasPrefix(e.Title, "201 × ü") {
		t.Errorf("%.30s, %d bytes", e.Title, len(e.Title))
	}
	// Where there is no room for all, the data of the leader goes, and its envelope stays.
	bare := record(t, created, "k", event.Critical, `,"title":"t","description":"`+strings.Repeat("d", 60<<10)+`","data":{"x":["`+strings.Repeat("y", 220<<10)+`","`+strings.Repeat("z", 220<<10)+`"]}`)
	r = Group(bare, briefs)
	if len(r.Body) > event.MaxEventBytes {
		t.Errorf("%d bytes", len(r.Body))
	}
}

func TestSummary(t *testing.T) {
	t.Parallel()
	_, briefs := several(t, 7)
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	f := Frame{
		ID: event.ID{0: 2, 6: 0x70, 8: 0x80}, Account: "acme", Integration: "int_x", Reason: QuietHours, Zone: zone, Per: time.Hour,
		Since: at("2026-11-18T21:00:00Z"), Now: at("2026-11-19T05:00:00Z"),
	}
	quiet, err := Summary(f, briefs)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "quiet.json", quiet.AppendJSON(nil))
	if quiet.Type != event.TypeHeldBack || quiet.Origin != "int_x" || quiet.Flags&event.Internal == 0 || quiet.Severity != event.High {
		t.Errorf("%+v", quiet)
	}
	f.Reason = RateCap
	capped, err := Summary(f, briefs)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "cap.json", capped.AppendJSON(nil))
}

// Event text is hostile: it changes nothing but the texts.
func TestHostileText(t *testing.T) {
	t.Parallel()
	for _, title := range []string{`"},"data":{"group":{"count":1}}`, "a\nb\r\n\tc", "\u2028\u202eevil", "<script>&amp;", "\\", "😀"} {
		raw, _ := json.Marshal(title)
		r := record(t, created, "k", event.High, `,"title":`+string(raw)+`,"entities":[{"type":"host","value":`+string(raw)+`}]`)
		list := []Brief{BriefOf(r), BriefOf(r)}
		var e struct {
			Title string
			Data  struct {
				Group struct {
					Count    int
					Entities []Entity
				}
			}
		}
		if err := json.Unmarshal(Group(r, list).Body, &e); err != nil {
			t.Fatalf("%q: %v", title, err)
		}
		if e.Title != "2 × "+title || e.Data.Group.Count != 2 || len(e.Data.Group.Entities) != 1 || e.Data.Group.Entities[0].Value != title {
			t.Errorf("%q: %+v", title, e)
		}
		s, err := Summary(Frame{Account: "acme", Reason: RateCap, Now: start, Since: start}, list)
		if err != nil {
			t.Fatalf("%q: %v", title, err)
		}
		var held struct {
			Data struct{ Held struct{ Titles []TitleCount } }
		}
		if err := json.Unmarshal(s.Body, &held); err != nil || held.Data.Held.Titles[0].Title != title {
			t.Errorf("%q: %+v, %v", title, held, err)
		}
	}
}
