package sqlite

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"

	"github.com/tocsin-hub/tocsin/internal/store"
)

// listKind says which list a cursor belongs to; it is the cursor's first byte.
type listKind byte

const (
	listIntegrations listKind = 'i'
	listKeys         listKind = 'k'
	listParked       listKind = 'p'
	listAttempts     listKind = 'a'
	listPacks        listKind = 'c'
	listAudit        listKind = 'l'
	listSources      listKind = 's'
	listJobs         listKind = 'j'
	listAlerts       listKind = 'A'
	listAlertEntries listKind = 'H'
	listIncidents    listKind = 'n'
	listCaseAlerts   listKind = 'x'
	listTimeline     listKind = 't'
	listSuppressed   listKind = 'q'
)

// encodeCursor makes an opaque text of the last row's sort key. Parts are int64 or []byte.
func encodeCursor(kind listKind, parts ...any) string {
	b := []byte{byte(kind)}
	for _, p := range parts {
		switch v := p.(type) {
		case int64:
			b = binary.AppendVarint(b, v)
		case []byte:
			b = binary.AppendUvarint(b, uint64(len(v)))
			b = append(b, v...)
		default:
			panic(fmt.Sprintf("sqlite: a cursor cannot hold %T", p))
		}
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// maxCursorBytes bounds what a caller can make us decode.
const maxCursorBytes = 4096

// decodeCursor reads what encodeCursor made into *int64 and *[]byte. A []byte of a nonzero length is read only by one
// of that length. Its error is store.ErrCursor.
func decodeCursor(kind listKind, text string, parts ...any) error {
	if len(text) > maxCursorBytes {
		return store.ErrCursor
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(b) == 0 || listKind(b[0]) != kind {
		return store.ErrCursor
	}
	b = b[1:]
	for _, p := range parts {
		switch to := p.(type) {
		case *int64:
			v, n := binary.Varint(b)
			if n <= 0 {
				return store.ErrCursor
			}
			*to, b = v, b[n:]
		case *[]byte:
			size, n := binary.Uvarint(b)
			if n <= 0 || size > uint64(len(b)-n) || len(*to) > 0 && size != uint64(len(*to)) {
				return store.ErrCursor
			}
			*to, b = b[n:n+int(size)], b[n+int(size):]
		}
	}
	if len(b) > 0 {
		return store.ErrCursor
	}
	return nil
}
