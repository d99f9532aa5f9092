package sqlite

import (
	"context"
	"fmt"
	"math"
	"math/bits"
	"slices"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/journal"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Span classes: class c holds the packs whose range covers fewer than 2^c frames; the classes are spanStep apart.
// spanEpochs holds the packs that reach over an epoch's end.
const (
	spanStep   = 4
	spanEpochs = 64
)

// spanClass is the size class of the range from lo to hi.
func spanClass(lo, hi journal.Position) int64 {
	if lo.Epoch != hi.Epoch || hi.Frame < lo.Frame {
		return spanEpochs
	}
	class := (bits.Len64(hi.Frame-lo.Frame) + spanStep - 1) / spanStep * spanStep
	return int64(min(class, spanEpochs))
}

// spanReach is the highest end that a pack of the class can have if it holds pos.
func spanReach(class int64, pos journal.Position) journal.Position {
	last := journal.Position{Epoch: pos.Epoch, Frame: math.MaxUint64, Item: math.MaxUint32}
	if class >= spanEpochs {
		last.Epoch = math.MaxUint32
		return last
	}
	if frame := pos.Frame + 1<<class; frame > pos.Frame {
		last.Frame = frame
	}
	return last
}

const packColumns = `account, integration, at, lo, hi, count, data, seq`

// packRow is a pack with what tells the packs of one tick apart.
type packRow struct {
	store.Pack
	seq int64
}

func scanPack(r row, p *packRow) error {
	return r.Scan(textCol[event.Account]{&p.Account}, idCol{&p.Integration}, timeCol{&p.At}, positionCol{&p.Lo},
		positionCol{&p.Hi}, &p.Count, bytesCol[[]byte]{&p.Data}, &p.seq)
}

// PacksAt implements store.Attempts. They come oldest first.
func (s *Store) PacksAt(ctx context.Context, integration event.ID, pos journal.Position) ([]store.Pack, error) {
	return s.packsBySpan(ctx, integration, `hi >= ? AND hi <= ? AND lo <= ?`, func(class int64) []any {
		return []any{pos.Bytes(), spanReach(class, pos).Bytes(), pos.Bytes()}
	})
}

// PacksAbove implements store.Attempts.
func (s *Store) PacksAbove(ctx context.Context, integration event.ID, pos journal.Position) ([]store.Pack, error) {
	return s.packsBySpan(ctx, integration, `hi > ?`, func(int64) []any { return []any{pos.Bytes()} })
}

// packsBySpan asks every size class and sorts by age.
func (s *Store) packsBySpan(ctx context.Context, integration event.ID, cond string, args func(class int64) []any) ([]store.Pack, error) {
	stmt, err := s.lanes.readers.PrepareContext(ctx, `SELECT `+packColumns+` FROM packs
		WHERE integration = ? AND span = ? AND `+cond)
	if err != nil {
		return nil, s.lanes.failed("reading", err)
	}
	defer stmt.Close()
	var rows []packRow
	for class := int64(0); class <= spanEpochs; class += spanStep {
		part, err := queryAll(ctx, preparedQuery{stmt}, scanPack, "", append([]any{integration[:], class}, args(class)...)...)
		if err != nil {
			return nil, s.lanes.failed("reading", err)
		}
		rows = append(rows, part...)
	}
	slices.SortFunc(rows, func(a, b packRow) int {
		if c := a.At.Compare(b.At); c != 0 {
			return c
		}
		if c := a.Hi.Compare(b.Hi); c != 0 {
			return c
		}
		return int(a.seq - b.seq)
	})
	return packsOf(rows), nil
}

func packsOf(rows []packRow) []store.Pack {
	if len(rows) == 0 {
		return nil
	}
	packs := make([]store.Pack, len(rows))
	for i := range rows {
		packs[i] = rows[i].Pack
	}
	return packs
}

// ListPacks implements store.Attempts.
func (s *Store) ListPacks(ctx context.Context, f store.PackFilter, p store.Page) ([]store.Pack, string, error) {
	w := new(where)
	w.and(`account = ?`, string(f.Account))
	if !f.Integration.IsZero() {
		w.and(`integration = ?`, f.Integration[:])
	}
	if !f.Since.IsZero() {
		w.and(`at >= ?`, micros(f.Since))
	}
	if !f.Before.IsZero() {
		w.and(`at < ?`, micros(f.Before))
	}
	if p.After != "" {
		at, seq := int64(0), int64(0)
		of, hi, lo := make([]byte, 16), make([]byte, 16), make([]byte, 16)
		if err := decodeCursor(listPacks, p.After, &at, &of, &hi, &lo, &seq); err != nil {
			return nil, "", err
		}
		w.and(`(at, integration, hi, lo, seq) < (?, ?, ?, ?, ?)`, at, of, hi, lo, seq)
	}
	rows, next, err := page(ctx, s.lanes, scanPack, p, func(r *packRow) string {
		return encodeCursor(listPacks, micros(r.At), r.Integration[:], r.Hi.Bytes(), r.Lo.Bytes(), r.seq)
	}, `SELECT `+packColumns+` FROM packs`+w.String()+
		` ORDER BY at DESC, integration DESC, hi DESC, lo DESC, seq DESC`, w.args...)
	if err != nil {
		return nil, "", fmt.Errorf("listing packs: %w", err)
	}
	return packsOf(rows), next, nil
}
