package harness

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Build compiles the hub with the given build tags (and the race detector, if wanted) and gives the binary's path.
func Build(ctx context.Context, dir, tags string, race bool) (string, error) {
	return build(ctx, dir, race, "-tags", tags)
}

// BuildFaulty compiles the hub with failpoints and with a clock that can be set wrong. clock is false if this version of
// Go does not look as the overlay expects; then the clock is right.
func BuildFaulty(ctx context.Context, dir string, race bool) (bin string, clock bool, err error) {
	overlay, err := clockOverlay(ctx, dir)
	if errors.Is(err, errOtherGo) {
		bin, err = build(ctx, dir, race, "-tags", "failpoint")
		return bin, false, err
	}
	if err != nil {
		return "", false, err
	}
	bin, err = build(ctx, dir, race, "-overlay", overlay, "-tags", "failpoint,failpointclock")
	return bin, true, err
}

func build(ctx context.Context, dir string, race bool, flags ...string) (string, error) {
	bin := filepath.Join(dir, "tocsin")
	args := append([]string{"build", "-o", bin}, flags...)
	if race {
		args = append(args, "-race")
	} else {
		args = append(args, "-trimpath") // as make build does: what is compiled once serves both
	}
	cmd := exec.CommandContext(ctx, "go", append(args, "github.com/tocsin-hub/tocsin/cmd/tocsin")...)
	if !race {
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the hub: %w\n%s", err, out)
	}
	return bin, nil
}

var errOtherGo = errors.New("time.Now does not look as expected")

// How time.Now begins, and what it is given in addition: the wall clock is shifted, the monotonic one is not.
var (
	nowBegins = []byte("func Now() Time {\n\tsec, nsec, mono := runtimeNow()\n")
	nowShifts = []byte("\tsec, nsec = shiftedWall(sec, nsec)\n")
)

// shifter is added to package time.
const shifter = `package time

import "sync/atomic"

var wallShift atomic.Int64

// ShiftWall makes the wall clock wrong by d.
func ShiftWall(d Duration) { wallShift.Store(int64(d)) }

func shiftedWall(sec int64, nsec int32) (int64, int32) {
	n := int64(nsec) + wallShift.Load()
	sec += n / 1e9
	if n %= 1e9; n < 0 {
		sec, n = sec-1, n+1e9
	}
	return sec, int32(n)
}
`

// clockOverlay writes an overlay for go build that lets package time's wall clock be shifted.
func clockOverlay(ctx context.Context, dir string) (string, error) {
	root, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return "", fmt.Errorf("asking for GOROOT: %w", err)
	}
	src := filepath.Join(string(bytes.TrimSpace(root)), "src", "time")
	original, err := os.ReadFile(filepath.Join(src, "time.go"))
	if err != nil {
		return "", fmt.Errorf("reading package time: %w", err)
	}
	if bytes.Count(original, nowBegins) != 1 {
		return "", errOtherGo
	}
	changed := bytes.Replace(original, nowBegins, append(bytes.Clone(nowBegins), nowShifts...), 1)
	files := map[string]string{}
	for name, text := range map[string][]byte{"time.go": changed, "shift_wall.go": []byte(shifter)} {
		to := filepath.Join(dir, "overlay-"+name)
		if err := os.WriteFile(to, text, 0o600); err != nil {
			return "", fmt.Errorf("writing the overlay: %w", err)
		}
		files[filepath.Join(src, name)] = to
	}
	mapping, err := json.Marshal(map[string]any{"Replace": files})
	if err != nil {
		return "", fmt.Errorf("writing the overlay: %w", err)
	}
	to := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(to, mapping, 0o600); err != nil {
		return "", fmt.Errorf("writing the overlay: %w", err)
	}
	return to, nil
}
