package seal

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/form"
)

// The environment variables that bring keys.
const (
	// EnvKey holds the current key: base64 of 32 bytes, or the text of a key file.
	EnvKey = "TOCSIN_SECRET_KEY"
	// EnvPrevious holds earlier keys, which only unseal, in the same form; several bare ones with spaces between.
	EnvPrevious = "TOCSIN_SECRET_KEY_PREVIOUS"
	// EnvAgeIdentity names the file with the age identity that opens AgeFile.
	EnvAgeIdentity = "TOCSIN_AGE_IDENTITY"
)

// Options say where the keys come from. Without any, they are in KeyFile of the data directory, which is made for a
// new installation.
type Options struct {
	// Key is the current key from outside: base64 of 32 bytes, or the text of a key file. It goes before every file.
	Key form.Secret
	// Previous are earlier keys from outside, in the same form.
	Previous form.Secret
	// AgeIdentity is the path of a file with a native age identity; the keys are then in AgeFile of the data directory,
	// encrypted to it. A new installation makes that file.
	AgeIdentity string
	// Existing says that there is a database already: then a missing key is an error (ErrNoKey) and none is made.
	Existing bool
}

// FromEnviron fills what o leaves out from the environment variables above; getenv is os.Getenv or the like.
func (o Options) FromEnviron(getenv func(string) string) Options {
	if o.Key.IsZero() {
		o.Key = form.NewSecret(getenv(EnvKey))
	}
	if o.Previous.IsZero() {
		o.Previous = form.NewSecret(getenv(EnvPrevious))
	}
	if o.AgeIdentity == "" {
		o.AgeIdentity = getenv(EnvAgeIdentity)
	}
	return o
}

// Open gathers the keys of the data directory: the current one from the environment, from the age file or from the key
// file, in this order of preference; and earlier ones from wherever else they are, so that moving from one place to
// another is a rotation. Errors say what to do; those about the state of keys wrap ErrKeyFile or ErrNoKey.
func Open(dir string, o Options) (*Sealer, error) { return open(dir, o, osDisk{}) }

func open(dir string, o Options, d disk) (*Sealer, error) {
	k := keeper{dir: dir, options: o, disk: d}
	keys, err := k.gather()
	if err != nil {
		return nil, err
	}
	defer clear(keys)
	return newSealer(k, keys)
}

// keeper knows where an installation's keys are kept.
type keeper struct {
	dir     string
	options Options
	disk    disk
}

// gather reads every key there is, the current one first, and makes the first one of a new installation.
func (k *keeper) gather() ([]key, error) {
	outside, err := parseOutside(k.options.Key, EnvKey)
	if err != nil {
		return nil, err
	}
	previous, err := parseOutside(k.options.Previous, EnvPrevious)
	if err != nil {
		return nil, err
	}
	file, err := readKeyFile(k.dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("reading the key file: %w", err)
	}
	aged, err := k.readAge(len(outside) > 0, len(file) > 0, len(previous) > 0)
	if err != nil {
		return nil, err
	}
	if len(outside)+len(aged)+len(file) == 0 {
		if k.options.Existing && len(previous) == 0 {
			return nil, k.missing()
		}
		if file, err = makeKeyFile(k.disk, k.dir); err != nil {
			return nil, err
		}
	}
	keys, err := merge(outside, aged, file, previous)
	if err != nil {
		return nil, fmt.Errorf("%w: the installation %w", ErrKeyFile, err)
	}
	return keys, nil
}

// missing says what to do about a database without its key.
func (k *keeper) missing() error {
	name := KeyFile
	if k.options.AgeIdentity != "" {
		name = AgeFile
	}
	path := filepath.Join(k.dir, name)
	return fmt.Errorf("%w: there is a database, but no %s. Put the file back from where you keep it, or set %s. "+
		"Without the key no stored secret can be read; to go on without them, make a key "+
		"(umask 077; tocsin secrets new-key > %s) and enter every secret again",
		ErrNoKey, path, EnvKey, filepath.Join(k.dir, KeyFile))
}

// parseOutside reads keys that came from the environment or the settings.
func parseOutside(text form.Secret, source string) ([]key, error) {
	plain := strings.TrimSpace(text.Reveal())
	if plain == "" {
		return nil, nil
	}
	if strings.Contains(plain, keyFileMagic) {
		keys, err := parseKeys(plain, source)
		if err != nil {
			return nil, fmt.Errorf("%w: %s %w", ErrKeyFile, source, err)
		}
		return keys, nil
	}
	words := strings.Fields(plain)
	if source == EnvKey && len(words) > 1 {
		return nil, fmt.Errorf("%w: %s holds more than one key: earlier ones belong into %s", ErrKeyFile, source, EnvPrevious)
	}
	var keys []key
	for _, word := range words {
		k, err := parseBareKey(word, source)
		if err != nil {
			return nil, fmt.Errorf("%w: %s %w (tocsin secrets new-key --bare), nor the text of a key file (tocsin secrets new-key)",
				ErrKeyFile, source, err)
		}
		if weak(&k) {
			return nil, fmt.Errorf("%w: %s is not a random key: make one with tocsin secrets new-key --bare", ErrKeyFile, source)
		}
		keys = append(keys, k)
	}
	keys, err := merge(keys)
	if err != nil {
		return nil, fmt.Errorf("%w: %s %w", ErrKeyFile, source, err)
	}
	return keys, nil
}

// weak recognises keys that somebody typed: of 32 random bytes, at least 16 differ (fewer has a chance below 1e-18).
func weak(k *key) bool {
	seen := map[byte]bool{}
	for _, b := range k.raw {
		seen[b] = true
	}
	return len(seen) < keyBytes/2
}
