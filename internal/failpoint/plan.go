package failpoint

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// plan says what happens at which failpoint.
type plan map[string]*point

// point is one entry of the plan.
type point struct {
	kill  bool
	sleep time.Duration
	err   error   // what Fault gives
	nth   uint64  // act at this hit only; 0: see odds
	odds  float64 // act with this probability; 1: always
	hits  atomic.Uint64
}

// parse reads the text of TOCSIN_FAILPOINTS. Empty entries are skipped; a name that is not in Names is an error.
func parse(text string) (plan, error) {
	p := plan{}
	for entry := range strings.SplitSeq(text, ";") {
		entry = strings.TrimSpace(entry)
		if entry == "" {
			continue
		}
		name, action, found := strings.Cut(entry, "=")
		onDisk := slices.Contains(Disk, name)
		if !found || !onDisk && !slices.Contains(Names, name) && !slices.Contains(Respond, name) {
			return nil, fmt.Errorf("%q names no failpoint", entry)
		}
		pt, err := parsePoint(action)
		if err != nil {
			return nil, fmt.Errorf("failpoint %s: %w", name, err)
		}
		if pt.err != nil && !onDisk {
			return nil, fmt.Errorf("failpoint %s: only the disk has errors", name)
		}
		p[name] = pt
	}
	return p, nil
}

func parsePoint(text string) (*point, error) {
	action, when, limited := strings.Cut(text, "@")
	pt := &point{odds: 1}
	switch pause, isSleep := strings.CutPrefix(action, "sleep:"); {
	case action == "kill":
		pt.kill = true
	case action == "error:EIO":
		pt.err = syscall.EIO
	case action == "error:ENOSPC":
		pt.err = syscall.ENOSPC
	case isSleep:
		d, err := time.ParseDuration(pause)
		if err != nil || d <= 0 {
			return nil, fmt.Errorf("%q is not a duration to sleep for", pause)
		}
		pt.sleep = d
	default:
		return nil, fmt.Errorf("%q is neither kill nor sleep:DURATION nor an error of the disk", action)
	}
	if !limited {
		return pt, nil
	}
	if n, err := strconv.ParseUint(when, 10, 64); err == nil && n > 0 {
		pt.nth = n
		return pt, nil
	}
	odds, err := strconv.ParseFloat(when, 64)
	if err != nil || !(odds > 0 && odds < 1) {
		return nil, fmt.Errorf("%q is neither a whole number from 1 nor a probability below 1", when)
	}
	pt.odds = odds
	return pt, nil
}

// hit does what the plan says about name, if anything, and gives the error that it asks for. It is safe for concurrent
// use.
func (p plan) hit(name string, kill func()) error {
	pt := p[name]
	if pt == nil {
		return nil
	}
	n := pt.hits.Add(1)
	switch {
	case pt.nth > 0 && n != pt.nth:
		return nil
	case pt.nth == 0 && pt.odds < 1 && rand.Float64() >= pt.odds:
		return nil
	}
	if pt.kill {
		kill()
	}
	time.Sleep(pt.sleep)
	return pt.err
}
