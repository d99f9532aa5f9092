package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/audit"
	"github.com/tocsin-hub/tocsin/internal/store/sqlite"
)

const fakeCheckpoint = "tocsin-audit-checkpoint v1 installation=0102030405060708090a0b0c0d0e0f10 seq=7 hash=" +
	"0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f at=2026-11-21T10:00:00Z"

// serveAudit answers as a hub does.
func serveAudit(w http.ResponseWriter, r *http.Request) {
	switch strings.TrimPrefix(r.URL.Path, auditPath) {
	case "":
		fmt.Fprint(w, `{"items":[{"seq":9,"at":"2026-11-21T09:30:00Z","actor":{"kind":"user","id":"usr_1","name":"dana@example.com","address":"192.0.2.7"},`+
			`"action":"integration.update","target":"int_1","outcome":"failed","error":"no\n\u001b[31mway","after":{"name":"x"}},`+
			`{"seq":8,"at":"2026-11-21T09:29:00Z","actor":{"kind":"system"},"action":"audit.prune","outcome":"ok"}],"next":"p2"}`)
	case "/checkpoint":
		fmt.Fprintf(w, `{"text":%q,"data":{}}`, fakeCheckpoint)
	case "/export":
		if r.URL.Query().Has("since") {
			w.Header().Set("Content-Length", "100")
		}
		fmt.Fprintln(w, `{"format":"tocsin-audit-export"}`)
	}
}

// recorded is a data directory with n acts, and a checkpoint and an export of it.
func recorded(t *testing.T, n int) (dir string, point audit.Checkpoint, export string) {
	t.Helper()
	dir, export = t.TempDir(), filepath.Join(t.TempDir(), "audit.ndjson")
	s, err := sqlite.Open(t.Context(), dir, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	l, err := audit.New(t.Context(), audit.Deps{Store: s, Now: func() time.Time { return time.Date(2026, 11, 21, 9, 30, 0, 0, time.UTC) }})
	if err != nil {
		t.Fatal(err)
	}
	for range n {
		a := act.Act{Account: "acme", Action: "integration.update", Target: "int_1"}
		if err := act.Do(t.Context(), l, a, func(context.Context) error { return nil }); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	if err := errors.Join(l.Export(t.Context(), &out, audit.ExportQuery{Account: "acme"}), l.Close()); err != nil {
		t.Fatal(err)
	}
	if point, err = l.Checkpoint(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.WriteFile(export, out.Bytes(), 0o600), s.Close()); err != nil {
		t.Fatal(err)
	}
	return dir, point, export
}

// tocsin runs a command line.
func tocsin(t *testing.T, stdin io.Reader, args ...string) (code int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	code = Run(t.Context(), &Process{Args: args, Stdin: stdin, Stdout: &o, Stderr: &e})
	return code, o.String(), e.String()
}

func TestAuditVerify(t *testing.T) {
	t.Parallel()
	dir, point, export := recorded(t, 3)
	short, _, _ := recorded(t, 1)
	kept := filepath.Join(t.TempDir(), "kept.txt")
	later := point
	later.Seq += 3
	exported, err := os.ReadFile(export)
	if err != nil {
		t.Fatal(err)
	}
	tampered := filepath.Join(t.TempDir(), "tampered.ndjson")
	torn := filepath.Join(t.TempDir(), "torn.ndjson")
	for name, text := range map[string]string{
		kept:     "kept in the safe\n" + point.String() + "\n",
		tampered: strings.Replace(string(exported), "int_1", "int_2", 1),
		torn:     string(exported[:len(exported)-200]),
	} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	config := filepath.Join(dir, sqlite.ConfigFile)
	for name, c := range map[string]struct {
		args  []string
		stdin string
		code  int
		out   []string
		errs  string
	}{
		"directory":            {[]string{"--data-dir", dir}, "", 0, []string{config + ": sound", "entries      1 to 8, 2026-11-21T09:30:00Z to"}, "No checkpoint was given"},
		"file":                 {[]string{config}, "", 0, []string{": sound"}, "No checkpoint was given"},
		"checkpoint":           {[]string{config, "--checkpoint", point.String()}, "", 0, []string{"checkpoint   of entry 8: confirmed", "end          tocsin-audit-checkpoint v1"}, ""},
		"file of checkpoints":  {[]string{config, "--checkpoint", kept}, "", 0, []string{"of entry 8: confirmed"}, ""},
		"cut off":              {[]string{config, "--checkpoint", later.String()}, "", 1, []string{"NOT SOUND", "wrong        the record ends at entry 8"}, "tampered with or is damaged"},
		"another installation": {[]string{"--data-dir", short, "--checkpoint", point.String()}, "", 1, []string{"another installation"}, "another installation"},
		"export":               {[]string{export}, "", 0, []string{"entries      1 to 7"}, ""},
		"standard input":       {[]string{"-"}, string(exported), 0, []string{"-: sound"}, ""},
		"tampered export":      {[]string{tampered}, "", 1, []string{"wrong        entry 1 does not fit its hash"}, "tampered"},
		"torn export":          {[]string{torn}, "", 1, []string{"breaks off"}, "breaks off"},
		"no export":            {[]string{kept}, "", 2, nil, "does not begin as an export"},
		"nothing":              {nil, "", 2, nil, "give a file or --data-dir"},
		"both":                 {[]string{export, "--data-dir", dir}, "", 2, nil, "give a file or --data-dir"},
		"no file":              {[]string{filepath.Join(dir, "nothing")}, "", 2, nil, "no such file"},
		"no directory":         {[]string{"--data-dir", filepath.Join(dir, "nothing")}, "", 2, nil, "no such file"},
		"no checkpoint":        {[]string{config, "--checkpoint", "tocsin-audit-checkpoint v1 x"}, "", 2, nil, "not a checkpoint"},
		"no such checkpoints":  {[]string{config, "--checkpoint", "nowhere.txt"}, "", 2, nil, "no such file"},
		"empty checkpoints":    {[]string{config, "--checkpoint", export}, "", 2, nil, "holds no checkpoint"},
	} {
		t.Run(name, func(t *testing.T) {
			code, out, errs := tocsin(t, strings.NewReader(c.stdin), append([]string{"audit", "verify"}, c.args...)...)
			if code != c.code || !strings.Contains(errs, c.errs) {
				t.Errorf("code %d, errors %s", code, errs)
			}
			for _, want := range c.out {
				if !strings.Contains(out, want) {
					t.Errorf("no %q in\n%s", want, out)
				}
			}
		})
	}
	if list, err := os.ReadDir(dir); err != nil || len(list) != 3 { // the databases
		t.Errorf("verifying left something behind: %v, %v", list, err)
	}
}

func TestAuditCheckpointOffline(t *testing.T) {
	t.Parallel()
	dir, point, _ := recorded(t, 3)
	code, out, errs := tocsin(t, nil, "audit", "checkpoint", "--data-dir", dir)
	got, err := audit.ParseCheckpoint(out)
	if code != 0 || err != nil || got.Seq != point.Seq || got.Hash != point.Hash || got.Installation != point.Installation {
		t.Errorf("code %d, %s%s", code, out, errs)
	}
}
