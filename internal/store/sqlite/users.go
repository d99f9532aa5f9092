package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

const listUsers listKind = 'u'

const userColumns = `id, account, email, name, role, password, disabled, totp, totp_step, recovery, totp_next, version,
	created_at, updated_at, last_login_at, password_changed_at, deleted_at`

func scanUser(r row, u *store.User) error {
	return r.Scan(idCol{&u.ID}, textCol[event.Account]{&u.Account}, textCol[string]{&u.Email}, textCol[string]{&u.Name},
		&u.Role, &u.Password, &u.Disabled, bytesCol[[]byte]{&u.TOTP}, &u.TOTPStep, hashesCol{&u.Recovery},
		bytesCol[[]byte]{&u.TOTPNext}, &u.Version, timeCol{&u.CreatedAt}, timeCol{&u.UpdatedAt}, timeCol{&u.LastLoginAt},
		timeCol{&u.PasswordChangedAt}, timeCol{&u.DeletedAt})
}

// hashesCol scans hashes that stand one behind the other.
type hashesCol struct{ to *[][32]byte }

func (c hashesCol) Scan(src any) error {
	b, ok := src.([]byte)
	if src != nil && !ok || len(b)%32 != 0 {
		return fmt.Errorf("the column holds %T of another length than hashes", src)
	}
	*c.to = nil
	for ; len(b) > 0; b = b[32:] {
		*c.to = append(*c.to, [32]byte(b))
	}
	return nil
}

func hashesBlob(list [][32]byte) []byte {
	out := make([]byte, 0, 32*len(list))
	for _, h := range list {
		out = append(out, h[:]...)
	}
	return out
}

// CreateUser implements store.Users.
func (s *Store) CreateUser(ctx context.Context, u store.User) error {
	return s.config.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO users (`+userColumns+`) VALUES (`+placeholders(17)+`)`,
			u.ID[:], string(u.Account), u.Email, u.Name, u.Role, u.Password, flag(u.Disabled), blob(u.TOTP), u.TOTPStep,
			hashesBlob(u.Recovery), blob(u.TOTPNext), 1, micros(u.CreatedAt), micros(u.UpdatedAt), micros(u.LastLoginAt),
			micros(u.PasswordChangedAt), micros(u.DeletedAt))
		if err != nil {
			return err
		}
		return doWith(ctx, tx, &u)
	})
}

// UpdateUser implements store.Users. The time of creation stays as it is.
func (s *Store) UpdateUser(ctx context.Context, u store.User) error {
	return s.config.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE users SET email = ?, name = ?, role = ?, password = ?, disabled = ?, totp = ?,
			totp_step = ?, recovery = ?, totp_next = ?, version = version + 1, updated_at = ?, last_login_at = ?,
			password_changed_at = ?, deleted_at = ? WHERE id = ? AND account = ? AND version = ?`,
			u.Email, u.Name, u.Role, u.Password, flag(u.Disabled), blob(u.TOTP), u.TOTPStep, hashesBlob(u.Recovery),
			blob(u.TOTPNext), micros(u.UpdatedAt), micros(u.LastLoginAt), micros(u.PasswordChangedAt), micros(u.DeletedAt),
			u.ID[:], string(u.Account), u.Version)
		if err != nil {
			return err
		}
		err = missed(ctx, tx, res, `SELECT count(*) FROM users WHERE id = ? AND account = ?`, u.ID[:], string(u.Account))
		if err != nil {
			return err
		}
		return doWith(ctx, tx, &u)
	})
}

// doWith does what a user's row is stored with.
func doWith(ctx context.Context, tx *sql.Tx, u *store.User) error {
	w, at := &u.With, micros(u.UpdatedAt)
	if w.KeepOwner {
		if n, err := countOwners(ctx, tx, u.Account); err != nil || n == 0 {
			return lastOwner(err)
		}
	}
	if w.UseLink != nil {
		if err := useLink(ctx, tx, *w.UseLink, at); err != nil {
			return err
		}
	}
	if w.EndLinks {
		if err := endLinks(ctx, tx, u.Account, u.ID); err != nil {
			return err
		}
	}
	if w.NewLink != nil {
		if err := insertLink(ctx, tx, w.NewLink); err != nil {
			return err
		}
	}
	if w.EndSessions {
		if _, err := revokeSessions(ctx, tx, u.Account, u.ID, w.KeepSession, at); err != nil {
			return err
		}
	}
	if w.NewSession != nil {
		return insertSession(ctx, tx, w.NewSession, at)
	}
	return nil
}

func lastOwner(err error) error {
	if err != nil {
		return err
	}
	return store.ErrLastOwner
}

// GetUser implements store.Users.
func (s *Store) GetUser(ctx context.Context, account event.Account, id event.ID) (store.User, error) {
	return get(ctx, s.config, scanUser, `SELECT `+userColumns+` FROM users WHERE id = ? AND account = ?`, id[:], string(account))
}

// UserByEmail implements store.Users.
func (s *Store) UserByEmail(ctx context.Context, account event.Account, email string) (store.User, error) {
	return get(ctx, s.config, scanUser, userByEmailQuery, string(account), email)
}

const userByEmailQuery = `SELECT ` + userColumns + ` FROM users WHERE account = ? AND email = ? AND deleted_at = 0`

// ListUsers implements store.Users.
func (s *Store) ListUsers(ctx context.Context, account event.Account, search string, p store.Page) ([]store.User, string, error) {
	w := new(where)
	w.and(`account = ? AND deleted_at = 0`, string(account))
	if search != "" { // SQLite folds the case of ASCII only
		low := strings.ToLower(search)
		w.and(`(instr(email, ?) > 0 OR instr(lower(name), ?) > 0 OR instr(name, ?) > 0)`, low, low, search)
	}
	if p.After != "" {
		var email []byte
		if err := decodeCursor(listUsers, p.After, &email); err != nil {
			return nil, "", err
		}
		w.and(`email > ?`, string(email))
	}
	return page(ctx, s.config, scanUser, p, func(u *store.User) string { return encodeCursor(listUsers, []byte(u.Email)) },
		`SELECT `+userColumns+` FROM users`+w.String()+` ORDER BY email`, w.args...)
}

// SealedUsers implements store.Users.
func (s *Store) SealedUsers(ctx context.Context, after event.ID, limit int) ([]store.User, error) {
	return all(ctx, s.config, scanUser, sealedUsersQuery, after[:], min(max(limit, 1), store.MaxPage))
}

const sealedUsersQuery = `SELECT ` + userColumns + ` FROM users
	WHERE (totp <> x'' OR totp_next <> x'') AND id > ? ORDER BY id LIMIT ?`

// CountOwners implements store.Users.
func (s *Store) CountOwners(ctx context.Context, account event.Account) (int, error) {
	n, err := countOwners(ctx, s.config.readers, account)
	if err != nil {
		return 0, s.config.failed("reading", err)
	}
	return n, nil
}

func countOwners(ctx context.Context, q interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}, account event.Account) (n int, err error) {
	err = q.QueryRowContext(ctx, `SELECT count(*) FROM users WHERE account = ? AND deleted_at = 0 AND role = 'owner'
		AND disabled = 0 AND password <> ''`, string(account)).Scan(&n)
	return n, err
}
