package expr

import (
	"strings"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// hostileTime is far above what any evaluation takes (tens of milliseconds with the race detector), and far below what
// each of these took before it was bounded.
const hostileTime = 2 * time.Second

// Nobody's expression, and nobody's event, keeps the hub busy: the evaluation is asked under locks that everybody needs.
func TestHostileCost(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", event.MaxDescription)
	many := strings.TrimSuffix(strings.Repeat("1,", 200_000), ",")
	r := record(t, `{"type":"alert.created","title":"`+strings.Repeat("a", event.MaxTitle-1)+`b","description":"`+long+`",
		"data":{"long":"`+strings.Repeat("a", 90<<10)+`"}}`)
	numbers := record(t, `{"type":"alert.created","title":"t","data":{"many":[`+many+`]}}`)
	for _, c := range []struct {
		source string
		record *event.Record
		want   string
	}{
		{`event.description.matches("[a-z]{1,450}z")`, r, "too long for this pattern"},
		{`matches(event.description, "(.{0,300}){0,1}z")`, r, "too long for this pattern"},
		{`event.data.long.matches("(a|aa|aaa|aaaa){1,60}$b")`, r, "too long for this pattern"},
		{`event.title.matches("[a-z]{1,120}z") || event.title.matches("[a-z]{1,240}z")`, r, ErrCost.Error()},
		{`glob(event.description, "*" + event.title)`, r, ErrCost.Error()},
		{`(` + strings.Repeat(`event.data.long + `, 60) + `"") == ""`, r, ErrCost.Error()},
		{`event.data.many.all(x, event.time.getHours(event.title) > 0)`, numbers, ErrCost.Error()},
		{`event.data.long.split("").size() > 0`, r, "parts"},
		{`[1,2,3,4,5,6,7,8,9,0].all(x, [1,2,3,4,5,6,7,8,9,0].all(y, [1,2,3,4,5,6,7,8,9,0].all(z, size(event.description) > 0)))`, r, ErrCost.Error()},
		{`[1,2,3,4,5,6,7,8,9,0].all(x, [1,2,3,4,5,6,7,8,9,0].all(y, [1,2,3,4,5,6,7,8,9,0].all(z, !isIp(event.description))))`, r, ""},
		{`event.data.many.all(x, size(event.data.many + [x]) > 0)`, numbers, ErrCost.Error()},
		{`event.data.many.all(x, event.data.many == event.data.many)`, numbers, ErrCost.Error()},
		{`event.data.many.all(x, !(2 in event.data.many))`, numbers, ErrCost.Error()},
		{`event.data.many.map(x, x + 1).filter(x, x > 2).size() == 0`, numbers, ErrCost.Error()},
	} {
		cond, err := ParseCondition(c.source)
		if err != nil {
			t.Errorf("%s: %v", c.source, err)
			continue
		}
		start := time.Now()
		_, err = cond.Match(c.record)
		took := time.Since(start)
		if took > hostileTime {
			t.Errorf("%s: %v", c.source, took)
		}
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", c.source, err, c.want)
		}
		t.Logf("%8v %s", took.Round(time.Microsecond), c.source)
	}
}

// A pattern reads a text up to its bound, whichever way matches is written.
func TestMatchesBound(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		n     int
		wrong bool
	}{{20 << 10, false}, {60 << 10, true}} {
		r := record(t, `{"type":"alert.created","title":"t","description":"`+strings.Repeat("a", c.n)+` powershell -enc"}`)
		for _, source := range []string{`event.description.matches("(?i)POWERSHELL.*-enc")`, `matches(event.description, "(?i)POWERSHELL.*-enc")`} {
			cond, err := ParseCondition(source)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := cond.Match(r); got == c.wrong || (err != nil) != c.wrong {
				t.Errorf("%s of %d bytes: %t, %v", source, c.n, got, err)
			}
		}
	}
}
