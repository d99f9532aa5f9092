package integration

import (
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// A reference stands in the place of a secret and says where the secret is: env:NAME or file:/absolute/path. It is
// stored and shown as it is, and resolved each time an integration is opened.
//
// Whoever may set one can read the hub's own environment and files, by having what they hold sent to a receiver of their
// choosing. So who may, and what may be named, is narrow: see References.

// The limits of a reference.
const (
	// MaxReference bounds the text of a reference, in bytes.
	MaxReference = 1 << 10
	// MaxReferred bounds what a reference may stand for, in bytes (64 KiB).
	MaxReferred = 64 << 10
)

// RefMode says whose integrations may hold references.
type RefMode string

// The modes of references.
const (
	RefOff      RefMode = "off"      // nobody's
	RefOperator RefMode = "operator" // those of the operator's own account, event.DefaultAccount
	RefAll      RefMode = "all"      // every account's, and there only what Dirs and Env list
)

// References says what references may be used and what they may name. In every mode only administrators may set one.
type References struct {
	// Mode is RefOperator if empty.
	Mode RefMode
	// Dirs are the directories that files must be below; empty: any, in the operator's account alone.
	Dirs []string
	// Env are patterns (as of path.Match) of the variables that may be named; empty: any, in the operator's account alone.
	Env []string
	// Forbidden are files and directories that nothing may be read from, whatever else is allowed: the data directory,
	// the files of its keys, the configuration.
	Forbidden []string
	// LookupEnv is os.LookupEnv unless set.
	LookupEnv func(name string) (string, bool)
}

// Is says whether a text is meant as a reference, well-formed or not.
func (p *References) Is(text string) bool { return isReference(text) }

// Check says why a reference may not be used in an account. Its error continues the name of a setting.
func (p *References) Check(account event.Account, text string) error {
	ref, err := parseReference(text)
	if err != nil {
		return err
	}
	return p.permits(account, ref)
}

// Resolve gives what a reference stands for now. Its error continues the reference as a sentence.
func (p *References) Resolve(account event.Account, text string) (string, error) {
	ref, err := parseReference(text)
	if err != nil {
		return "", err
	}
	return p.resolve(account, ref)
}

// reference is a parsed one.
type reference struct {
	env  string // a variable's name, or
	file string // a file's path
}

func (r reference) String() string {
	if r.env != "" {
		return "env:" + r.env
	}
	return "file:" + r.file
}

// The two kinds of references.
const (
	envPrefix  = "env:"
	filePrefix = "file:"
)

// isReference says whether a text is meant as one, well-formed or not. No credential begins like that.
func isReference(text string) bool {
	return strings.HasPrefix(text, envPrefix) || strings.HasPrefix(text, filePrefix)
}

var envName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,127}$`)

// parseReference reads what isReference recognises. Its errors continue the name of a setting as a sentence.
func parseReference(text string) (reference, error) {
	if len(text) > MaxReference {
		return reference{}, fmt.Errorf("is a reference of more than %d bytes", MaxReference)
	}
	if name, ok := strings.CutPrefix(text, envPrefix); ok {
		if !envName.MatchString(name) {
			return reference{}, errors.New("must name an environment variable after env:, such as env:SPLUNK_TOKEN")
		}
		return reference{env: name}, nil
	}
	file, _ := strings.CutPrefix(text, filePrefix)
	switch {
	case !utf8.ValidString(file), strings.ContainsFunc(file, func(r rune) bool { return r < ' ' || r == 0x7f || bidi(r) }):
		return reference{}, errors.New("must not name a file with control characters")
	case !filepath.IsAbs(file) || strings.HasPrefix(file, "//"):
		return reference{}, errors.New("must name an absolute path after file:, such as file:/run/secrets/splunk-token")
	case filepath.Clean(file) != file || file == "/":
		return reference{}, errors.New("must name a file by its plain path, without .., . or doubled slashes")
	}
	return reference{file: file}, nil
}

// permits says whether integrations of an account may use a reference. Its errors continue the name of a setting.
func (p *References) permits(account event.Account, r reference) error {
	switch p.Mode {
	case RefAll:
	case RefOperator, "":
		if account != event.DefaultAccount {
			return errors.New("is a reference to the hub's own environment or files, which only the operator's account may use: enter the secret itself")
		}
	default:
		return errors.New("is a reference, and the operator has switched references off: enter the secret itself")
	}
	if r.env != "" {
		return p.permitsEnv(account, r.env)
	}
	if len(p.Dirs) == 0 && account != event.DefaultAccount {
		return errors.New("is a reference to a file, and the operator has named no directory for them (secrets.files)")
	}
	return nil // the file itself is judged when it is open
}

func (p *References) permitsEnv(account event.Account, name string) error {
	if strings.HasPrefix(strings.ToUpper(name), "TOCSIN_") {
		return errors.New("must not refer to the hub's own variables, TOCSIN_…")
	}
	if len(p.Env) == 0 && account != event.DefaultAccount {
		return errors.New("is a reference to a variable, and the operator has named none for them (secrets.env)")
	}
	if len(p.Env) > 0 && !slices.ContainsFunc(p.Env, func(pattern string) bool {
		ok, err := path.Match(pattern, name)
		return ok && err == nil
	}) {
		return errors.New("refers to a variable that the operator has not allowed (secrets.env)")
	}
	return nil
}

// RefError says that a reference cannot be used now. It never holds what it refers to.
type RefError struct {
	Setting   string // the setting's path
	Reference string
	Err       error
}

func (e *RefError) Error() string {
	return fmt.Sprintf("setting %s: %s %s", e.Setting, e.Reference, e.Err)
}

func (e *RefError) Unwrap() error { return e.Err }

// resolve gives what a reference stands for. Its errors continue the reference as a sentence and say what to do.
func (p *References) resolve(account event.Account, r reference) (string, error) {
	if err := p.permits(account, r); err != nil {
		return "", err
	}
	if r.file != "" {
		return p.readFile(r.file)
	}
	value, ok := p.LookupEnv(r.env)
	switch {
	case !ok:
		return "", errors.New("is not set in the hub's environment: set it and restart the hub, or change the setting")
	case value == "":
		return "", errors.New("is empty in the hub's environment: set it and restart the hub, or change the setting")
	}
	return checkReferred(value)
}

// checkReferred refuses what no secret is; the setting's own rules come on top.
func checkReferred(value string) (string, error) {
	switch {
	case len(value) > MaxReferred:
		return "", fmt.Errorf("holds more than %d bytes, which no secret does", MaxReferred)
	case value == "":
		return "", errors.New("is empty: write the secret into it")
	case !utf8.ValidString(value) || strings.ContainsRune(value, 0):
		return "", errors.New("does not hold text")
	}
	return value, nil
}
