package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

const (
	// maxBody bounds what a receiver reads (16 MiB).
	maxBody = 16 << 20
	// headerTimeout and stopTimeout keep a receiver from waiting for ever.
	headerTimeout = 5 * time.Second
	stopTimeout   = 2 * time.Second
)

// listenConfig has no timeout of its own: binding a port does not wait.
var listenConfig net.ListenConfig

// Receiver is a local HTTP server that deliveries go to.
type Receiver struct {
	arrivals
	listener net.Listener
	server   *http.Server
	now      func() time.Time
}

// start listens on 127.0.0.1, on the port if it is free, else on any.
func (r *Receiver) start(port int, handler http.Handler) error {
	listener, err := listenConfig.Listen(context.Background(), "tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		listener, err = listenConfig.Listen(context.Background(), "tcp", "127.0.0.1:0")
	}
	if err != nil {
		return fmt.Errorf("starting a local receiver: %w", err)
	}
	r.listener = listener
	r.server = &http.Server{Handler: handler, ReadHeaderTimeout: headerTimeout}
	go func() {
		if err := r.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			r.fault("the receiver stopped: " + err.Error())
		}
	}()
	return nil
}

// URL is where the receiver listens.
func (r *Receiver) URL() string { return "http://" + r.listener.Addr().String() }

// Port is the port the receiver listens on.
func (r *Receiver) Port() int { return r.listener.Addr().(*net.TCPAddr).Port }

// Close stops the receiver.
func (r *Receiver) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	if err := r.server.Shutdown(ctx); err != nil {
		return errors.Join(err, r.server.Close())
	}
	return nil
}

// StartWebhook starts a receiver of signed webhooks: it answers 204 when both signatures are right, and 401 otherwise.
func StartWebhook(port int, secret string) (*Receiver, error) {
	r := &Receiver{now: time.Now}
	return r, r.start(port, r.signed(secret, func(w http.ResponseWriter, _ posted) { w.WriteHeader(http.StatusNoContent) }))
}

// posted is what a receiver reads of an event.
type posted struct {
	ID      string `json:"id"`
	Project string `json:"project"`
}

// signed takes events of which both signatures are right, and lets answer answer.
func (r *Receiver) signed(secret string, answer func(http.ResponseWriter, posted)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, maxBody))
		if err != nil {
			http.Error(w, "the body is too large or incomplete", http.StatusBadRequest)
			return
		}
		if err := verifyBoth(secret, req.Header, body, r.now()); err != nil {
			r.fault(err.Error())
			http.Error(w, err.Error(), http.StatusUnauthorized)
			return
		}
		if req.Method == http.MethodOptions {
			w.WriteHeader(http.StatusNoContent) // how the hub tries the way there, without an event
			return
		}
		var event posted
		if err := json.Unmarshal(body, &event); err != nil || event.ID == "" {
			r.fault("a signed body without an event id")
			http.Error(w, "no event id", http.StatusBadRequest)
			return
		}
		r.got(event.ID, r.now())
		answer(w, event)
	})
}
