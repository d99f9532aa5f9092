package cli

import "github.com/tocsin-hub/tocsin/internal/version"

// versionCmd prints the version.
type versionCmd struct{}

// Run prints the version.
func (*versionCmd) Run(p *Process) error {
	p.say("%s\n", version.Long())
	return nil
}
