//go:build !failpoint

package failpoint

// Built says whether this build obeys TOCSIN_FAILPOINTS.
const Built = false

// Hit marks a place in the code by one of Names. It does nothing in this build.
func Hit(string) {}

// Fault marks a place in the code by one of Disk, and gives the error that the disk is to have. It is nil in this build.
func Fault(string) error { return nil }
