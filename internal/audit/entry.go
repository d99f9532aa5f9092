package audit

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// The phases of an entry.
const (
	PhaseBegin = "begin" // written before the act
	PhaseEnd   = "end"   // written after it
)

// The outcomes of an act.
const (
	OutcomeOK      = "ok"
	OutcomeFailed  = "failed"  // it was tried and did not succeed
	OutcomeRefused = "refused" // it was not allowed, or asked for what cannot be
	// OutcomeUnknown: no end was written, because the process was killed or the record could not be written. It stands
	// in no entry.
	OutcomeUnknown = "unknown"
	// OutcomeRunning: it has not ended yet. It stands in no entry.
	OutcomeRunning = "running"
)

// Limits of an entry.
const (
	// MaxBody is the longest body (64 KiB).
	MaxBody = 64 << 10
	// MaxValues bounds Before and After each (24 KiB). A longer one is replaced by its length and SHA-256.
	MaxValues = 24 << 10
	// The other texts, in bytes of UTF-8. What is longer is cut and ends in "…".
	maxAction = 100
	maxTarget = 512
	maxActor  = 256 // each of its fields
	maxError  = 1 << 10
	maxNote   = 2 << 10
)

// Entry is the body of one entry: what the chain's hash covers. Its JSON, in this order and without spaces, is what is
// stored.
type Entry struct {
	Seq     uint64        `json:"seq"`
	At      string        `json:"at"` // timeLayout
	Account event.Account `json:"account"`
	Phase   string        `json:"phase"`
	Act     uint64        `json:"act,omitempty"` // at the end: the number of the entry that began it
	Actor   act.Actor     `json:"actor"`
	Action  string        `json:"action"`
	Target  string        `json:"target,omitempty"`
	// At the end.
	Outcome string `json:"outcome,omitempty"`
	Error   string `json:"error,omitempty"`
	// At the beginning.
	Before json.RawMessage `json:"before,omitempty"`
	After  json.RawMessage `json:"after,omitempty"`
	Note   string          `json:"note,omitempty"`
	// Salt is random: it keeps whoever sees only the SHA-256 of a body (in another account's export) from trying out
	// what it may have been.
	Salt string `json:"salt"`
}

// timeLayout is RFC 3339 in UTC with microseconds, always of one length.
const timeLayout = "2006-01-02T15:04:05.000000Z"

// Time is At as a time, zero if it is none.
func (e *Entry) Time() time.Time {
	t, err := time.Parse(timeLayout, e.At)
	if err != nil {
		return time.Time{}
	}
	return t
}

// beginning makes the entry that begins an act, without what its place in the record decides. Every text of it is valid
// UTF-8, bounded, and free of what looks like a secret.
func beginning(a *act.Act) Entry {
	return Entry{
		Account: a.Account, Phase: PhaseBegin, Actor: tidyActor(a.Actor), Action: clip(a.Action, maxAction),
		Target: clip(Mask(a.Target), maxTarget), Before: values(a.Before), After: values(a.After), Note: clip(Mask(a.Note), maxNote),
	}
}

func tidyActor(a act.Actor) act.Actor {
	return act.Actor{
		Kind: clip(a.Kind, maxActor), ID: clip(a.ID, maxActor), Name: clip(Mask(a.Name), maxActor),
		Account: event.Account(clip(string(a.Account), maxActor)), Address: clip(a.Address, maxActor),
	}
}

func clip(text string, most int) string {
	return event.Clip(strings.ToValidUTF8(text, "\ufffd"), most)
}

// encode fixes an entry to its place and gives the row without its hash.
func (e *Entry) encode(seq uint64, at time.Time) (store.AuditEntry, error) {
	at = at.UTC().Truncate(time.Microsecond)
	var salt [12]byte
	_, _ = rand.Read(salt[:]) // never fails
	e.Seq, e.At, e.Salt = seq, at.Format(timeLayout), base64.RawURLEncoding.EncodeToString(salt[:])
	body, err := marshal(e)
	if err != nil {
		return store.AuditEntry{}, fmt.Errorf("encoding an entry of the audit record: %w", err)
	}
	if len(body) > MaxBody { // many characters that JSON has to escape
		e.Before, e.After = replaced(e.Before), replaced(e.After)
		if body, err = marshal(e); err != nil {
			return store.AuditEntry{}, fmt.Errorf("encoding a shortened entry of the audit record: %w", err)
		}
	}
	row := e.row()
	row.Seq, row.At, row.Body = seq, at, body
	return row, nil
}

// row gives the columns that an entry has beside its body and its hash.
func (e *Entry) row() store.AuditEntry {
	actor := e.Actor.ID
	if actor == "" {
		actor = e.Actor.Kind
	}
	return store.AuditEntry{
		Seq: e.Seq, At: e.Time(), Account: e.Account, Action: e.Action, Target: e.Target, Actor: actor, Act: e.Act,
	}
}

// marshal writes JSON on one line, as it will be hashed: "<" stays "<".
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// decode reads a body.
func decode(body []byte) (Entry, error) {
	var e Entry
	if err := json.Unmarshal(body, &e); err != nil {
		return e, fmt.Errorf("it is no entry of an audit record: %w", err)
	}
	return e, nil
}
