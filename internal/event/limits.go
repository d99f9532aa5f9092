package event

// Headroom is what an encoded record needs beside the event's bytes: ids, times, the routing fields and their lengths
// (8 KiB). The text limits below keep the routing fields well under it.
const Headroom = 8 << 10

// MaxEventBytes bounds one event as its sender wrote it (504 KiB). An event that has to be rewritten is kept in both
// forms, and the two together are bounded by it.
const MaxEventBytes = MaxRecordBytes - Headroom

// Limits bound what one JSON value may cost. The zero value of a field stands for its default.
type Limits struct {
	// Depth is how deeply objects and arrays may be nested (default 64, at most MaxDepth).
	Depth int
	// Keys is how many object members one event may have at all depths together (default 10,000).
	Keys int
	// StringBytes bounds one string as written, without its quotes (default 256 KiB).
	StringBytes int
	// Bytes bounds one event (default and maximum MaxEventBytes).
	Bytes int
}

// MaxDepth bounds Limits.Depth: the scanner is recursive and its stack must stay small.
const MaxDepth = 1000

// DefaultLimits are the limits of an installation that has not set others.
func DefaultLimits() Limits {
	return Limits{Depth: 64, Keys: 10_000, StringBytes: 256 << 10, Bytes: MaxEventBytes}
}

func (l Limits) orDefaults() Limits {
	d := DefaultLimits()
	if l.Depth <= 0 {
		l.Depth = d.Depth
	}
	l.Depth = min(l.Depth, MaxDepth)
	if l.Keys <= 0 {
		l.Keys = d.Keys
	}
	if l.StringBytes <= 0 {
		l.StringBytes = d.StringBytes
	}
	if l.Bytes <= 0 || l.Bytes > MaxEventBytes {
		l.Bytes = MaxEventBytes
	}
	return l
}

// Text limits of the envelope's fields, in bytes of UTF-8. They are generous: they exist so that one event cannot
// make a row, a header or a chat message unreasonable.
const (
	MaxTitle       = 2 << 10
	MaxDescription = 64 << 10
	MaxName        = 256     // project, alert_type, status, tlp, a tag, a label's name
	MaxKey         = 1 << 10 // dedup_key, ordering_key, incident
	MaxText        = 4 << 10 // actor, endpoint, rule, source, a label's value
	MaxURL         = 8 << 10 // url, an entity's value
)

// Count limits of the envelope's lists.
const (
	MaxEntities = 1000
	MaxTags     = 256
	MaxLabels   = 256
	MaxMitre    = 256
)

// MaxAccount is the longest name of an account, in bytes.
const MaxAccount = 64

// ValidAccount says whether name may name an account: 1 to 64 of a-z, 0-9, "_" and "-".
func ValidAccount(name string) bool {
	if len(name) == 0 || len(name) > MaxAccount {
		return false
	}
	for i := range len(name) {
		c := name[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' && c != '-' {
			return false
		}
	}
	return true
}
