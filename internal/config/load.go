package config

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/knadh/koanf/maps"
	"github.com/knadh/koanf/parsers/yaml"
	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/v2"

	"github.com/tocsin-hub/tocsin/internal/form"
)

const (
	envPrefix = "TOCSIN_"
	// EnvFile names the configuration file where no flag does.
	EnvFile = envPrefix + "CONFIG"
	// maxFileBytes bounds the configuration file (1 MiB).
	maxFileBytes = 1 << 20
)

// otherEnv are variables with our prefix that are not settings of the server.
var otherEnv = []string{EnvFile, "TOCSIN_URL", "TOCSIN_SERVER", "TOCSIN_KEY", "TOCSIN_ACCOUNT", "TOCSIN_PROFILE", "TOCSIN_SHARED"}

// Sources are where settings come from; a later one wins over an earlier one.
type Sources struct {
	// File is the path of a YAML file; empty means none.
	File string
	// Environ is the environment as os.Environ gives it; a variable that is set but empty is taken as not set.
	Environ []string
	// Flags are settings given on the command line, by key.
	Flags map[string]string
}

// Load reads, merges and checks the settings. Its error lists everything that is wrong, one line each.
func Load(src Sources) (Config, error) {
	var c Config
	known := c.entries()
	l := layers{known: known, merged: koanf.New("."), origins: map[string]string{}}
	l.file(src.File)
	warnings := l.environ(src.Environ)
	l.flags(src.Flags)
	errs := c.apply(&l)
	c.origins, c.warnings = l.origins, append(warnings, c.doubts()...)
	return c, errors.Join(append(l.errs, errs...)...)
}

// layers merges the sources and remembers where each value came from.
type layers struct {
	known   []entry
	merged  *koanf.Koanf
	origins map[string]string
	errs    []error
}

func (l *layers) fail(format string, args ...any) {
	l.errs = append(l.errs, fmt.Errorf(format, args...))
}

func (l *layers) load(values map[string]any, origin func(key string) string) {
	for key := range values {
		l.origins[key] = origin(key)
	}
	if err := l.merged.Load(confmap.Provider(values, "."), nil); err != nil {
		l.fail("merging settings: %w", err)
	}
}

func (l *layers) file(path string) {
	if path == "" {
		return
	}
	raw, err := readFile(path)
	if err != nil {
		l.fail("reading the configuration: %w", err)
		return
	}
	tree, err := yaml.Parser().Unmarshal(raw)
	if err != nil {
		l.fail("%s is not valid YAML: %w", path, err)
		return
	}
	flat, _ := maps.Flatten(tree, nil, ".")
	values := map[string]any{}
	for _, key := range sortedKeys(flat) {
		v := flat[key]
		if v == nil || isEmptyMap(v) {
			if !l.isGroupOrSetting(key) {
				l.unknown(path, key)
			}
			continue
		}
		if !l.isSetting(key) {
			l.unknown(path, key)
			continue
		}
		text, err := scalar(v)
		if err != nil {
			l.fail("%s: %s: %w", path, key, err)
			continue
		}
		values[key] = text
	}
	l.load(values, func(string) string { return path })
}

func (l *layers) unknown(where, key string) {
	l.fail("%s: unknown setting %q%s", where, key, didYouMean(key, l.keys()))
}

func (l *layers) environ(environ []string) (warnings []string) {
	byEnv, names := map[string]string{}, slices.Clone(otherEnv)
	for _, e := range l.known {
		byEnv[e.Env] = e.Key
		names = append(names, e.Env)
	}
	values := map[string]any{}
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		if !strings.HasPrefix(name, envPrefix) || value == "" {
			continue
		}
		if key, ok := byEnv[name]; ok {
			values[key] = value
			continue
		}
		// An unknown variable is no error: orchestrators set TOCSIN_PORT and the like for a service of that name.
		if hint := didYouMean(name, names); hint != "" && !contains(otherEnv, name) {
			warnings = append(warnings, fmt.Sprintf("environment variable %s is not a setting%s", name, hint))
		}
	}
	slices.Sort(warnings)
	l.load(values, envName)
	return warnings
}

func (l *layers) flags(flags map[string]string) {
	values := map[string]any{}
	for _, key := range sortedKeys(flags) {
		if !l.isSetting(key) {
			l.unknown("--set", key)
			continue
		}
		values[key] = flags[key]
	}
	l.load(values, func(string) string { return "command line" })
}

func (l *layers) keys() []string {
	keys := make([]string, len(l.known))
	for i, e := range l.known {
		keys[i] = e.Key
	}
	return keys
}

func (l *layers) isSetting(key string) bool { return contains(l.keys(), key) }

func (l *layers) isGroupOrSetting(key string) bool {
	return slices.ContainsFunc(l.known, func(e entry) bool {
		return e.Key == key || strings.HasPrefix(e.Key, key+".")
	})
}

// readFile reads a file of bounded size.
func readFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxFileBytes {
		return nil, fmt.Errorf("%s is larger than %s", path, form.Size(maxFileBytes))
	}
	return os.ReadFile(path)
}

// scalar turns a value of the file into the text that a flag or variable would hold.
func scalar(v any) (string, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case int:
		return strconv.Itoa(v), nil
	case bool:
		return strconv.FormatBool(v), nil
	case []any:
		parts := make([]string, len(v))
		for i, item := range v {
			text, err := scalar(item)
			if err != nil {
				return "", fmt.Errorf("item %d: %w", i, err)
			}
			parts[i] = text
		}
		return strings.Join(parts, ","), nil
	}
	return "", fmt.Errorf("a value of this kind (%T) is not expected here: write it as text", v)
}

func isEmptyMap(v any) bool {
	m, ok := v.(map[string]any)
	return ok && len(m) == 0
}
