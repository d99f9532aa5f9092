// Command tocsin is the hub and everything that goes with it: see tocsin --help.
package main

import (
	"os"

	"github.com/tocsin-hub/tocsin/internal/cli"
)

func main() { os.Exit(cli.Main()) }
