package cli

import (
	"log/slog"
	"maps"

	"github.com/tocsin-hub/tocsin/internal/config"
)

// settingFlags are the flags of every command that needs the settings of a hub.
type settingFlags struct {
	Config   string            `placeholder:"FILE" help:"YAML file with settings (or TOCSIN_CONFIG)."`
	Listen   *string           `placeholder:"HOST:PORT" help:"Address to listen on (or TOCSIN_LISTEN; 127.0.0.1:8080)."`
	DataDir  *string           `placeholder:"DIR" help:"Where everything is kept (or TOCSIN_DATA_DIR; ./data)."`
	LogLevel *string           `placeholder:"LEVEL" help:"debug, info, warn or error (or TOCSIN_LOG_LEVEL; info)."`
	Set      map[string]string `placeholder:"KEY=VALUE" mapsep:"none" help:"Any other setting; may be repeated. See: tocsin config docs."`
}

// load merges file, environment and flags. Its error lists every mistake.
func (f *settingFlags) load(p *Process) (config.Config, error) {
	file := f.Config
	if file == "" {
		file = p.getenv(config.EnvFile)
	}
	flags := maps.Clone(f.Set)
	if flags == nil {
		flags = map[string]string{}
	}
	for key, value := range map[string]*string{"listen": f.Listen, "data_dir": f.DataDir, "log.level": f.LogLevel} {
		if value != nil {
			flags[key] = *value
		}
	}
	cfg, err := config.Load(config.Sources{File: file, Environ: p.Environ, Flags: flags})
	if err != nil {
		return cfg, usageError{err}
	}
	return cfg, nil
}

// logger writes to standard error as the settings say.
func (p *Process) logger(c config.Log) *slog.Logger {
	opts := &slog.HandlerOptions{Level: c.Level}
	if c.Format == "json" {
		return slog.New(slog.NewJSONHandler(p.Stderr, opts))
	}
	return slog.New(slog.NewTextHandler(p.Stderr, opts))
}
