package failpoint

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text    string
		entries int
		wrong   string
	}{
		{"", 0, ""},
		{" ; ", 0, ""},
		{"journal-trim=kill", 1, ""},
		{"respond-changed=kill@2", 1, ""},
		{"journal-trim=kill@3;ingest-decoded=sleep:200ms@0.5", 2, ""},
		{"nowhere=kill", 0, "names no failpoint"},
		{"journal-trim", 0, "names no failpoint"},
		{"journal-trim=explode", 0, "neither kill nor"},
		{"journal-trim=sleep:soon", 0, "not a duration"},
		{"journal-trim=sleep:-1s", 0, "not a duration"},
		{"journal-trim=kill@0", 0, "whole number"},
		{"journal-trim=kill@1.5", 0, "whole number"},
		{"journal-trim=kill@NaN", 0, "whole number"},
		{"disk-sync=error:EIO@7;disk-write=error:ENOSPC@0.1", 2, ""},
		{"journal-trim=error:EIO", 0, "only the disk"},
		{"disk-sync=error:EPERM", 0, "error of the disk"},
	} {
		p, err := parse(c.text)
		switch {
		case c.wrong == "" && (err != nil || len(p) != c.entries):
			t.Errorf("%q: %d entries, %v", c.text, len(p), err)
		case c.wrong != "" && (err == nil || !strings.Contains(err.Error(), c.wrong)):
			t.Errorf("%q: %v, want an error with %q", c.text, err, c.wrong)
		}
	}
}

func TestHit(t *testing.T) {
	t.Parallel()
	count := func(text string, hits int) (kills int) {
		p, err := parse(text)
		if err != nil {
			t.Fatal(err)
		}
		for range hits {
			if err := p.hit(TailRouted, func() { kills++ }); err != nil {
				t.Error(err)
			}
			if err := p.hit(JournalTrim, func() { kills += 1000 }); err != nil {
				t.Error(err)
			}
		}
		return kills
	}
	if n := count("tail-routed=kill", 10); n != 10 {
		t.Errorf("at every hit: %d of 10", n)
	}
	if n := count("tail-routed=kill@3", 10); n != 1 {
		t.Errorf("at the third hit: %d", n)
	}
	if n := count("tail-routed=kill@3", 2); n != 0 {
		t.Errorf("before the third hit: %d", n)
	}
	if n := count("tail-routed=kill@0.5", 1000); n < 350 || n > 650 {
		t.Errorf("every other hit: %d of 1000", n)
	}
	disk, err := parse("disk-sync=error:EIO@2")
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []error{nil, syscall.EIO, nil} {
		if err := disk.hit(DiskSync, nil); !errors.Is(err, want) {
			t.Errorf("hit %d of the disk: %v, want %v", i+1, err, want)
		}
	}
	began := time.Now()
	if n := count("tail-routed=sleep:20ms@1", 3); n != 0 || time.Since(began) < 20*time.Millisecond {
		t.Errorf("sleeping killed %d or took %v", n, time.Since(began))
	}
}

// TestKill builds a program with the tag and sees it die of SIGKILL at the third hit, and not without the tag.
func TestKill(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("builds a program; left out with -short")
	}
	// The program has to be in this module, but nothing has to be written there.
	const program = `package main
import ("fmt"; "github.com/tocsin-hub/tocsin/internal/failpoint")
func main() { for i := range 5 { failpoint.Hit("tail-routed"); fmt.Print(i) } }`
	dir := t.TempDir()
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	source, overlay := filepath.Join(dir, "main.go"), filepath.Join(dir, "overlay.json")
	mapping, err := json.Marshal(map[string]any{"Replace": map[string]string{filepath.Join(here, "prog", "main.go"): source}})
	if err != nil {
		t.Fatal(err)
	}
	for file, text := range map[string]string{source: program, overlay: string(mapping)} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ tags, env, output, end string }{
		{"", "tail-routed=kill@3", "01234", ""},
		{"failpoint", "", "01234", ""},
		{"failpoint", "tail-routed=kill@3", "01", "signal: killed"},
		{"failpoint", "nonsense", "", "exit status 2"},
	} {
		bin := filepath.Join(dir, "prog")
		build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-overlay", overlay, "-tags", c.tags, "-o", bin, "./prog")
		build.Env = append(os.Environ(), "CGO_ENABLED=0") // as make build does: what it has compiled need not be compiled again
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("building: %v\n%s", err, out)
		}
		cmd := exec.CommandContext(t.Context(), bin)
		cmd.Env = append(os.Environ(), Env+"="+c.env)
		out, err := cmd.Output()
		end := ""
		if err != nil {
			end = err.Error()
		}
		if string(out) != c.output || end != c.end {
			t.Errorf("tags %q, %q: printed %q and ended with %q, want %q and %q", c.tags, c.env, out, end, c.output, c.end)
		}
	}
}
