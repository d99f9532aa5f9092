package canary

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/tocsin-hub/tocsin/internal/backup"
	"github.com/tocsin-hub/tocsin/internal/connectors"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/harness"
	"github.com/tocsin-hub/tocsin/internal/seal"
	"github.com/tocsin-hub/tocsin/internal/source"
)

// stem is what every canary begins and ends with, so that half of one is found, too.
const stem = "cAnaRy7qZw3Xv9Kd"

// scene is the test's hub with everything around it.
type scene struct {
	*testing.T
	hub    *harness.Process
	driver *Driver
	echo   *Echo
	pair   Pair
	ids    []string
	asked  []string // the receivers that hear of deliveries, as the echo counts them
	judged []string // of those, the ones whose receiver's answers end a delivery
}

// TestNoSecretGetsOut drives a whole hub.
func TestNoSecretGetsOut(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("builds and runs the real hub")
	}
	s := newScene(t)
	began := time.Now()
	for kind, d := range connectors.All() {
		if len(form.SecretFields(d.Settings())) == 0 {
			s.create(kind, Modes[0], s.candidate(kind, Modes[0]))
			continue
		}
		for _, mode := range Modes {
			s.create(kind, mode, s.candidate(kind, mode))
		}
		s.create(kind, Modes[0]+"-ref", s.referring(kind))
	}
	s.sources()
	s.try()
	s.refusals()
	s.deliver()
	operations, err := s.driver.Operations(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s.keys()
	reads := s.driver.ReadAll(t.Context(), operations)
	s.crash(syscall.SIGQUIT)
	s.start()
	writes := s.driver.WriteAll(t.Context(), operations)
	reads += s.driver.ReadAll(t.Context(), operations)
	s.crash(syscall.SIGABRT)
	files := s.files()
	s.archive()
	t.Logf("%d integrations, %d operations, %d reads, %d writes, %d files in %v",
		len(s.ids), len(operations), reads, writes, files, time.Since(began).Round(time.Millisecond))
	for _, h := range s.driver.Hits {
		t.Error(h)
	}
	for _, trouble := range s.driver.Trouble {
		t.Error(trouble)
	}
	if t.Failed() {
		t.Logf("the hub's log is %s", s.keepLog())
	}
}

func newScene(t *testing.T) *scene {
	dir := t.TempDir()
	bin, err := harness.Build(t.Context(), dir, "", false)
	if err != nil {
		t.Fatal(err)
	}
	addr, err := harness.FreeAddr(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	echo, err := ListenEcho(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(echo.Close)
	pair, err := NewPair()
	if err != nil {
		t.Fatal(err)
	}
	finder := &Finder{}
	finder.Add("a canary", stem)
	finder.Add("the admin key", harness.AdminKey)
	lines := strings.Split(strings.TrimSpace(pair.Key), "\n")
	for _, line := range lines[1 : len(lines)-1] {
		finder.Add("the client key", line)
	}
	s := &scene{
		T: t, echo: echo, pair: pair,
		hub: &harness.Process{
			Binary: bin, DataDir: filepath.Join(dir, "data"), Listen: addr, Log: filepath.Join(dir, "hub.log"),
			Env: []string{
				"TOCSIN_LOG_LEVEL=debug", "TOCSIN_JOURNAL_SEGMENT_BYTES=1MiB", "TOCSIN_JOURNAL_BALLAST_BYTES=off", "GOTRACEBACK=all",
				"CANARY_SECRET=" + candidates("environment")("secret")[2], "CANARY_TOKEN=" + candidates("environment")("token")[2],
			},
		},
		driver: &Driver{Base: "http://" + addr, Key: harness.AdminKey, Finder: finder, Secret: candidates("example")("secret")[2]},
	}
	s.start()
	t.Cleanup(func() { _ = s.hub.Kill() })
	return s
}

// waitTime bounds every wait for the hub.
const waitTime = 15 * time.Second

func (s *scene) start() {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), waitTime)
	defer cancel()
	if _, err := s.hub.Start(ctx); err != nil {
		s.Fatal(err)
	}
}

// crash ends the hub with a signal that makes it dump all its goroutines.
func (s *scene) crash(signal syscall.Signal) {
	s.Helper()
	if err := syscall.Kill(s.hub.PID(), signal); err != nil {
		s.Fatal(err)
	}
	select {
	case <-s.hub.Done():
	case <-time.After(waitTime):
		s.Fatalf("%v did not end the hub", signal)
	}
	log, err := os.ReadFile(s.hub.Log)
	if err != nil || !bytes.Contains(log, []byte("goroutine ")) {
		s.Errorf("%v left no dump (%v)", signal, err)
	}
}

// keepLog saves the hub's log from the end of the test.
func (s *scene) keepLog() string {
	b, err := os.ReadFile(s.hub.Log)
	if err != nil {
		return err.Error()
	}
	f, err := os.CreateTemp("", "tocsin-canary-*.log") //nolint:usetesting // it is to outlive the test
	if err != nil {
		return err.Error()
	}
	defer f.Close()
	if _, err := f.Write(b); err != nil {
		return err.Error()
	}
	return f.Name()
}

// sources makes a source endpoint of every method, sends to it, changes it, and has its secrets refused in every way.
func (s *scene) sources() {
	for _, m := range source.Methods() {
		in, err := sourceOf(m, candidates("source_"+m.Name), s.pair.Certificate)
		if err != nil {
			s.Fatalf("%s: %v", m.Name, err)
		}
		status, body := s.driver.Do(s.Context(), http.MethodPost, "/api/v1/sources", in)
		var made struct {
			ID   string
			Auth json.RawMessage
		}
		if err := json.Unmarshal(body, &made); err != nil || made.ID == "" {
			s.Fatalf("making a source of %s: %d %s", m.Name, status, body)
		}
		base := "/api/v1/sources/" + made.ID
		s.driver.Do(s.Context(), http.MethodPatch, base, map[string]any{"auth": made.Auth, "project": "web"}) // masked, as the console sends it back
		s.driver.Do(s.Context(), http.MethodPost, base+"/test", map[string]any{"sample": map[string]string{"type": "alert.created"}})
		secret := candidates("source_" + m.Name)("secret")[0]
		for _, header := range []http.Header{
			{"Authorization": {"Bearer " + secret}}, {"Authorization": {secret, secret}}, {"X-Canary": {secret + "x"}},
			{"Authorization": {"Basic " + base64.StdEncoding.EncodeToString([]byte("x:"+secret))}}, {"Webhook-Id": {secret}},
			{"X-Hub-Signature-256": {"sha256=" + secret}, "X-GitHub-Delivery": {secret}}, {"X-Tocsin-Signature": {"t=1,v1=" + secret}},
		} {
			s.driver.Stranger(s.Context(), http.MethodPost, "/api/v1/ingest/"+made.ID, header)
		}
		for _, value := range []any{stem, []string{stem}, " " + stem + "\n\x00", "whsec_" + stem + "%", "env:CANARY_NOT_SET", strings.Repeat(stem, 100)} {
			for _, field := range form.SecretFields(new(source.Auth)) {
				auth := map[string]any{"method": m.Name, "tolerance": "99h", field: value}
				s.driver.Do(s.Context(), http.MethodPost, "/api/v1/sources", map[string]any{"name": "refused", "dialect": "native", "auth": auth})
				s.driver.Do(s.Context(), http.MethodPatch, base, map[string]any{"auth": auth})
			}
		}
		s.driver.Secretly(s.Context(), http.MethodPost, base+"/rotate", nil, "secret")
	}
	status, body := s.driver.Do(s.Context(), http.MethodPost, "/api/v1/sources", map[string]any{
		"name": "referring", "dialect": "native", "auth": map[string]any{"method": "bearer", "secret": "env:CANARY_SECRET", "previous_secret": "env:CANARY_TOKEN"},
	})
	if status != http.StatusCreated {
		s.Errorf("a source with references answered %d: %s", status, body)
	}
}

// refusals sends secrets in settings that are wrong in some way.
func (s *scene) refusals() {
	long := stem + strings.Repeat("x", 2<<20) + stem
	for kind, d := range connectors.All() {
		for _, field := range form.SecretFields(d.Settings()) {
			for _, value := range []any{
				stem, []string{stem}, map[string]any{"x": stem}, " " + stem + "\n\x00", long, "whsec_" + stem, "env:CANARY_NOT_SET", "file:/canary/not/there",
				"-----BEGIN PRIVATE KEY-----\n" + stem + "\n-----END PRIVATE KEY-----\n",
			} {
				settings := map[string]any{"url": "not a url", field: value}
				if list, item, ok := strings.Cut(field, "[]."); ok {
					settings = map[string]any{list: []any{map[string]any{"name": "Authorization", item: value}}}
				}
				in := map[string]any{"kind": kind, "name": "refused", "settings": settings}
				s.driver.Do(s.Context(), http.MethodPost, "/api/v1/integrations", in)
				s.driver.Do(s.Context(), http.MethodPost, "/api/v1/integrations/test", map[string]any{"kind": kind, "settings": settings})
				s.driver.Do(s.Context(), http.MethodPatch, "/api/v1/integrations/"+s.ids[0], map[string]any{"settings": settings})
			}
		}
	}
	wrong := candidates("wrong")("key")[2]
	for _, header := range []http.Header{
		{"X-Api-Key": {wrong}}, {"Authorization": {"Bearer " + wrong}}, {"Authorization": {"Basic " + wrong}},
		{"Cookie": {"session=" + wrong + "; tocsin_session=" + wrong}},
	} {
		s.driver.Stranger(s.Context(), http.MethodGet, "/api/v1/integrations", header)
		s.driver.Stranger(s.Context(), http.MethodPost, "/api/v1/events", header)
	}
}

// try changes, tests and previews every integration.
func (s *scene) try() {
	for i, id := range s.ids {
		base := "/api/v1/integrations/" + id
		test := map[string]any{} // there is a limit of tests a minute
		if i%2 == 0 {
			test["event_type"] = "alert.created"
		}
		s.driver.Do(s.Context(), http.MethodPost, base+"/test", test)
		s.driver.Do(s.Context(), http.MethodPost, base+"/preview", map[string]any{"event_type": "alert.created"})
		_, body := s.driver.Do(s.Context(), http.MethodGet, base, nil)
		var i2 struct{ Settings json.RawMessage }
		if json.Unmarshal(body, &i2) == nil { // masked, as the console sends it back
			s.driver.Do(s.Context(), http.MethodPatch, base, map[string]any{"settings": i2.Settings, "owner": fmt.Sprint("owner ", i)})
		}
		s.driver.Do(s.Context(), http.MethodPost, base+"/pause", nil)
		s.driver.Do(s.Context(), http.MethodPost, base+"/resume", nil)
	}
}

// deliver sends events, some of which hold what looks like a leak, and waits until every receiver was asked.
func (s *scene) deliver() {
	before := s.echo.Counts()
	for n := range 3 {
		status, body := s.driver.Do(s.Context(), http.MethodPost, "/api/v1/events", map[string]any{
			"type": "alert.created", "title": fmt.Sprint("number ", n), "severity": "high",
		})
		if status != http.StatusAccepted {
			s.Fatalf("ingest answered %d: %s", status, body)
		}
	}
	s.until("every receiver is asked", func() (missing string) {
		for _, at := range s.asked {
			if s.echo.Counts()[at] == before[at] {
				missing = at
			}
		}
		return missing
	})
	s.until("every attempt is recorded", func() (missing string) {
		for _, id := range s.judged {
			_, body := s.driver.Do(s.Context(), http.MethodGet, "/api/v1/integrations/"+id+"/deliveries", nil)
			if !bytes.Contains(body, []byte(`"id":`)) {
				missing = id
			}
		}
		return missing
	})
}

// until waits until nothing is missing.
func (s *scene) until(what string, missing func() string) {
	s.Helper()
	deadline := time.After(waitTime)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		left := missing()
		if left == "" {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			s.Fatalf("waiting until %s: %s is missing", what, left)
		}
	}
}

// keys makes keys, whose answers alone may show them.
func (s *scene) keys() {
	for _, path := range []string{"/api/v1/api-keys", "/api/admin/api-keys"} {
		status, body := s.driver.Secretly(s.Context(), http.MethodPost, path, map[string]any{"name": "reader", "scopes": []string{"events:read"}}, "key")
		if status != http.StatusCreated {
			s.Errorf("%s answered %d: %s", path, status, body)
		}
	}
	_, body := s.driver.Do(s.Context(), http.MethodPost, "/api/v1/mailbox/replay", map[string]any{"filter": map[string]any{}, "force": true})
	var job struct{ ID string }
	if json.Unmarshal(body, &job) == nil && job.ID != "" {
		s.driver.Known("/api/v1/jobs/", job.ID)
	}
}

// files searches everything that the hub has written, but for the key of the secrets.
func (s *scene) files() (count int) {
	root := filepath.Dir(s.hub.DataDir)
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || path == s.hub.Binary {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		count++
		s.driver.Hits = append(s.driver.Hits, s.driver.Finder.Search(strings.TrimPrefix(path, root), data)...)
		return nil
	})
	if err != nil {
		s.Error(err)
	}
	return count
}

// archive makes a backup of the files and searches it, unpacked; the key of the secrets is not in it either.
func (s *scene) archive() {
	text, err := os.ReadFile(filepath.Join(s.hub.DataDir, seal.KeyFile))
	if err != nil {
		s.Fatal(err)
	}
	fields := strings.Fields(strings.TrimSpace(string(text)))
	key := fields[len(fields)-1]
	s.driver.Finder.Add("the key of the secrets", key)
	if raw, err := base64.StdEncoding.DecodeString(key); err == nil {
		s.driver.Finder.Add("the key of the secrets, raw", string(raw))
	}
	source, err := backup.OpenOffline(s.Context(), s.hub.DataDir, seal.Options{}, true)
	if err != nil {
		s.Fatal(err)
	}
	var packed bytes.Buffer
	if _, err := backup.Write(s.Context(), source.Source, &packed); err != nil {
		s.Fatal(err)
	}
	if err := source.Close(); err != nil {
		s.Fatal(err)
	}
	unpacker, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
	if err != nil {
		s.Fatal(err)
	}
	defer unpacker.Close()
	whole, err := unpacker.DecodeAll(packed.Bytes(), nil)
	if err != nil {
		s.Fatal(err)
	}
	s.driver.Hits = append(s.driver.Hits, s.driver.Finder.Search("the backup", whole)...)
}

// TestFinder: the finder finds a secret in every encoding, and wherever it stands.
func TestFinder(t *testing.T) {
	t.Parallel()
	var f Finder
	secret := `pa"ss<w>o\rd &+/=% of mine`
	f.Add("mine", secret)
	for name, text := range map[string]string{
		"plain": secret, "query": "?x=" + url.QueryEscape(secret), "hex": fmt.Sprintf("%x", secret), "HEX": fmt.Sprintf("%X", secret),
		"base64 0": base64.StdEncoding.EncodeToString([]byte("abc" + secret + "xyz")),
		"base64 1": base64.StdEncoding.EncodeToString([]byte("a" + secret + "xyz")),
		"base64 2": base64.URLEncoding.EncodeToString([]byte("ab" + secret + "x")),
		"basic":    base64.StdEncoding.EncodeToString([]byte("user:" + secret)),
		"JSON":     jsonText(secret, true), "JSON 2": jsonText(secret, false), "Go": fmt.Sprintf("%q", secret), "upper": strings.ToUpper(secret),
	} {
		if len(f.Search(name, []byte("before"+text+"after"))) == 0 {
			t.Errorf("%s is not found", name)
		}
	}
	if hits := f.Search("nothing", []byte("a text about passwords, without one")); len(hits) > 0 {
		t.Error(hits)
	}
}
