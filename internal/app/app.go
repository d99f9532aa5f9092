// Package app wires the rooms together and runs the hub. It alone knows everyone.
package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	stdlog "log"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/tocsin-hub/tocsin/internal/config"
	"github.com/tocsin-hub/tocsin/internal/form"
)

// Info is what a caller learns once the hub is ready.
type Info struct {
	// URL is where the hub answers.
	URL string
	// AdminKey is the admin key that this start made; empty when there was one already. It cannot be shown again.
	AdminKey form.Secret
	// OwnerLink lets whoever opens it become the first owner; empty when there is one. It is valid once, for a day.
	OwnerLink form.Secret
	DataDir   string
}

func (h *hub) info(url string) Info {
	i := Info{URL: url, AdminKey: h.madeKey, DataDir: h.cfg.DataDir}
	if !h.owner.Token.IsZero() {
		base := cmp.Or(h.cfg.PublicURL, url)
		i.OwnerLink = form.NewSecret(base + "/setup#token=" + h.owner.Token.Reveal())
	}
	return i
}

// Run opens the data directory, serves until ctx is done, and then finishes what is in flight within the shutdown
// timeout. ready is called once, when the hub serves. A second process on the same data directory is refused. If the
// journal fails, Run stops acknowledging and returns the reason.
func Run(ctx context.Context, cfg config.Config, log *slog.Logger, ready func(Info)) (err error) {
	// net/http writes bytes of strange answers to the standard logger, and a vendor's answer may echo a secret.
	stdlog.SetOutput(io.Discard)
	tuneMemory()
	dir, err := openDataDir(cfg.DataDir)
	if err != nil {
		return err
	}
	defer dir.close()
	h, err := open(ctx, cfg, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", cfg.Listen)
	if err != nil {
		return fmt.Errorf("listening on %s: %w", cfg.Listen, err)
	}
	srv, err := newServer(cfg, h, log)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	if err := h.start(ctx); err != nil {
		return errors.Join(err, listener.Close())
	}
	return serve(ctx, cfg, h, srv, listener, log, ready)
}

// serve runs until ctx is done or something fails for good.
func serve(ctx context.Context, cfg config.Config, h *hub, srv *server, listener net.Listener, log *slog.Logger, ready func(Info)) error {
	failed := make(chan error, 1)
	go func() { failed <- srv.serve(listener) }()
	syslogFailed := make(chan error, 1)
	var loops sync.WaitGroup
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	loops.Go(func() { h.ingest.Run(background) })
	loops.Go(func() { h.trimLoop(background) })
	loops.Go(func() { h.scrubLoop(background) })
	loops.Go(func() { h.announce.Run(background) })
	loops.Go(func() { h.trust.audit.Run(background) })
	loops.Go(func() { h.trust.plans.Run(background) })
	loops.Go(func() { h.trust.users.Run(background) })
	loops.Go(func() { h.mapping.Run(background) })
	loops.Go(func() { h.digests.Run(background) })
	loops.Go(func() { h.alerts.Run(background) })
	loops.Go(func() { h.silences.Run(background) })
	loops.Go(func() { h.integrations.RotationLoop(background) })
	loops.Go(func() { h.integrations.ReferenceLoop(background) })
	loops.Go(func() { h.integrations.MemoryLoop(background) })
	loops.Go(func() { h.callbacks.Run(background) })
	loops.Go(func() { h.respond.Run(background) })
	loops.Go(func() { h.reconcile.Run(background) })
	loops.Go(func() { h.rules.Run(background) })
	loops.Go(func() { h.pulse.Run(background) })
	var listeners sync.WaitGroup
	h.startSyslog(&listeners, syslogFailed)
	loops.Go(func() { h.sources.Run(background) })
	h.serving.Store(true)
	ready(h.info(srv.url(listener)))

	var cause error
	select {
	case <-ctx.Done():
		log.Info("stopping: finishing what is in flight", slog.Duration("timeout", cfg.Timeouts.Shutdown))
	case err := <-failed:
		cause = fmt.Errorf("serving HTTP: %w", err)
	case cause = <-syslogFailed:
	case <-h.journal.Failed():
		cause = fmt.Errorf("the journal failed, nothing is acknowledged any more: %w", h.journal.Err())
	}
	h.serving.Store(false)
	deadline, cancel := context.WithTimeout(context.WithoutCancel(ctx), cfg.Timeouts.Shutdown)
	defer cancel()
	h.stopSyslog(deadline)
	err := srv.shutdown(deadline)
	listeners.Wait()
	err = errors.Join(err, h.callbacks.Stop(deadline))
	err = errors.Join(err, h.deliver.Stop(deadline))
	stop()
	loops.Wait()
	return errors.Join(cause, err)
}

// trimEvery is how often the journal is looked at for what may go.
const trimEvery = 30 * time.Second

// trimLoop lets old frames go, after what lanes have not read of them has been counted as expired.
func (h *hub) trimLoop(ctx context.Context) {
	ticker := time.NewTicker(trimEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			if err := h.journal.Trim(ctx, h.sweep); err != nil && ctx.Err() == nil {
				h.log.Error("trimming the journal failed", slog.Any("error", err))
			}
		}
	}
}

// Reading the whole journal now and then finds damage in what nobody has read for long, while the sender may still have
// it. It is slow on purpose.
const (
	scrubEvery          = 24 * time.Hour
	scrubBytesPerSecond = 16 << 20
)

// scrubLoop verifies the journal after the start and once a day. The journal reports what it finds.
func (h *hub) scrubLoop(ctx context.Context) {
	ticker := time.NewTicker(scrubEvery)
	defer ticker.Stop()
	for {
		checked, damaged, err := h.journal.Verify(ctx, scrubBytesPerSecond)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			h.log.Error("verifying the journal failed", slog.Any("error", err))
		default:
			h.log.Info("the journal was verified", slog.Int("frames", checked), slog.Int("damaged", damaged))
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}
