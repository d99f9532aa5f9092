package event

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestIDs(t *testing.T) {
	t.Parallel()
	block := NewIDs(5000)
	next := NewID()
	var all []string
	for i := range block.Len() {
		all = append(all, block.At(i).Text(PrefixEvent))
	}
	all = append(all, next.Text(PrefixEvent))
	if !slices.IsSorted(all) || len(slices.Compact(slices.Clone(all))) != len(all) {
		t.Error("ids are not in order, or one was given twice")
	}
	again := BlockFrom(block.First(), block.Len())
	if again.At(4999) != block.At(4999) {
		t.Error("a rebuilt block differs")
	}
	id := block.At(17)
	if id[6]>>4 != 7 || id[8]>>6 != 2 {
		t.Errorf("%s is no UUIDv7", id.UUID())
	}
	if d := time.Since(id.Time()); d < -time.Minute || d > time.Minute {
		t.Errorf("its time is %v", id.Time())
	}
	parsed, err := ParseID(PrefixEvent, id.Text(PrefixEvent))
	if err != nil || parsed != id {
		t.Errorf("parsed back: %v (%v)", parsed, err)
	}
	for _, bad := range []string{"", "evt_", "int_01h455vb4pex5vsknk084sn02q", "evt_01H455VB4PEX5VSKNK084SN02Q", "evt_81h455vb4pex5vsknk084sn02q", "evt_01h455vb4pex5vsknk084sn02u", "evt-01h455vb4pex5vsknk084sn02q"} {
		if _, err := ParseID(PrefixEvent, bad); err == nil {
			t.Errorf("%q was taken for an id", bad)
		}
	}
	known, err := ParseID("evt", "evt_01h455vb4pex5vsknk084sn02q")
	if err != nil || known.UUID() != "01890a5d-ac96-774b-bcce-b302099a8057" {
		t.Errorf("the example of the TypeID specification is %s (%v)", known.UUID(), err)
	}
}

func TestIDsConcurrent(t *testing.T) {
	t.Parallel()
	var wg sync.WaitGroup
	var mu sync.Mutex
	seen := map[ID]bool{}
	for range 8 {
		wg.Go(func() {
			var mine []ID
			for range 200 {
				b := NewIDs(3)
				mine = append(mine, b.At(0), b.At(1), b.At(2))
			}
			mu.Lock()
			defer mu.Unlock()
			for _, id := range mine {
				tick := id
				copy(tick[8:], make([]byte, 8)) // the ordered half alone must be unique
				if seen[tick] {
					t.Error("an id was given twice")
				}
				seen[tick] = true
			}
		})
	}
	wg.Wait()
}

func TestRecordEncoding(t *testing.T) {
	t.Parallel()
	text := rapid.String()
	rapid.Check(t, func(rt *rapid.T) {
		r := &Record{
			ID: NewID(), Account: "acme", Type: text.Draw(rt, "type"), Severity: Severity(rapid.IntRange(0, 4).Draw(rt, "severity")),
			Project: text.Draw(rt, "project"), AlertType: text.Draw(rt, "alert type"), DedupKey: text.Draw(rt, "dedup key"),
			OrderingKey: text.Draw(rt, "ordering key"), Origin: text.Draw(rt, "origin"), Hops: rapid.Uint8().Draw(rt, "hops"),
			Flags: Flags(rapid.Uint8().Draw(rt, "flags")), Time: time.Unix(0, rapid.Int64().Draw(rt, "time")).UTC(), Received: received,
			Body: []byte(`{` + text.Draw(rt, "body") + `}`), Raw: []byte("r" + text.Draw(rt, "raw")),
		}
		b := r.AppendBinary([]byte("before"))[len("before"):]
		got, rest, err := DecodeRecord(append(b, "after"...), "acme")
		if err != nil || string(rest) != "after" {
			rt.Fatalf("rest %q, error %v", rest, err)
		}
		if diff := cmp.Diff(r, got); diff != "" {
			rt.Fatal(diff)
		}
		for n := range b {
			if _, _, err := DecodeRecord(b[:n:n], "acme"); err == nil {
				rt.Fatalf("%d of %d bytes were taken for a record", n, len(b))
			}
		}
	})
}

func TestAppendJSON(t *testing.T) {
	t.Parallel()
	r := mustParse(t, `{"type":"a.b"}`)
	r.ID, _ = ParseID(PrefixEvent, "evt_01h455vb4pex5vsknk084sn02q")
	want := `x{"id":"evt_01h455vb4pex5vsknk084sn02q","account":"default","received_at":"2026-03-01T10:15:30Z",` +
		`"time":"2026-03-01T10:15:30Z","severity":"info","type":"a.b"}`
	if diff := cmp.Diff(want, string(r.AppendJSON([]byte("x")))); diff != "" {
		t.Error(diff)
	}
	c := *r
	c.Account, c.Parents = "shop", []Account{"emea", "acme"}
	want = strings.Replace(want[1:], `"account":"default"`, `"account":"shop","account_parents":["emea","acme"]`, 1)
	if diff := cmp.Diff(want, string(c.Clone().AppendJSON(nil))); diff != "" {
		t.Error(diff)
	}
}

func TestSeverity(t *testing.T) {
	t.Parallel()
	for i, name := range Severities() {
		s, ok := ParseSeverity(strings.ToUpper(name))
		if !ok || int(s) != i || s.String() != name || quotedSeverities[i] != `"`+name+`"` {
			t.Errorf("%s: %v", name, s)
		}
		var back Severity
		text, _ := s.MarshalText()
		if back.UnmarshalText(text) != nil || back != s {
			t.Errorf("%s read back: %v", name, back)
		}
	}
	if s, ok := ParseSeverity("Informational"); !ok || s != Info {
		t.Error("informational is not known")
	}
	var s Severity
	if err := s.UnmarshalText([]byte("urgent")); err == nil || !strings.Contains(err.Error(), "critical") {
		t.Errorf("urgent: %v", err)
	}
}

func TestValidType(t *testing.T) {
	t.Parallel()
	part := strings.Repeat("a", 30)
	for name, want := range map[string]bool{
		"alert.created": true, "a.b": true, "a1.b_2.c.d": true, part + "." + part + "." + part + "." + part: true,
		"": false, "alert": false, "alert.": false, ".a": false, "a..b": false, "a.b.c.d.e": false, "a_b.c": false, "1a.b": false, "a.1b": false,
		"a._b": false, "A.b": false, "a.B": false, "a.b-c": false, part + "a.b": false, "a." + part + "a": false, "a.b ": false, "a.é": false,
		strings.Repeat("a.", 1<<10) + "a": false,
	} {
		if got := ValidType(name); got != want {
			t.Errorf("%.40q: %t", name, got)
		}
	}
}

func TestTypeFilter(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		filter TypeFilter
		name   string
		want   bool
	}{
		{"*", "a.b", true}, {"alert.created", "alert.created", true}, {"alert.created", "alert.createdx", false}, {"alert.*", "alert.created", true},
		{"alert.*", "alert.a.b", true}, {"alert.*", "alerts.created", false}, {"alert.*", "alert", false}, {"custom.wallarm.*", "custom.wallarm.x", true},
	} {
		if got := c.filter.Match(c.name); got != c.want {
			t.Errorf("%s and %s: %t", c.filter, c.name, got)
		}
		if err := c.filter.Check(); err != nil {
			t.Errorf("%s: %v", c.filter, err)
		}
	}
	for _, bad := range []TypeFilter{"", "alert", "alert*", "*.created", "Alert.*", ".*", "a.b.*.*"} {
		if bad.Check() == nil {
			t.Errorf("%q was taken for a filter", bad)
		}
	}
}

func TestValidAccount(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"default": true, "a": true, "acme_1-eu": true, strings.Repeat("a", 64): true,
		"": false, "A": false, "a b": false, `a"`: false, "é": false, strings.Repeat("a", 65): false,
	} {
		if ValidAccount(name) != want {
			t.Errorf("%q", name)
		}
	}
}

func TestParseTime(t *testing.T) {
	t.Parallel()
	want := time.Date(2026, 3, 1, 10, 15, 30, 0, time.UTC)
	for _, text := range []string{
		"2026-03-01T10:15:30Z", "2026-03-01T11:15:30+01:00", "2026-03-01T11:15:30+0100", "2026-03-01T11:15:30+01", "2026-03-01t10:15:30z",
		"2026-03-01 10:15:30", "2026-03-01 12:15:30 +0200", "2026-03-01 10:15:30Z", "2026-03-01 10:15:30 UTC", "2026-03-01T10:15:30",
		"2026-03-01T10:15:30.000", "Sun, 01 Mar 2026 10:15:30 GMT", "Sun, 01 Mar 2026 11:15:30 +0100", "Sun Mar  1 10:15:30 2026",
		"01/Mar/2026:11:15:30 +0100", "1772360130", "1772360130000", "1772360130000000", "1772360130000000000", "1772360130.0", " 2026-03-01T10:15:30Z ",
	} {
		if got, ok := ParseTime(text); !ok || !got.Equal(want) || got.Location() != time.UTC {
			t.Errorf("%q: %v, %t", text, got, ok)
		}
	}
	for _, text := range []string{"", "x", "2026-13-01T00:00:00Z", "1969-12-31T23:59:59Z", "2262-01-01T00:00:00Z", "-5", "20260301", "NaN", "1e400", "Sun, 01 Mar 2026 10:15:30 PST", "2026-03-01T10:15:30Z+2"} {
		if got, ok := ParseTime(text); ok {
			t.Errorf("%q was taken for %v", text, got)
		}
	}
	if got, ok := ParseTime("2026-06-30T23:59:60Z"); !ok || got.Format(time.RFC3339Nano) != "2026-06-30T23:59:59.999999999Z" {
		t.Errorf("a leap second: %v, %t", got, ok)
	}
	if got, ok := ParseTime("2026-03-01T10:15:30.123456789Z"); !ok || got.Nanosecond() != 123456789 {
		t.Errorf("nanoseconds: %v, %t", got, ok)
	}
}

func TestClip(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string
		n    int
		want string
	}{{"abc", 3, "abc"}, {"abcd", 3, "…"}, {"abcdef", 5, "ab…"}, {"éééé", 6, "é…"}, {"", 3, ""}} {
		if got := Clip(c.text, c.n); got != c.want || len(got) > max(c.n, len(c.text)) {
			t.Errorf("%q to %d: %q", c.text, c.n, got)
		}
	}
}
