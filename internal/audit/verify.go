package audit

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tocsin-hub/tocsin/internal/store"
)

// Limits of a report.
const (
	maxFindings   = 20
	maxUnfinished = 20
)

// Report is what a verification found.
type Report struct {
	Entries     uint64
	First, Last uint64    // numbers; 0 without entries
	From, To    time.Time // of the first and the last entry whose body is readable
	Withheld    uint64    // entries of which only a hash is known
	// Head is the end of what was verified, as a checkpoint. Its time is To.
	Head Checkpoint
	// Unfinished counts acts without an outcome; UnfinishedActs are the numbers of the first.
	Unfinished     int
	UnfinishedActs []uint64
	// Findings are what is wrong, in the order in which it was met; at most 20, and More is how many there were beyond.
	Findings    []Finding
	More        int
	Checkpoints []Checked // in the order in which they were given
}

// OK says whether nothing is wrong. It does not say that each checkpoint could be checked.
func (r *Report) OK() bool { return len(r.Findings) == 0 }

// Finding is one thing that is wrong.
type Finding struct {
	Seq  uint64 // the number at which it shows; 0 for none
	What string // a sentence without its end
}

// Checked is what became of a checkpoint.
type Checked struct {
	Checkpoint Checkpoint
	Confirmed  bool
	// Why says why it is not confirmed. Where there is no finding about it, it could not be checked.
	Why string
}

// verifier goes along a record.
type verifier struct {
	rec        Record
	report     Report
	seq        uint64 // of the last entry
	hash       [32]byte
	unfinished map[uint64]struct{}
	pruned     pruning // the farthest that any entry announces
}

// Verify goes along a record and says everything that is wrong with it. An error says that it could not be read to the
// end; the report then covers what was read.
func Verify(rec Record, checkpoints ...Checkpoint) (Report, error) {
	v := &verifier{rec: rec, seq: rec.Seq, hash: rec.Hash, unfinished: map[uint64]struct{}{}}
	for _, c := range checkpoints {
		v.report.Checkpoints = append(v.report.Checkpoints, Checked{Checkpoint: c})
	}
	v.checkpoint(true)
	err := v.links()
	if err == nil {
		v.finish()
	}
	return v.report, err
}

func (v *verifier) links() error {
	for link, err := range v.rec.Links {
		var bad *Malformed
		if errors.As(err, &bad) {
			v.find(bad.Seq, "%s", bad.Why)
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading the audit record after entry %d: %w", v.seq, err)
		}
		v.link(&link)
	}
	return nil
}

func (v *verifier) find(seq uint64, format string, args ...any) {
	if len(v.report.Findings) == maxFindings {
		v.report.More++
		return
	}
	v.report.Findings = append(v.report.Findings, Finding{seq, fmt.Sprintf(format, args...)})
}

// link checks one entry against the one before it, and goes on from what is stored, so that what follows is judged by
// itself.
func (v *verifier) link(l *Link) {
	switch {
	case l.Seq == v.seq+1:
		if l.Hash != link(v.hash, l.BodyHash) {
			v.find(l.Seq, "entry %d does not fit its hash: its content or its hash was changed, or what stood before it", l.Seq)
		}
	case l.Seq > v.seq+1:
		v.find(v.seq+1, "entry %d is missing: %d comes after %d", v.seq+1, l.Seq, v.seq)
	default:
		v.find(v.seq+1, "entry %d comes after %d: it was moved, repeated or put in", l.Seq, v.seq)
	}
	v.seq, v.hash = l.Seq, l.Hash
	if v.report.Entries == 0 {
		v.report.First = l.Seq
	}
	v.report.Entries++
	v.report.Last = l.Seq
	v.body(l)
	v.checkpoint(false)
}

// body checks that an entry says of itself what is said of it.
func (v *verifier) body(l *Link) {
	if l.Body == nil {
		v.report.Withheld++
		return
	}
	e, err := decode(l.Body)
	if err != nil {
		v.find(l.Seq, "entry %d cannot be read: %v", l.Seq, err)
		return
	}
	if e.Seq != l.Seq {
		v.find(l.Seq, "entry %d says of itself that it is number %d", l.Seq, e.Seq)
	}
	if l.Columns != nil {
		v.columns(&e, l.Columns)
	}
	if t := e.Time(); v.report.From.IsZero() {
		v.report.From, v.report.To = t, t
	} else {
		v.report.To = t
	}
	v.note(&e)
}

// columns compares what is stored for searching with the body: it is what lists are made of.
func (v *verifier) columns(e *Entry, c *store.AuditEntry) {
	want := e.row()
	for _, column := range []struct {
		name string
		same bool
	}{
		{"at", c.At.Equal(want.At) && !want.At.IsZero()}, {"account", c.Account == want.Account}, {"action", c.Action == want.Action},
		{"target", c.Target == want.Target}, {"actor", c.Actor == want.Actor}, {"act", c.Act == want.Act},
	} {
		if !column.same {
			v.find(c.Seq, "entry %d is listed with another %s than its content has", c.Seq, column.name)
		}
	}
}

// note keeps what later entries or the end of the record are judged by.
func (v *verifier) note(e *Entry) {
	if e.Phase == PhaseEnd {
		delete(v.unfinished, e.Act)
		return
	}
	v.unfinished[e.Seq] = struct{}{}
	var p pruning
	if e.Action == actionPrune && json.Unmarshal(e.After, &p) == nil && p.Through >= v.pruned.Through {
		v.pruned = p
	}
}

// finish says what only the end tells.
func (v *verifier) finish() {
	if v.rec.Whole && v.rec.Seq > 0 {
		v.anchor()
	}
	for i := range v.report.Checkpoints {
		v.beyond(&v.report.Checkpoints[i])
	}
	v.report.Head = Checkpoint{
		Installation: fmt.Sprintf("%x", v.rec.Installation), Seq: v.seq, Hash: hexOf(v.hash), At: v.report.To.Truncate(time.Second),
	}
	v.report.Unfinished = len(v.unfinished)
	for seq := range v.unfinished {
		v.report.UnfinishedActs = append(v.report.UnfinishedActs, seq)
	}
	slices.Sort(v.report.UnfinishedActs)
	v.report.UnfinishedActs = v.report.UnfinishedActs[:min(len(v.report.UnfinishedActs), maxUnfinished)]
}

// anchor checks that the hub itself pruned what is missing at the beginning: it says so in the record before it does.
func (v *verifier) anchor() {
	switch {
	case v.pruned.Through < v.rec.Seq:
		v.find(v.rec.Seq+1, "the entries up to %d are gone, and no entry says that the hub pruned them", v.rec.Seq)
	case v.pruned.Through == v.rec.Seq && v.pruned.Hash != hexOf(v.rec.Hash):
		v.find(v.rec.Seq+1, "entry %d, the last one that was pruned, had another hash than the record now begins with", v.rec.Seq)
	}
}

// checkpoint compares the checkpoints of the place that the verifier has come to.
func (v *verifier) checkpoint(start bool) {
	for i := range v.report.Checkpoints {
		c := &v.report.Checkpoints[i]
		if c.Checkpoint.Seq != v.seq || c.Confirmed || c.Why != "" || c.Checkpoint.Installation != fmt.Sprintf("%x", v.rec.Installation) {
			continue
		}
		if c.Confirmed = c.Checkpoint.Hash == hexOf(v.hash); c.Confirmed {
			continue
		}
		c.Why = fmt.Sprintf("entry %d is not the one that the checkpoint was made of: the record was written anew", v.seq)
		if start && v.rec.Seq == 0 {
			c.Why = "the record does not begin where the checkpoint says"
		}
		v.find(v.seq, "%s", c.Why)
	}
}

// beyond judges a checkpoint that no entry was compared with.
func (v *verifier) beyond(c *Checked) {
	seq := c.Checkpoint.Seq
	switch {
	case c.Confirmed || c.Why != "":
	case c.Checkpoint.Installation != fmt.Sprintf("%x", v.rec.Installation):
		c.Why = "it is a checkpoint of another installation's record"
		v.find(0, "the checkpoint of entry %d is one of another installation's record", seq)
	case seq < v.rec.Seq && v.rec.Whole:
		c.Why = fmt.Sprintf("it cannot be checked any more: the record now begins after entry %d", v.rec.Seq)
	case seq < v.rec.Seq:
		c.Why = fmt.Sprintf("it cannot be checked: what was exported begins after entry %d", v.rec.Seq)
	case seq > v.seq && v.rec.Limited:
		c.Why = fmt.Sprintf("it cannot be checked: what was exported ends at entry %d", v.seq)
	case seq > v.seq:
		c.Why = fmt.Sprintf("the record ends at entry %d: its end was cut off, or an older copy was put in its place", v.seq)
		v.find(v.seq, "%s (the checkpoint saw entry %d)", c.Why, seq)
	default: // within the record, and not there: a gap that is a finding already
		c.Why = fmt.Sprintf("entry %d is missing", seq)
		v.find(seq, "%s, and a checkpoint was made of it", c.Why)
	}
}
