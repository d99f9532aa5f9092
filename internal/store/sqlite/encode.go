package sqlite

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/journal"
)

// micros is a time as the database holds it: microseconds since 1970, 0 for the zero time.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func fromMicros(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}

// blob keeps a nil slice from becoming NULL.
func blob(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// flag is a truth value as a number, which every database has.
func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// The col types scan a column into a field.

type idCol struct{ to *event.ID }

func (c idCol) Scan(src any) error { return scanFixed(c.to[:], src) }

type hashCol struct{ to *[32]byte }

func (c hashCol) Scan(src any) error { return scanFixed(c.to[:], src) }

func scanFixed(to []byte, src any) error {
	b, ok := src.([]byte)
	if !ok || len(b) != len(to) {
		return fmt.Errorf("the column holds %T of another length than %d bytes", src, len(to))
	}
	copy(to, b)
	return nil
}

type positionCol struct{ to *journal.Position }

func (c positionCol) Scan(src any) error {
	var b [journal.PositionBytes]byte
	if err := scanFixed(b[:], src); err != nil {
		return err
	}
	*c.to = journal.PositionFromBytes(b[:])
	return nil
}

type timeCol struct{ to *time.Time }

func (c timeCol) Scan(src any) error {
	us, ok := src.(int64)
	if !ok {
		return fmt.Errorf("the column holds %T, not a time", src)
	}
	*c.to = fromMicros(us)
	return nil
}

// textCol scans text that may hold any bytes into a string type.
type textCol[T ~string] struct{ to *T }

func (c textCol[T]) Scan(src any) error {
	switch v := src.(type) {
	case string:
		*c.to = T(v)
	case []byte:
		*c.to = T(v)
	default:
		return fmt.Errorf("the column holds %T, not text", src)
	}
	return nil
}

// accountsCol is a list of accounts in a text. Their names have no spaces.
type accountsCol struct{ to *[]event.Account }

// Scan is for package sql.
func (c accountsCol) Scan(src any) error {
	var text string
	if err := (textCol[string]{&text}).Scan(src); err != nil {
		return err
	}
	*c.to = nil
	for _, name := range strings.Fields(text) {
		*c.to = append(*c.to, event.Account(name))
	}
	return nil
}

func accountsText(list []event.Account) string {
	names := make([]string, len(list))
	for i, a := range list {
		names[i] = string(a)
	}
	return strings.Join(names, " ")
}

// bytesCol copies a blob; an empty one gives nil.
type bytesCol[T ~[]byte] struct{ to *T }

func (c bytesCol[T]) Scan(src any) error {
	b, ok := src.([]byte)
	if text, isText := src.(string); isText { // somebody changed it by hand: what it says is for the reader to judge
		b, ok = []byte(text), true
	}
	if src != nil && !ok {
		return fmt.Errorf("the column holds %T, not bytes", src)
	}
	*c.to = nil
	if len(b) > 0 {
		*c.to = append(T(nil), b...)
	}
	return nil
}

// jsonCol decodes a JSON column.
type jsonCol struct{ to any }

func (c jsonCol) Scan(src any) error {
	switch v := src.(type) {
	case string:
		return json.Unmarshal([]byte(v), c.to)
	case []byte:
		return json.Unmarshal(v, c.to)
	}
	return fmt.Errorf("the column holds %T, not JSON", src)
}

// row is what both *sql.Row and *sql.Rows can do.
type row interface{ Scan(dest ...any) error }

var (
	_ sql.Scanner = idCol{}
	_ sql.Scanner = hashCol{}
	_ sql.Scanner = positionCol{}
	_ sql.Scanner = timeCol{}
	_ sql.Scanner = textCol[string]{}
	_ sql.Scanner = bytesCol[[]byte]{}
	_ sql.Scanner = jsonCol{}
)
