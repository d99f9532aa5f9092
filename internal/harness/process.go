// Package harness drives a hub from outside: it builds and runs the tocsin binary, speaks the contract for automation
// (api.md), and makes the load. harness/torture proves with it that nothing is lost, harness/bench how fast it goes.
package harness

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/tocsin-hub/tocsin/internal/harness/wire"
)

// AdminKey is the key that every hub of the harness is started with.
const AdminKey = "harness-admin-key-0123456789abcdef"

// FreeAddr finds a free address on the loopback interface. Another process might take it before it is used.
func FreeAddr(ctx context.Context) (string, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("looking for a free port: %w", err)
	}
	defer l.Close() //nolint:errcheck // it only held the place
	return l.Addr().String(), nil
}

// Process runs `tocsin serve` on one data directory and address, again and again. Its methods are not for concurrent use.
type Process struct {
	Binary  string
	DataDir string
	Listen  string   // host:port
	Log     string   // file that standard output and error are appended to
	Env     []string // for every start, beside the contract's
	// Prefix is put before the command, such as a shell that sets limits and then becomes the hub.
	Prefix []string

	cmd  *exec.Cmd
	done chan struct{}
	err  error
}

// ErrEnded says that the hub's process ended by itself before it was ready.
var ErrEnded = errors.New("the hub ended before it was ready")

// Start starts the hub with more environment and waits until /readyz answers 200. It gives the time that took.
func (p *Process) Start(ctx context.Context, env ...string) (time.Duration, error) {
	log, err := os.OpenFile(p.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, fmt.Errorf("opening the hub's log: %w", err)
	}
	defer log.Close() //nolint:errcheck // the child has its own descriptor
	words := append(slices.Clone(p.Prefix), p.Binary, "serve", "--data-dir", p.DataDir, "--listen", p.Listen)
	cmd := exec.Command(words[0], words[1:]...) //nolint:noctx // it outlives ctx: only Kill and Stop end it
	cmd.Env = append(append(cleanEnv(), "TOCSIN_ADMIN_KEY="+AdminKey, "TOCSIN_EGRESS_ALLOW=127.0.0.0/8"), p.Env...)
	cmd.Env = append(cmd.Env, env...)
	cmd.Stdout, cmd.Stderr = log, log
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, fmt.Errorf("starting the hub: %w", err)
	}
	p.cmd, p.done = cmd, make(chan struct{})
	go func() {
		p.err = cmd.Wait()
		close(p.done)
	}()
	if err := p.waitReady(ctx); err != nil {
		return 0, err
	}
	return time.Since(began), nil
}

// cleanEnv is the environment without settings of the hub that happen to be in it.
func cleanEnv() []string {
	var env []string
	for _, e := range os.Environ() {
		if !strings.HasPrefix(e, "TOCSIN_") {
			env = append(env, e)
		}
	}
	return env
}

// readyPoll is how often /readyz is asked.
const readyPoll = 2 * time.Millisecond

func (p *Process) waitReady(ctx context.Context) error {
	ticker := time.NewTicker(readyPoll)
	defer ticker.Stop()
	for {
		select {
		case <-p.done:
			return fmt.Errorf("%w: %w", ErrEnded, p.exit())
		case <-ctx.Done():
			return fmt.Errorf("waiting for the hub to be ready: %w", context.Cause(ctx))
		case <-ticker.C:
		}
		if Ready(ctx, p.Listen) {
			return nil
		}
	}
}

// Ready says whether the hub at addr (host:port) is ready.
func Ready(ctx context.Context, addr string) bool {
	request := wire.AppendRequest(nil, "GET", "/readyz", addr, nil, nil)
	c, err := wire.Dial(ctx, addr)
	if err != nil {
		return false
	}
	defer c.Close()
	m, err := c.Do(request, time.Second)
	return err == nil && m.Status() == 200
}

// Addr is where the hub listens, in the form host:port.
func (p *Process) Addr() string { return p.Listen }

// PID is the process's id while it runs.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Done is closed when the process has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Crash says why the process ended if that was neither asked for nor a SIGKILL, with the end of its log. Call it after
// Done is closed.
func (p *Process) Crash() error {
	var exit *exec.ExitError
	if errors.As(p.err, &exit) {
		if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() && status.Signal() == syscall.SIGKILL {
			return nil
		}
	}
	return p.exit()
}

func (p *Process) exit() error {
	err := p.err
	if err == nil {
		err = errors.New("exit status 0")
	}
	return fmt.Errorf("it ended with %w; its last words:\n%s", err, tail(p.Log))
}

// Kill ends the process with SIGKILL and waits for its end.
func (p *Process) Kill() error {
	if p.cmd == nil {
		return nil // it was never started
	}
	if err := p.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("killing the hub: %w", err)
	}
	<-p.done
	return nil
}

// Stop asks the process to stop, as an operator would, and waits for its end.
func (p *Process) Stop(ctx context.Context) error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("stopping the hub: %w", err)
	}
	select {
	case <-p.done:
		if p.err != nil {
			return fmt.Errorf("stopping the hub: %w", p.exit())
		}
		return nil
	case <-ctx.Done():
		return errors.Join(fmt.Errorf("stopping the hub: %w", context.Cause(ctx)), p.Kill())
	}
}

// lastWords is how much of a log is shown, in bytes.
const lastWords = 2 << 10

// tail gives the end of a file, or why it cannot.
func tail(file string) string {
	b, err := os.ReadFile(file)
	if err != nil {
		return err.Error()
	}
	return string(b[max(0, len(b)-lastWords):])
}
