package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

const blockColumns = `id, account, target, state, reason, responders, requester, decider, rule, alert, incident, event, cause, created_at,
	updated_at, active_at, expires_at, ttl, approve_by, ended_at, version`

func scanBlock(r row, b *store.Block) error {
	return r.Scan(idCol{&b.ID}, textCol[event.Account]{&b.Account}, prefixCol{&b.Target}, textCol[store.BlockState]{&b.State}, textCol[string]{&b.Reason},
		idsCol{&b.Responders}, jsonCol{&b.Requester}, jsonCol{&b.Decider}, idCol{&b.Rule}, idCol{&b.Alert}, &b.Incident, idCol{&b.Event},
		textCol[string]{&b.Cause}, timeCol{&b.CreatedAt}, timeCol{&b.UpdatedAt}, timeCol{&b.ActiveAt}, timeCol{&b.ExpiresAt}, (*int64)(&b.TTL),
		timeCol{&b.ApproveBy}, timeCol{&b.EndedAt}, &b.Version)
}

const placementColumns = `block, account, integration, target, wanted, state, cause, covered, attempts, due_at, since, applied_at, verified_at, expires_at`

func scanPlacement(r row, p *store.Placement) error {
	return r.Scan(idCol{&p.Block}, textCol[event.Account]{&p.Account}, idCol{&p.Integration}, prefixCol{&p.Target}, &p.Wanted,
		textCol[store.PlacementState]{&p.State}, textCol[string]{&p.Cause}, idCol{&p.Covered}, &p.Attempts, timeCol{&p.DueAt}, timeCol{&p.Since},
		timeCol{&p.AppliedAt}, timeCol{&p.VerifiedAt}, timeCol{&p.ExpiresAt})
}

// prefixCol is a range of addresses in CIDR notation.
type prefixCol struct{ to *netip.Prefix }

// Scan is for package sql.
func (c prefixCol) Scan(src any) error {
	var text string
	if err := (textCol[string]{&text}).Scan(src); err != nil {
		return err
	}
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return fmt.Errorf("the column holds no range of addresses: %w", err)
	}
	*c.to = p
	return nil
}

// prefixText is a range as the database holds it. One that has bits beyond its length, or is an IPv4 address in its IPv6
// form, is store.ErrInvalid: two texts of one range would be two ranges.
func prefixText(p netip.Prefix) (string, error) {
	if !p.IsValid() || p != p.Masked() || p.Addr().Is4In6() {
		return "", fmt.Errorf("%s as a range of addresses: %w", p, store.ErrInvalid)
	}
	return p.String(), nil
}

// idsCol is ids one after the other.
type idsCol struct{ to *[]event.ID }

// Scan is for package sql.
func (c idsCol) Scan(src any) error {
	b, ok := src.([]byte)
	if src != nil && !ok || len(b)%16 != 0 {
		return fmt.Errorf("the column holds %T of another length than ids", src)
	}
	*c.to = nil
	for ; len(b) > 0; b = b[16:] {
		*c.to = append(*c.to, event.ID(b[:16]))
	}
	return nil
}

// The ends of the addresses that are IPv4 ones in their IPv6 form.
var firstIPv4, lastIPv4 = ends(netip.MustParsePrefix("0.0.0.0/0"))

// ends gives the first and the last address of a range, an IPv4 address in its IPv6 form.
func ends(p netip.Prefix) (first, last []byte) {
	a := p.Addr().As16()
	z := a
	bits := p.Bits() + 128 - p.Addr().BitLen()
	for i := range z {
		switch free := 8*(i+1) - bits; {
		case free >= 8:
			z[i] = 0xff
		case free > 0:
			z[i] |= 1<<free - 1
		}
	}
	return a[:], z[:]
}

// GetBlock implements store.Blocks.
func (s *Store) GetBlock(ctx context.Context, account event.Account, id event.ID) (store.Block, error) {
	return get(ctx, s.config, scanBlock, `SELECT `+blockColumns+` FROM blocks WHERE id = ? AND account = ?`, id[:], string(account))
}

// OpenBlocks implements store.Blocks.
func (s *Store) OpenBlocks(ctx context.Context) ([]store.Block, error) {
	return all(ctx, s.config, scanBlock, openBlocksQuery)
}

const openBlocksQuery = `SELECT ` + blockColumns + ` FROM blocks INDEXED BY blocks_open WHERE state IN ('pending_approval', 'active')`

const listBlocks listKind = 'B'

// ListBlocks implements store.Blocks.
func (s *Store) ListBlocks(ctx context.Context, f store.BlockFilter, p store.Page) ([]store.Block, string, error) {
	after := noneBefore()
	if p.After != "" {
		if err := decodeCursor(listBlocks, p.After, &after); err != nil {
			return nil, "", err
		}
	}
	query, args := blocksQuery(&f, after)
	return page(ctx, s.config, scanBlock, p, func(b *store.Block) string { return encodeCursor(listBlocks, b.ID[:]) }, query, args...)
}

// noneBefore is above all ids.
func noneBefore() []byte { return bytes.Repeat([]byte{0xff}, len(event.ID{})) }

// placementIntegrations are the integrations with placements of an account, each found by one step in the index.
const placementIntegrations = `WITH RECURSIVE found(integration) AS (
	SELECT min(integration) FROM block_placements WHERE account = ?1
	UNION ALL SELECT (SELECT min(p.integration) FROM block_placements p WHERE p.account = ?1 AND p.integration > f.integration)
	FROM found f WHERE f.integration IS NOT NULL) `

const noID = `x'00000000000000000000000000000000'`

// blocksQuery lists blocks by id, the newest first, from after on. The index is named: which one serves is known here, and
// SQLite without statistics would guess.
func blocksQuery(f *store.BlockFilter, after []byte) (query string, args []any) {
	w := new(where)
	index, with := "blocks_list", ""
	w.and(`account = ?1`, string(f.Account))
	if len(f.IDs) == 0 {
		w.and(`id < ?`, after)
	} else { // the ids are what is looked up
		w.and(`+id < ?`, after)
	}
	if len(f.IDs) > 0 {
		w.and(`id IN (`+placeholders(len(f.IDs))+`)`, argsOf(f.IDs, func(v event.ID) any { return v[:] })...)
	}
	if len(f.States) > 0 {
		w.and(`state IN (`+placeholders(len(f.States))+`)`, argsOf(f.States, func(v store.BlockState) any { return string(v) })...)
	}
	if len(f.States) == 1 {
		index = "blocks_state"
	}
	if !f.Rule.IsZero() {
		w.and(`rule = ? AND rule <> `+noID, f.Rule[:])
		index = "blocks_rule"
	}
	if f.Incident > 0 {
		w.and(`incident = ? AND incident > 0`, f.Incident)
		index = "blocks_incident"
	}
	if !f.Alert.IsZero() {
		w.and(`alert = ? AND alert <> `+noID, f.Alert[:])
		index = "blocks_alert"
	}
	if f.Target.IsValid() {
		w.overlaps(f.Target)
	}
	if !f.Since.IsZero() {
		w.and(`created_at >= ?`, micros(f.Since))
	}
	if f.By != "" {
		w.and(`instr(askers, ?) > 0`, askersText([]string{f.By}))
	}
	if f.Search != "" {
		w.and(`(instr(target, lower(?)) > 0 OR instr(lower(reason), lower(?)) > 0)`, f.Search, f.Search)
	}
	switch {
	case f.Placement != "" && f.Integration.IsZero():
		with = placementIntegrations
		w.and(`+id IN (SELECT p.block FROM found f CROSS JOIN block_placements p INDEXED BY block_placements_state
			WHERE p.account = ?1 AND p.integration = f.integration AND p.state = ?)`, string(f.Placement))
	case f.Placement != "":
		w.and(`+id IN (SELECT p.block FROM block_placements p INDEXED BY block_placements_state
			WHERE p.account = ?1 AND p.integration = ? AND p.state = ?)`, f.Integration[:], string(f.Placement))
	case !f.Integration.IsZero():
		w.and(`EXISTS (SELECT 1 FROM block_placements p WHERE p.block = blocks.id AND p.integration = ?)`, f.Integration[:])
	}
	return with + `SELECT ` + blockColumns + ` FROM blocks INDEXED BY ` + index + w.String() + ` ORDER BY id DESC`, w.args
}

// overlaps wants rows whose range has an address in common with p. Ranges of two families have none, although the bytes of
// IPv4 addresses are within those of IPv6.
func (w *where) overlaps(p netip.Prefix) {
	first, last := ends(p.Masked())
	w.and(`first_address <= ? AND last_address >= ?`, last, first)
	if family := `first_address BETWEEN ? AND ?`; p.Addr().Unmap().Is4() {
		w.and(family, firstIPv4, lastIPv4)
	} else {
		w.and(`NOT (`+family+`)`, firstIPv4, lastIPv4)
	}
}

// askersText holds ids in a way in which one of them is found by itself.
func askersText(ids []string) string {
	if len(ids) == 0 {
		return ""
	}
	return "\n" + strings.Join(ids, "\n\n") + "\n"
}

// CountBlocks implements store.Blocks.
func (s *Store) CountBlocks(ctx context.Context, account event.Account) (store.BlockCounts, error) {
	c := store.BlockCounts{Blocks: map[store.BlockState]int{}, Placements: map[event.ID]map[store.PlacementState]int{}}
	type count struct {
		integration event.ID
		state       string
		n           int
	}
	list, err := all(ctx, s.config, func(r row, v *count) error { return r.Scan(textCol[string]{&v.state}, &v.n) }, countBlocksQuery, string(account))
	if err != nil {
		return c, err
	}
	for _, v := range list {
		c.Blocks[store.BlockState(v.state)] = v.n
	}
	list, err = all(ctx, s.config, func(r row, v *count) error { return r.Scan(idCol{&v.integration}, textCol[string]{&v.state}, &v.n) },
		countPlacementsQuery, string(account))
	for _, v := range list {
		if c.Placements[v.integration] == nil {
			c.Placements[v.integration] = map[store.PlacementState]int{}
		}
		c.Placements[v.integration][store.PlacementState(v.state)] = v.n
	}
	return c, err
}

const (
	countBlocksQuery     = `SELECT state, count(*) FROM blocks INDEXED BY blocks_state WHERE account = ? GROUP BY state`
	countPlacementsQuery = `SELECT integration, state, count(*) FROM block_placements INDEXED BY block_placements_state WHERE account = ?
		GROUP BY integration, state`
)

// ActivatedBlocks implements store.Blocks.
func (s *Store) ActivatedBlocks(ctx context.Context, account event.Account, since time.Time, limit int) ([]time.Time, error) {
	list, err := all(ctx, s.config, func(r row, v *time.Time) error { return r.Scan(timeCol{v}) },
		activatedBlocksQuery, string(account), micros(since), max(limit, 0))
	slices.Reverse(list)
	return list, err
}

const activatedBlocksQuery = `SELECT active_at FROM blocks WHERE account = ? AND active_at > 0 AND active_at >= ? ORDER BY active_at DESC LIMIT ?`

// DueBlocks implements store.Blocks.
func (s *Store) DueBlocks(ctx context.Context, now time.Time, limit int) (due []store.Block, next time.Time, err error) {
	due, err = all(ctx, s.config, scanBlock, dueBlocksQuery, micros(now), max(limit, 0))
	if err != nil {
		return nil, time.Time{}, err
	}
	next, err = get(ctx, s.config, func(r row, v *time.Time) error { return r.Scan(timeCol{v}) }, nextBlockQuery, micros(now))
	return due, next, err
}

const (
	dueBlocksQuery = `SELECT ` + blockColumns + ` FROM blocks INDEXED BY blocks_due WHERE due_at > 0 AND due_at <= ? ORDER BY due_at LIMIT ?`
	nextBlockQuery = `SELECT coalesce(min(due_at), 0) FROM blocks INDEXED BY blocks_due WHERE due_at > 0 AND due_at > ?`
)

// BlockPlacements implements store.Blocks.
func (s *Store) BlockPlacements(ctx context.Context, account event.Account, blocks []event.ID) ([]store.Placement, error) {
	var list []store.Placement
	err := readAtOnce(ctx, s.config, func(tx *sql.Tx) (err error) {
		list, err = placementsOf(ctx, tx, account, sortedIDs(blocks))
		return err
	})
	return list, err
}

// sortedIDs are ids in their order, each once.
func sortedIDs(ids []event.ID) []event.ID {
	list := slices.Clone(ids)
	slices.SortFunc(list, func(a, b event.ID) int { return bytes.Compare(a[:], b[:]) })
	return slices.Compact(list)
}

// placementsOf gives the placements of blocks, whose ids are in order.
func placementsOf(ctx context.Context, tx *sql.Tx, account event.Account, blocks []event.ID) (list []store.Placement, err error) {
	for part := range slices.Chunk(blocks, keysAtOnce) {
		args := append(argsOf(part, func(id event.ID) any { return id[:] }), string(account))
		rows, err := queryAll(ctx, tx, scanPlacement, `SELECT `+placementColumns+` FROM block_placements WHERE block IN (`+
			placeholders(len(part))+`) AND +account = ? ORDER BY block, integration`, args...)
		if err != nil {
			return nil, err
		}
		list = append(list, rows...)
	}
	return list, nil
}

// readAtOnce has fn read several things as of one moment.
func readAtOnce(ctx context.Context, f *file, fn func(tx *sql.Tx) error) error {
	tx, err := f.readers.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return f.failed("beginning to read", err)
	}
	defer func() { _ = tx.Rollback() }() // there is nothing to keep
	if err := fn(tx); err != nil {
		return f.failed("reading", err)
	}
	return nil
}

// BlockSteps implements store.Blocks.
func (s *Store) BlockSteps(ctx context.Context, account event.Account, block event.ID) ([]store.BlockStep, error) {
	scan := func(r row, v *store.BlockStep) error {
		return r.Scan(idCol{&v.ID}, textCol[event.Account]{&v.Account}, idCol{&v.Block}, idCol{&v.Integration}, timeCol{&v.At},
			textCol[string]{&v.State}, textCol[string]{&v.Cause}, textCol[string]{&v.By})
	}
	return all(ctx, s.config, scan, blockStepsQuery, block[:], string(account))
}

const blockStepsQuery = `SELECT id, account, block, integration, at, state, cause, done_by FROM block_steps WHERE block = ? AND account = ? ORDER BY id`

// actorText is an actor as JSON.
func actorText(a store.BlockActor) (string, error) {
	text, err := json.Marshal(a)
	return string(text), err
}
