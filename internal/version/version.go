// Package version says which build this is.
package version

import (
	"runtime"
	"runtime/debug"
	"strings"
)

// number is set by the linker: -X github.com/tocsin-hub/tocsin/internal/version.number=1.2.3.
var number string

// Number is the version without a leading v, as it stands in User-Agent headers: "1.2.3", or "dev" for a build that
// was given none.
func Number() string {
	if number != "" {
		return strings.TrimPrefix(number, "v")
	}
	if info, ok := debug.ReadBuildInfo(); ok && strings.HasPrefix(info.Main.Version, "v") {
		return info.Main.Version[1:]
	}
	return "dev"
}

// Long is the version with the toolchain and platform it was built for, for people and bug reports.
func Long() string {
	return "tocsin " + Number() + " (" + runtime.Version() + ", " + runtime.GOOS + "/" + runtime.GOARCH + ")"
}
