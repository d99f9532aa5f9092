package torture

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/harness"
)

// poisonFault sends events that some receivers always refuse, among hostile texts and events as large as may be. The
// refused ones must end in the mailbox, visibly, and hold back nothing: neither their neighbours nor their keys. All of the
// integrations have one fallback, which must be given each of them once.
func poisonFault() Fault {
	return Fault{
		Name: "poison", What: "events that always get 400; hostile texts, control characters, the largest size allowed", Long: 30, Short: 1,
		run: runPoison,
	}
}

// hostileSamples stand in for the corpora where there are none.
var hostileSamples = []string{
	"", "\x00\x01\x02\x1b[31m\x7f", "\u202eevil\u202c\u2066", "\ufeffBOM \ufffe \uffff", "\r\nX-Injected: yes\r\n\r\n", "<script>alert(1)</script>",
	`"}],"id":"evt_00000000000000000000000000","x":[{"`, "=cmd|' /C calc'!A0", "{{7*7}}${7*7}<%= 7*7 %>", "../../../etc/passwd\x00.png",
	"\U0001f469\u200d\U0001f469\u200d\U0001f466", strings.Repeat("\u0300", 2000), "\\ud800", `\`, "`id`", "%s%n%x", "' OR 1=1 --", "\u2028\u2029\u0085",
}

// hostileTexts are the samples and what the shared corpora hold.
func hostileTexts(shared string) []string {
	out := slices.Clone(hostileSamples)
	if shared == "" {
		return out
	}
	var more []string
	if b, err := os.ReadFile(filepath.Join(shared, "corpora", "naughty-strings.json")); err == nil && json.Unmarshal(b, &more) == nil {
		out = append(out, more...)
	}
	for _, name := range []string{"crlf-injection.txt", "csv-injection.txt", "syslog-lines.txt"} {
		if b, err := os.ReadFile(filepath.Join(shared, "corpora", name)); err == nil {
			out = append(out, strings.Split(strings.TrimSpace(string(b)), "\n")...)
		}
	}
	for i, text := range out {
		out[i] = strings.ToValidUTF8(text, "?") // the API's texts are UTF-8; what is not never gets an id
	}
	return out
}

func runPoison(ctx context.Context, b *Bench, row *Row, rounds int) error {
	texts := hostileTexts(b.Shared)
	s := stand{
		shape: patient, lanes: pickyLanes(), rate: b.Rate / 2,
		plan: plan{hostile: texts, largest: event.MaxEventBytes},
	}
	var buried uint64
	var last string
	err := b.on(ctx, row, s, rounds, func(ctx context.Context, t *torture, round int) error {
		if round == 0 {
			var err error
			if last, err = t.fallback(ctx); err != nil {
				return err
			}
		}
		if err := t.refusing(ctx, b.refusingTime()); err != nil {
			return err
		}
		stats, err := t.api.Stats(ctx)
		if err != nil {
			return err
		}
		buried += t.checkBuried(stats)
		if err := t.checkFallback(ctx, last, buried); err != nil {
			return err
		}
		return t.account(ctx) // the receivers take everything now, so the mailboxes can be emptied
	})
	row.note("%d hostile texts, events of up to %d KiB, %d deliveries in mailboxes and by fallback", len(texts), event.MaxEventBytes>>10, buried)
	return err
}

// fallback gives all integrations a fallback, which keeps what it gets.
func (t *torture) fallback(ctx context.Context) (string, error) {
	id, err := t.api.Create(ctx, harness.Integration{
		Kind: "capture", Name: "fallback", Enabled: true, Settings: map[string]any{}, Subscription: map[string]any{"types": []string{}},
	})
	if err != nil {
		return "", err
	}
	for _, from := range t.ids {
		if err := t.api.Change(ctx, from, map[string]any{"fallback": id}); err != nil {
			return "", err
		}
	}
	return id, nil
}

// checkFallback waits until the fallback has delivered what it was given, which must be what ended in the mailboxes.
func (t *torture) checkFallback(ctx context.Context, id string, buried uint64) error {
	for until := time.Now().Add(t.DrainTime); ; sleep(ctx, statsPoll) {
		c, err := t.api.Fallback(ctx, id)
		switch {
		case err != nil:
			return err
		case c.Delivered == buried && c.Matched == buried && c.AddUp():
			return nil
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case time.Now().After(until):
			t.books.fail("fallback", "%d deliveries ended in mailboxes, the fallback says %+v", buried, c)
			return nil
		}
	}
}

// checkBuried compares each mailbox with what the receiver refused; all the rest must have arrived.
func (t *torture) checkBuried(s harness.Stats) (buried uint64) {
	for i, id := range t.ids {
		l, c := &t.books.lanes[i], s.Integrations[id]
		buried += c.Mailbox
		refused, arrived := t.books.poisoned(i)
		if c.Mailbox != refused {
			t.books.fail("mailbox", "%s: %d deliveries are in it, its receiver refused %d", l.name, c.Mailbox, refused)
		}
		if some, n := t.books.missing(i, missingShown); uint64(n) > refused {
			t.books.fail("held back", "%s: %d did not arrive, only %d were refused; the first: %s", l.name, n, refused, t.books.describe(some))
		}
		if c.Delivered != arrived || !c.AddUp() {
			t.books.fail("counts", "%s: %d arrived, the hub says %+v", l.name, arrived, c)
		}
	}
	return buried
}

// poisoned counts the events that a receiver refused for good and has not taken since, and those that it took.
func (b *books) poisoned(laneIndex int) (refused, arrived uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for w := range b.events {
		for i := range b.events[w] {
			if s := &b.events[w][i].lanes[laneIndex]; s.refused > 0 && s.count == 0 {
				refused++
			}
		}
	}
	return refused, b.perLane[laneIndex].distinct
}
