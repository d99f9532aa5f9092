package cli

import (
	"github.com/tocsin-hub/tocsin/internal/config"
)

// configCmd groups the commands about settings.
type configCmd struct {
	Show  configShowCmd  `cmd:"" help:"Print the settings in force and where each came from, secrets masked."`
	Check configCheckCmd `cmd:"" help:"Check the settings, and say nothing if they are right."`
	Docs  configDocsCmd  `cmd:"" help:"Print the reference of all settings as Markdown."`
}

// configShowCmd prints the settings in force.
type configShowCmd struct {
	settingFlags
}

// Help is the long help.
func (*configShowCmd) Help() string {
	return `Reads the file, the environment and the flags as "tocsin serve" does, reports every mistake at once, and prints
the result as a configuration file.

Examples:

    # Check a file before a restart
    tocsin config show --config /etc/tocsin/tocsin.yaml

    # A file to start from
    tocsin config show > tocsin.yaml`
}

// Run prints the settings.
func (c *configShowCmd) Run(p *Process) error {
	cfg, err := c.load(p)
	if err != nil {
		return err
	}
	for _, w := range cfg.Warnings() {
		p.note("tocsin: warning: %s\n", w)
	}
	return cfg.WriteYAML(p.Stdout)
}

// configCheckCmd checks the settings.
type configCheckCmd struct {
	settingFlags
}

// Help is the long help.
func (*configCheckCmd) Help() string {
	return `Reads the file, the environment and the flags as "tocsin serve" does, and reports every mistake at once. Warnings go to
standard error. Exit code 2 means that "tocsin serve" would not start.

Example:

    tocsin config check --config /etc/tocsin/tocsin.yaml && systemctl restart tocsin`
}

// Run checks them.
func (c *configCheckCmd) Run(p *Process) error {
	cfg, err := c.load(p)
	if err != nil {
		return err
	}
	for _, w := range cfg.Warnings() {
		p.note("tocsin: warning: %s\n", w)
	}
	return nil
}

// configDocsCmd prints the reference.
type configDocsCmd struct{}

// Help is the long help.
func (*configDocsCmd) Help() string {
	return `Prints every setting with its environment variable, default, accepted values and meaning. It is the same page
as docs/configuration.md of this version.`
}

// Run prints the reference.
func (*configDocsCmd) Run(p *Process) error { return config.WriteDocs(p.Stdout) }
