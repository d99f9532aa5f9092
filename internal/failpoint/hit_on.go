//go:build failpoint

package failpoint

import (
	"fmt"
	"os"
	"sync"
)

// Built says whether this build obeys TOCSIN_FAILPOINTS.
const Built = true

// current is read once; a text that cannot be read ends the process, so that no torture runs without its failpoints.
var current = sync.OnceValue(func() plan {
	p, err := parse(os.Getenv(Env))
	if err != nil {
		fmt.Fprintf(os.Stderr, "reading %s: %v\n", Env, err)
		os.Exit(2)
	}
	return p
})

// Hit marks a place in the code by one of Names and does what TOCSIN_FAILPOINTS says about it.
func Hit(name string) { _ = current().hit(name, killSelf) } // only the points of the disk have errors

// Fault marks a place in the code by one of Disk, does what TOCSIN_FAILPOINTS says about it, and gives the error that
// the disk is to have, if any.
func Fault(name string) error { return current().hit(name, killSelf) }

// killSelf ends the process as SIGKILL does; the caller goes no further.
func killSelf() {
	self, err := os.FindProcess(os.Getpid())
	if err == nil {
		err = self.Kill()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "failpoint: killing the own process:", err)
		os.Exit(137)
	}
	select {} // the signal is on its way
}
