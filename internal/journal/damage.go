package journal

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// Limits of what damage may cost.
const (
	// maxReported bounds how many damaged stretches are remembered, so that each is reported once.
	maxReported = 10_000
	// maxQuarantine bounds the damaged bytes that are kept aside (64 MiB).
	maxQuarantine = 64 << 20
)

// damageLog reports each damaged stretch once, and keeps its bytes aside.
type damageLog struct {
	j *Journal

	mu      sync.Mutex
	seen    map[damageKey]bool
	noticed []Damage // what the log reported itself
	kept    int64    // bytes in the quarantine; -1: not looked at yet
	total   int
}

type damageKey struct {
	frame   uint64
	account event.Account
}

func (d *damageLog) init(j *Journal) { d.j, d.seen, d.kept = j, map[damageKey]bool{}, -1 }

func (d *damageLog) count() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.total
}

// notice reports what the log found since the last time.
func (d *damageLog) notice(list []Damage) {
	d.mu.Lock()
	fresh := list[min(len(d.noticed), len(list)):]
	d.noticed = append(d.noticed, fresh...)
	d.mu.Unlock()
	for _, x := range fresh {
		d.found(DamageReport{Frame: x.From, To: x.To, Reason: x.Reason + " (" + x.Where + ")"})
	}
}

// reported says whether the log has reported that frame itself.
func (d *damageLog) reported(frame uint64) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.ContainsFunc(d.noticed, func(x Damage) bool { return x.From <= frame && frame <= x.To && x.From > 0 })
}

// frame reports a frame that cannot be read. What the log reported is not reported again, but its bytes are kept.
func (d *damageLog) frame(number uint64, content []byte, cause error) {
	reported := d.reported(number)
	if reported && len(content) == 0 || !d.first(damageKey{frame: number}) {
		return
	}
	kept := d.keep(fmt.Sprintf("frame-%d", number), content)
	if reported {
		return
	}
	d.found(DamageReport{Frame: number, To: number, Reason: cause.Error(), Kept: kept})
}

// intact reports a frame that the log calls damaged, of which nothing is lost.
func (d *damageLog) intact(number uint64, cause error) {
	if d.first(damageKey{frame: number}) && !d.reported(number) {
		d.found(DamageReport{Frame: number, To: number, Reason: cause.Error() + "; the frame itself is sound"})
	}
}

func (d *damageLog) section(f *Frame, s *Section, content []byte) {
	if !d.first(damageKey{f.Number, s.Account}) {
		return
	}
	d.found(DamageReport{
		Frame: f.Number, To: f.Number, Account: s.Account, Events: uint64(s.Count), Reason: "a section has a wrong checksum",
		Kept: d.keep(fmt.Sprintf("frame-%d-item-%d", f.Number, s.FirstItem), content),
	})
}

// first says whether this stretch is met for the first time.
func (d *damageLog) first(k damageKey) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.seen[k] || len(d.seen) >= maxReported {
		return false
	}
	d.seen[k] = true
	return true
}

func (d *damageLog) found(r DamageReport) {
	d.mu.Lock()
	d.total++
	d.mu.Unlock()
	d.j.slog.Error("damage in the journal; the rest is served", slog.Uint64("frame", r.Frame),
		slog.String("account", string(r.Account)), slog.Uint64("events", r.Events), slog.String("reason", r.Reason),
		slog.String("kept", r.Kept))
	if d.j.o.OnDamage != nil {
		d.j.o.OnDamage(r)
	}
}

// keep puts damaged bytes aside and gives their path; empty if they are not kept.
func (d *damageLog) keep(name string, content []byte) string {
	if d.j.o.Dir == "" || len(content) == 0 {
		return ""
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	dir := filepath.Join(d.j.o.Dir, "quarantine")
	path := filepath.Join(dir, name+".bin")
	if _, err := os.Stat(path); err == nil {
		return path // kept by an earlier run
	}
	if d.kept < 0 {
		d.kept = bytesIn(dir)
	}
	if d.kept+int64(len(content)) > maxQuarantine {
		return ""
	}
	err := os.MkdirAll(dir, 0o700)
	if err == nil {
		err = os.WriteFile(path, content, 0o600)
	}
	if err != nil {
		d.j.slog.Error("keeping damaged bytes aside failed", slog.String("path", path), slog.Any("error", err))
		return ""
	}
	d.kept += int64(len(content))
	return path
}

// bytesIn is the size of a folder's files; of one that is not there, nothing.
func bytesIn(dir string) (n int64) {
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		if info, err := e.Info(); err == nil {
			n += info.Size()
		}
	}
	return n
}
