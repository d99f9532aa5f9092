package event

import (
	"encoding/binary"
	"errors"
	"strings"
	"time"
	"unsafe"
)

// Record is an event as the hub carries it. It is immutable once made, and its byte slices and strings may point into
// a buffer shared with other records: Clone what must outlive its neighbours.
type Record struct {
	ID      ID
	Account Account
	// Parents are the accounts above Account, the nearest first and the receiving one last. Only a record that is on its
	// way to an integration of an account above its own has any; the journal's never do.
	Parents  []Account
	Type     string
	Severity Severity
	// Flags say what AppendJSON must add and where the event came from.
	Flags Flags
	// Hops counts how often an event of Tocsin's own has caused another.
	Hops        uint8
	Project     string
	AlertType   string
	DedupKey    string
	OrderingKey string // the sender's ordering key, else the incident, else the dedup key
	Time        time.Time
	Received    time.Time

	// Origin is the integration that an event of Tocsin's own is about; such an event is never delivered to it.
	Origin string

	// Body is the envelope as one JSON object on one line, without what AppendJSON adds: id, account,
	// account_parents and received_at.
	Body []byte
	// Raw holds the sender's bytes where they differ from Body; empty means that Body is what the sender sent.
	Raw []byte
}

// Flags of a Record.
type Flags uint8

const (
	// NoTime: Body has no "time"; AppendJSON adds Record.Time.
	NoTime Flags = 1 << iota
	// NoSeverity: Body has no "severity"; AppendJSON adds Record.Severity.
	NoSeverity
	// Test marks a sample made by a test or a demo.
	Test
	// Internal marks an event that Tocsin itself made.
	Internal
)

// Limits of one event. A sender may not exceed them; the hub relies on them.
const (
	// MaxRecordBytes bounds one encoded record (512 KiB).
	MaxRecordBytes = 512 << 10
)

// timeLayout is RFC 3339 with up to nanoseconds.
const timeLayout = time.RFC3339Nano

// SenderBytes is what the sender sent, byte for byte.
func (r *Record) SenderBytes() []byte {
	if len(r.Raw) > 0 {
		return r.Raw
	}
	return r.Body
}

// Size is the memory and journal cost that limits count, in bytes.
func (r *Record) Size() int { return len(r.Body) + len(r.Raw) + 160 }

// AppendJSON appends the event's canonical JSON: one object on one line, with id, account, received_at
// and, if it has any, account_parents.
func (r *Record) AppendJSON(dst []byte) []byte { return r.AppendLinked(dst, "") }

// AppendLinked is AppendJSON with one member more, "link", for receivers outside; an empty link is left out.
func (r *Record) AppendLinked(dst []byte, link string) []byte {
	dst = append(dst, `{"id":"`...)
	dst = r.ID.AppendText(dst, PrefixEvent)
	dst = append(dst, `","account":"`...)
	dst = append(dst, r.Account...) // account names are [a-z0-9_-]: nothing to escape
	dst = append(dst, '"')
	dst = r.appendParents(dst)
	dst = append(dst, `,"received_at":"`...)
	dst = r.Received.UTC().AppendFormat(dst, timeLayout)
	dst = append(dst, '"')
	if link != "" {
		dst = AppendString(append(dst, `,"link":`...), link)
	}
	if r.Flags&NoTime != 0 {
		dst = append(dst, `,"time":"`...)
		dst = r.Time.UTC().AppendFormat(dst, timeLayout)
		dst = append(dst, '"')
	}
	if r.Flags&NoSeverity != 0 {
		dst = append(dst, `,"severity":"`...)
		dst = append(dst, r.Severity.String()...)
		dst = append(dst, '"')
	}
	dst = append(dst, ',')
	return append(dst, r.Body[1:]...)
}

// appendParents adds "account_parents" where there are any.
func (r *Record) appendParents(dst []byte) []byte {
	if len(r.Parents) == 0 {
		return dst
	}
	dst = append(dst, `,"account_parents":[`...)
	for i, p := range r.Parents {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, '"')
		dst = append(dst, p...)
		dst = append(dst, '"')
	}
	return append(dst, ']')
}

// Clone is a copy that shares no memory with r.
func (r *Record) Clone() *Record {
	buf := r.AppendBinary(make([]byte, 0, r.Size()+len(r.Type)+len(r.Project)+len(r.AlertType)+len(r.DedupKey)+len(r.OrderingKey)+len(r.Origin)))
	c, _, err := DecodeRecord(buf, Account(append([]byte(nil), r.Account...)))
	if err != nil {
		panic("event: a record did not survive its own encoding: " + err.Error())
	}
	for _, p := range r.Parents {
		c.Parents = append(c.Parents, Account(strings.Clone(string(p))))
	}
	return c
}

// recordVersion is the first byte of an encoded record.
const recordVersion = 1

// ErrRecord says that bytes are not an encoded record.
var ErrRecord = errors.New("not an encoded event record")

// AppendBinary appends the journal's encoding of r. The account and its parents are not part of it:
// the journal's section, or the row that holds the record, carries the account.
func (r *Record) AppendBinary(dst []byte) []byte {
	dst = append(dst, recordVersion, byte(r.Flags), byte(r.Severity), r.Hops)
	dst = append(dst, r.ID[:]...)
	dst = binary.BigEndian.AppendUint64(dst, uint64(r.Time.UnixNano()))
	dst = binary.BigEndian.AppendUint64(dst, uint64(r.Received.UnixNano()))
	for _, s := range [...]string{r.Type, r.Project, r.AlertType, r.DedupKey, r.OrderingKey, r.Origin} {
		dst = binary.AppendUvarint(dst, uint64(len(s)))
		dst = append(dst, s...)
	}
	dst = binary.AppendUvarint(dst, uint64(len(r.Body)))
	dst = append(dst, r.Body...)
	dst = binary.AppendUvarint(dst, uint64(len(r.Raw)))
	return append(dst, r.Raw...)
}

// recordHead is the length of the encoding's fixed part.
const recordHead = 4 + 16 + 8 + 8

// DecodeRecord reads one encoded record and returns what follows it. The record points into b, which must not change
// afterwards. Its error is ErrRecord.
func DecodeRecord(b []byte, account Account) (*Record, []byte, error) {
	r := new(Record)
	rest, err := r.decode(b, account)
	return r, rest, err
}

func (r *Record) decode(b []byte, account Account) ([]byte, error) {
	if len(b) < recordHead || b[0] != recordVersion {
		return nil, ErrRecord
	}
	r.Account = account
	r.Flags, r.Severity, r.Hops = Flags(b[1]), Severity(b[2]), b[3]
	copy(r.ID[:], b[4:20])
	r.Time = time.Unix(0, int64(binary.BigEndian.Uint64(b[20:]))).UTC()
	r.Received = time.Unix(0, int64(binary.BigEndian.Uint64(b[28:]))).UTC()
	b = b[recordHead:]
	ok := true
	take := func() []byte {
		n, w := binary.Uvarint(b)
		if w <= 0 || n > uint64(len(b)-w) {
			ok = false
			return nil
		}
		v := b[w : w+int(n) : w+int(n)]
		b = b[w+int(n):]
		return v
	}
	for _, p := range [...]*string{&r.Type, &r.Project, &r.AlertType, &r.DedupKey, &r.OrderingKey, &r.Origin} {
		*p = stringOf(take())
		if !ok {
			return nil, ErrRecord
		}
	}
	r.Body = take()
	if !ok {
		return nil, ErrRecord
	}
	if raw := take(); len(raw) > 0 {
		r.Raw = raw
	}
	if !ok || len(r.Body) < 2 {
		return nil, ErrRecord
	}
	return b, nil
}

// stringOf views immutable bytes as a string without copying them.
func stringOf(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
