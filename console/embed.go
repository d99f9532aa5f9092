// Package console holds the console's build and serves it. The source is React, beside this file; "make console" builds
// it into dist. A Go build without it works, and says so at /.
package console

import "embed"

//go:embed all:dist
var build embed.FS
