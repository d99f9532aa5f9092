package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/audit"
	"github.com/tocsin-hub/tocsin/internal/connectors"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/identity/user"
	"github.com/tocsin-hub/tocsin/internal/integration"
	"github.com/tocsin-hub/tocsin/internal/seal"
	"github.com/tocsin-hub/tocsin/internal/source"
	"github.com/tocsin-hub/tocsin/internal/store"
	"github.com/tocsin-hub/tocsin/internal/store/sqlite"
)

// offlineSecrets works on the files of a data directory that no hub uses.
type offlineSecrets struct {
	secrets integration.Secrets
	closers []func() error
}

func openOfflineSecrets(ctx context.Context, p *Process, dir string) (_ *offlineSecrets, err error) {
	s := &offlineSecrets{}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	// Opening would make the files: a mistyped directory must not become an empty hub.
	if _, err := os.Stat(filepath.Join(dir, sqlite.ConfigFile)); errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%s holds no hub's data (no %s): give the directory that tocsin serve was started with", dir, sqlite.ConfigFile)
	}
	// A hub that runs holds the key in memory: it would go on sealing with the one that is about to be given up.
	if err := s.lock(dir); err != nil {
		return nil, err
	}
	sealer, err := seal.Open(dir, seal.Options{Existing: true}.FromEnviron(p.getenv))
	if err != nil {
		return nil, fmt.Errorf("opening the key of the secrets: %w", err)
	}
	rows, err := sqlite.Open(ctx, dir, sqlite.Options{})
	if err != nil {
		return nil, fmt.Errorf("opening the data directory: %w", err)
	}
	s.closers = append(s.closers, rows.Close)
	record, err := audit.New(ctx, audit.Deps{Store: rows})
	if err != nil {
		return nil, err
	}
	s.closers = append(s.closers, record.Close)
	s.secrets = integration.Secrets{
		Sealer: sealer, Recorder: record, Others: []seal.Resealer{
			user.New(user.Deps{Store: rows, Sealer: sealer}), source.New(source.Deps{Store: rows, Sealer: sealer}),
		},
		Integrations: integration.New(integration.Deps{
			Store: rows, Catalogue: connectors.All(), Sealer: sealer, Lanes: noLanes{},
		}),
	}
	return s, nil
}

// lock takes the data directory for this process, as a hub does.
func (s *offlineSecrets) lock(dir string) error {
	f, err := os.OpenFile(filepath.Join(dir, "LOCK"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("locking the data directory: %w", err)
	}
	s.closers = append(s.closers, f.Close)
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return fmt.Errorf("a hub is running on %s: leave --data-dir out to ask it over its API, or stop it first", dir)
	}
	return nil
}

// status leaves out whether references can be used: that depends on the hub's environment, not on this command's.
func (s *offlineSecrets) status(ctx context.Context) (integration.SecretsStatus, error) {
	status, err := s.secrets.Status(ctx)
	for i := range status.References {
		status.References[i].Error = "only the running hub can tell"
	}
	return status, err
}

func (s *offlineSecrets) rotate(ctx context.Context) (integration.RotationResult, error) {
	actor := act.Actor{Kind: act.KindLocal, Name: "tocsin secrets rotate", Account: event.DefaultAccount, Admin: true}
	return s.secrets.Rotate(act.With(ctx, actor))
}

func (s *offlineSecrets) close() error {
	var errs []error
	for i := len(s.closers) - 1; i >= 0; i-- {
		errs = append(errs, s.closers[i]())
	}
	return errors.Join(errs...)
}

// noLanes stands for deliveries where there are none.
type noLanes struct{}

func (noLanes) Apply(context.Context, store.Integration) error           { return nil }
func (noLanes) Remove(context.Context, event.Account, event.ID) error    { return nil }
func (noLanes) Backlog(event.Account, event.ID) (waiting, parked uint64) { return 0, 0 }
