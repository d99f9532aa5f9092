package app

import (
	"context"
	"fmt"
	"net/http"
	"os"
)

// fileStamp changes when the file does.
func fileStamp(path string) string {
	info, err := os.Stat(path)
	if err != nil {
		return ""
	}
	return fmt.Sprint(info.ModTime().UnixNano(), info.Size(), ";")
}

// healthz says that the process lives.
func (h *hub) healthz(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte("ok\n"))
}

// readyz says whether the hub takes events and can save what becomes of them.
func (h *hub) readyz(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if err := h.ready(r.Context()); err != nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = fmt.Fprintf(w, "not ready: %v\n", err)
		return
	}
	_, _ = w.Write([]byte("ready\n"))
}

// ready gives the reason why the hub should get no events; nil if it may.
func (h *hub) ready(ctx context.Context) error {
	switch {
	case !h.serving.Load():
		return errStopping
	case h.journal.Err() != nil:
		return h.journal.Err()
	}
	if err := h.store.Ping(ctx); err != nil {
		return fmt.Errorf("the store cannot be written: %w", err)
	}
	if err := h.trust.audit.Healthy(); err != nil {
		return fmt.Errorf("the audit record cannot be written: %w", err)
	}
	if err := h.deliver.Healthy(); err != nil {
		return fmt.Errorf("marks cannot be saved: %w", err)
	}
	return nil
}

var errStopping = fmt.Errorf("the hub is starting or stopping")
