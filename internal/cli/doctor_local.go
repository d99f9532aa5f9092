package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tocsin-hub/tocsin/internal/backup"
	"github.com/tocsin-hub/tocsin/internal/config"
)

// Bounds of what is well.
const (
	wrongFree     = 1 << 30 // bytes: the journal asks for room to work
	warnFree      = 5 << 30
	warnFsync     = 20 * time.Millisecond // p99
	wrongFsync    = 200 * time.Millisecond
	fsyncSamples  = 50
	fsyncBytes    = 4 << 10
	fsyncLongest  = 10 * time.Second // of all samples together
	warnOpenFiles = 4096
)

// local looks at this machine.
func (c *doctorCmd) local(ctx context.Context, p *Process) []finding {
	cfg, err := c.load(p)
	if err != nil {
		var found []finding
		for part := range strings.SplitSeq(err.Error(), "\n") {
			found = append(found, wrong("settings", part, "tocsin config docs lists every setting"))
		}
		return found
	}
	found := []finding{good("settings", "all are valid")}
	for _, w := range cfg.Warnings() {
		found = append(found, warn("settings", w, "tocsin config show says where each value comes from"))
	}
	found = append(found, openFiles())
	if info, err := os.Stat(cfg.DataDir); err != nil || !info.IsDir() {
		if err == nil {
			err = errors.New("it is no directory")
		}
		return append(found, c.missingData(cfg.DataDir, err))
	}
	running := inUse(cfg.DataDir)
	found = append(found, dataFormat(cfg.DataDir), dataRights(cfg.DataDir), freeSpace(cfg.DataDir), fsyncLatency(ctx, cfg.DataDir))
	found = append(found, port(ctx, "port", cfg.Listen, running))
	for _, l := range cfg.Syslog.Listen {
		found = append(found, syslogPort(ctx, l, running))
	}
	return found
}

// syslogPort checks one address of syslog.listen.
func syslogPort(ctx context.Context, l config.SyslogListener, running bool) finding {
	const check = "syslog port"
	if l.Network != "udp" {
		return port(ctx, check, l.Address, running)
	}
	c, err := new(net.ListenConfig).ListenPacket(ctx, "udp", l.Address)
	if err == nil {
		_ = c.Close()
	}
	return judgePort(check, l.Address, running, err)
}

// missingData is the answer to a data directory that is not there.
func (c *doctorCmd) missingData(dir string, err error) finding {
	if errors.Is(err, fs.ErrNotExist) && c.DataDir == nil && c.Config == "" {
		return skipped("data directory", dir+" is not there: no hub has run here", "give --data-dir or --config to look at one")
	}
	if errors.Is(err, fs.ErrNotExist) {
		return wrong("data directory", dir+" is not there", "tocsin serve makes it; is the path right?")
	}
	return wrong("data directory", err.Error(), "run this as the user that runs the hub")
}

// dataFormat checks the directory's format version.
func dataFormat(dir string) finding {
	const check = "data format"
	text, err := os.ReadFile(filepath.Join(dir, "FORMAT"))
	if errors.Is(err, fs.ErrNotExist) {
		return warn(check, dir+" holds no hub's data yet", "tocsin serve makes it; is the path right?")
	}
	if err != nil {
		return wrong(check, err.Error(), "run this as the user that runs the hub")
	}
	_, number, _ := strings.Cut(strings.TrimSpace(string(text)), "format ")
	n, err := strconv.Atoi(number)
	switch {
	case err != nil:
		return wrong(check, "the file FORMAT is damaged", fmt.Sprintf("it should say \"tocsin data, format %d\"; restore it from a backup", backup.DataFormat))
	case n > backup.DataFormat:
		return wrong(check, fmt.Sprintf("format %d; this version of tocsin reads up to %d", n, backup.DataFormat), "use the version that wrote it, or a newer one")
	}
	return good(check, "format %d", n)
}

// secretFiles are those that nobody but their owner should read.
var secretFiles = []string{"secret.key", "secret.key.age", "config.db", "lanes.db", "cases.db"}

// dataRights checks who may read the data.
func dataRights(dir string) finding {
	const check = "data rights"
	info, err := os.Stat(dir)
	if err != nil {
		return wrong(check, err.Error(), "run this as the user that runs the hub")
	}
	if info.Mode().Perm()&0o077 != 0 {
		return wrong(check, fmt.Sprintf("others may look into %s (%v)", dir, info.Mode().Perm()), "chmod 700 "+dir)
	}
	if s, ok := info.Sys().(*syscall.Stat_t); ok && int(s.Uid) != os.Geteuid() {
		return warn(check, fmt.Sprintf("%s belongs to another user (%d) than the one that runs this (%d)", dir, s.Uid, os.Geteuid()), "run this as the user that runs the hub")
	}
	for _, name := range secretFiles {
		info, err := os.Stat(filepath.Join(dir, name))
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			return wrong(check, fmt.Sprintf("others may read %s (%v)", name, info.Mode().Perm()), "chmod 600 "+filepath.Join(dir, name))
		}
	}
	return good(check, "only the owner may read it")
}

// freeSpace checks what is free on the data's file system.
func freeSpace(dir string) finding {
	const check = "free space"
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return wrong(check, "it cannot be found out: "+err.Error(), "run this as the user that runs the hub")
	}
	block := int64(s.Bsize) //nolint:unconvert // the types differ between systems
	free := int64(s.Bavail) * block
	what := fmt.Sprintf("%s of %s", human(free), human(int64(s.Blocks)*block))
	do := "free some, or lower journal.max_bytes and journal.max_age"
	switch {
	case free < wrongFree:
		return wrong(check, what+": too little; the hub answers 503 when the disk is low", do)
	case free < warnFree:
		return warn(check, what, do)
	}
	return good(check, "%s", what)
}

// fsyncLatency measures how long it takes to make a little durable: every acknowledgement waits for that.
func fsyncLatency(ctx context.Context, dir string) finding {
	const check = "fsync"
	f, err := os.CreateTemp(dir, ".doctor-*")
	if err != nil {
		return wrong(check, "no file can be made in "+dir+": "+err.Error(), "run this as the user that runs the hub")
	}
	defer func() {
		_ = f.Close()
		_ = os.Remove(f.Name())
	}()
	var took []time.Duration
	block, began := make([]byte, fsyncBytes), time.Now()
	for range fsyncSamples {
		if ctx.Err() != nil || time.Since(began) > fsyncLongest {
			break
		}
		start := time.Now()
		if _, err := f.Write(block); err != nil {
			return wrong(check, err.Error(), "look at the disk")
		}
		if err := f.Sync(); err != nil {
			return wrong(check, err.Error(), "look at the disk: the hub stops when this happens to it")
		}
		took = append(took, time.Since(start))
	}
	return judgeFsync(check, took)
}

// judgeFsync says what times of fsyncs mean.
func judgeFsync(check string, took []time.Duration) finding {
	if len(took) == 0 {
		return skipped(check, "there was no time to measure", "")
	}
	slices.Sort(took)
	p50, p99 := took[len(took)/2], took[min(len(took)-1, len(took)*99/100)]
	what := fmt.Sprintf("p50 %s, p99 %s (%d times %s)", p50.Round(10*time.Microsecond), p99.Round(10*time.Microsecond), len(took), human(fsyncBytes))
	const do = "every acknowledgement waits for one: use a local SSD; network file systems and shared disks are slow"
	switch {
	case p99 >= wrongFsync:
		return wrong(check, what, do)
	case p99 >= warnFsync:
		return warn(check, what, do)
	}
	return good(check, "%s", what)
}

// openFiles checks the limit of open files.
func openFiles() finding {
	const check = "open files"
	var l unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &l); err != nil {
		return skipped(check, "the limit cannot be found out: "+err.Error(), "")
	}
	if l.Cur < warnOpenFiles {
		return warn(check, fmt.Sprintf("at most %d", l.Cur), "half of them are for clients: ulimit -n 65536, or LimitNOFILE=65536 in the unit")
	}
	return good(check, "at most %d", l.Cur)
}

// inUse says whether a hub runs on the data directory: it holds the lock.
func inUse(dir string) bool {
	f, err := os.Open(filepath.Join(dir, "LOCK"))
	if err != nil {
		return false
	}
	defer f.Close()
	if err := unix.Flock(int(f.Fd()), unix.LOCK_SH|unix.LOCK_NB); err != nil {
		return true
	}
	_ = unix.Flock(int(f.Fd()), unix.LOCK_UN)
	return false
}

// port checks that the hub can listen, or that it is the one who does.
func port(ctx context.Context, check, listen string, running bool) finding {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", listen)
	if err == nil {
		_ = l.Close()
	}
	return judgePort(check, listen, running, err)
}

// judgePort says what the attempt to listen means.
func judgePort(check, listen string, running bool, err error) finding {
	switch {
	case err == nil && running:
		return warn(check, fmt.Sprintf("a hub runs on the data directory, and nobody listens on %s", listen), "it may listen elsewhere: look at its settings")
	case err == nil:
		return good(check, "%s is free; no hub runs here", listen)
	case errors.Is(err, syscall.EADDRINUSE) && running:
		return good(check, "%s: the hub is running", listen)
	case errors.Is(err, syscall.EADDRINUSE):
		return wrong(check, listen+" is taken by another program", "stop it, or choose another address with listen")
	}
	return wrong(check, err.Error(), "choose an address of this machine with listen; ports below 1024 need a right of their own")
}
