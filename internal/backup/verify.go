package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/seal"
)

// Verify reads a whole archive and checks every file against the manifest. With a key (the text of a key file; it may
// be zero) it also checks that the archive was made by the hub of that key and not changed since. Errors: see those of
// the package.
func Verify(ctx context.Context, r io.Reader, key form.Secret, progress func(done, total int64)) (Manifest, error) {
	check := checking{key: key}
	m, err := scan(ctx, r, &check, progress)
	if err != nil {
		return m, err
	}
	if check.sealer != nil {
		err = m.checkProof(check.sealer)
	}
	return m, err
}

// checking is a sink that keeps nothing.
type checking struct {
	key    form.Secret
	sealer *seal.Sealer
}

func (c *checking) begin(about Manifest) (err error) {
	if !c.key.IsZero() {
		c.sealer, err = about.openKey(c.key)
	}
	return err
}

func (c *checking) create(string, int64) (io.WriteCloser, error) { return nowhere{}, nil }

type nowhere struct{}

func (nowhere) Write(p []byte) (int, error) { return len(p), nil }
func (nowhere) Close() error                { return nil }

// openKey makes a sealer of a key file's text, and refuses one that does not hold the archive's current key.
func (m Manifest) openKey(text form.Secret) (_ *seal.Sealer, err error) {
	// The keys are looked for in a folder, too: in one that is empty, so that nothing but the text counts.
	empty, err := os.MkdirTemp("", "tocsin-key-")
	if err != nil {
		return nil, fmt.Errorf("opening the key: %w", err)
	}
	defer func() { err = errors.Join(err, os.Remove(empty)) }()
	s, err := seal.Open(empty, seal.Options{Key: text, Existing: true})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKey, err)
	}
	if have := ids(s); len(m.Keys) > 0 && !slices.Contains(have, m.Keys[0]) {
		return nil, fmt.Errorf("%w: the archive's secrets are sealed with the key %s, and the one that was given is %s",
			ErrKey, m.Keys[0], strings.Join(have, ", "))
	}
	return s, nil
}

func ids(s *seal.Sealer) (list []string) {
	for _, k := range s.Keys() {
		list = append(list, k.ID)
	}
	return list
}

// checkProof checks with the key that the manifest is the one that the hub sealed.
func (m Manifest) checkProof(s *seal.Sealer) error {
	if len(m.Proof) == 0 && len(m.Keys) == 0 {
		return nil // of a hub that sealed nothing
	}
	digest, err := m.digest()
	if err != nil {
		return err
	}
	sealed, err := s.Unseal(m.Proof, proofPlace)
	if err != nil {
		return fmt.Errorf("%w: its manifest was not sealed by this key: %w", ErrDamaged, err)
	}
	if sealed.Reveal() != digest {
		return fmt.Errorf("%w: its manifest is not the one that was sealed", ErrDamaged)
	}
	return nil
}
