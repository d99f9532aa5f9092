package deliver

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/journal"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// A pack is the list of events that one lane settled in one tick: who was delivered when, how fast and with which
// status; and, after a crash, what is settled above the mark. It is a sequence of runs of neighbouring events that
// fared alike.

// packVersion is the first byte of a pack.
const packVersion = 1

// maxPackEvents bounds what a pack may claim to hold: a tick settles at most a window.
const maxPackEvents = 8 * BatchWindowEvents

// errPack says that bytes are not a pack.
var errPack = errors.New("not a pack of settled deliveries")

// packRun is a run of events of one frame that fared alike.
type packRun struct {
	Pos     journal.Position // of the first
	N       uint32
	Outcome store.Outcome // "" for skipped
	Status  uint16
	Latency time.Duration // to the microsecond
	// Grade says how sure a success was; empty in packs that are older than grades.
	Grade connector.Grade
}

// gradeShift is where a pack's byte of the outcome holds the grade: its place in connector.Grades, from 1.
const gradeShift = 4

var packOutcomes = []store.Outcome{
	"", store.OutcomeDelivered, store.OutcomeRetry, store.OutcomeMailbox, store.OutcomeCancelled,
}

// packOf encodes what a lane settled; ok is false if that is nothing.
func packOf(l *lane, settled []*entry, now time.Time) (store.Pack, bool) {
	if len(settled) == 0 {
		return store.Pack{}, false
	}
	order := func(a, b *entry) int { return a.pos.Compare(b.pos) }
	if l.noise != nil { // what was held and then left out is there twice
		slices.SortStableFunc(settled, order)
	} else {
		slices.SortFunc(settled, order)
	}
	var runs []packRun
	for _, e := range settled {
		runs = appendRun(runs, packRun{Pos: e.pos, N: 1, Outcome: e.outcome, Status: e.status, Latency: e.latency, Grade: e.grade})
	}
	return store.Pack{
		Account: l.account, Integration: l.id, At: now, Lo: settled[0].pos, Hi: settled[len(settled)-1].pos,
		Count: len(settled), Data: encodePack(runs),
	}, true
}

// appendRun adds a run, or makes the last one longer.
func appendRun(runs []packRun, r packRun) []packRun {
	if len(runs) > 0 {
		last := &runs[len(runs)-1]
		next := last.Pos
		next.Item += last.N
		if next == r.Pos && last.Outcome == r.Outcome && last.Status == r.Status && last.Latency == r.Latency && last.Grade == r.Grade {
			last.N += r.N
			return runs
		}
	}
	return append(runs, r)
}

func encodePack(runs []packRun) []byte {
	b := append(make([]byte, 0, 16+8*len(runs)), packVersion)
	var epoch uint32
	var frame uint64
	for _, r := range runs {
		b = binary.AppendUvarint(b, uint64(r.Pos.Epoch-epoch))
		if r.Pos.Epoch != epoch {
			frame = 0
		}
		b = binary.AppendUvarint(b, r.Pos.Frame-frame)
		b = binary.AppendUvarint(b, uint64(r.Pos.Item))
		b = binary.AppendUvarint(b, uint64(r.N))
		b = append(b, byte(slices.Index(packOutcomes, r.Outcome)|(slices.Index(connector.Grades(), r.Grade)+1)<<gradeShift))
		b = binary.AppendUvarint(b, uint64(r.Status))
		b = binary.AppendUvarint(b, uint64(r.Latency.Microseconds()))
		epoch, frame = r.Pos.Epoch, r.Pos.Frame
	}
	return b
}

func decodePack(b []byte) ([]packRun, error) {
	if len(b) == 0 || b[0] != packVersion {
		return nil, errPack
	}
	b = b[1:]
	ok := true
	next := func() uint64 {
		v, n := binary.Uvarint(b)
		if n <= 0 {
			ok = false
			return 0
		}
		b = b[n:]
		return v
	}
	grades := connector.Grades()
	var runs []packRun
	var pos journal.Position
	total := uint64(0)
	for len(b) > 0 {
		if d := next(); d > 0 {
			pos = journal.Position{Epoch: pos.Epoch + uint32(d)}
		}
		pos.Frame += next()
		item, n := next(), next()
		total += n
		if !ok || len(b) == 0 || int(b[0]&(1<<gradeShift-1)) >= len(packOutcomes) || int(b[0]>>gradeShift) > len(grades) || n == 0 || n > maxPackEvents || total > maxPackEvents || item > math.MaxUint32 ||
			item+n > math.MaxUint32 {
			return nil, errPack
		}
		pos.Item = uint32(item)
		r := packRun{Pos: pos, N: uint32(n)}
		r.Outcome = packOutcomes[b[0]&(1<<gradeShift-1)]
		if g := b[0] >> gradeShift; g > 0 {
			r.Grade = grades[g-1]
		}
		b = b[1:]
		r.Status = uint16(next())
		r.Latency = time.Duration(next()) * time.Microsecond
		if !ok {
			return nil, errPack
		}
		runs = append(runs, r)
	}
	return runs, nil
}

// findRun gives the last run that holds pos.
func findRun(runs []packRun, pos journal.Position) (packRun, bool) {
	for _, r := range slices.Backward(runs) {
		if r.Pos.Epoch == pos.Epoch && r.Pos.Frame == pos.Frame && pos.Item >= r.Pos.Item && pos.Item < r.Pos.Item+r.N {
			return r, true
		}
	}
	return packRun{}, false
}
