package seal

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
)

// Errors of a rotation.
var (
	// ErrRotating: another rotation is under way in this process.
	ErrRotating = errors.New("a rotation is under way already")
	// ErrNoNewKey: the current key is brought from outside, and no new one was brought yet.
	ErrNoNewKey = errors.New("there is no new key to rotate to")
	// ErrStillUsed: something is still sealed with an earlier key, which was therefore kept.
	ErrStillUsed = errors.New("an earlier key is still in use")
)

// Resealer is a room that keeps sealed values.
type Resealer interface {
	// Reseal hands every sealed value it keeps to reseal, with its place, and stores what comes back in its stead if
	// that is changed. A value that is stored meanwhile by somebody else is handed over again. It gives the number of
	// values it replaced, and stops at the first error.
	Reseal(ctx context.Context, reseal func(sealed []byte, aad AAD) (fresh []byte, changed bool, err error)) (n int, err error)
}

// ResealAll hands the secrets of one row to a Resealer's reseal, by name, and gives them as they are to be stored and how
// many of them changed. place says where a secret is. The map itself is not changed.
func ResealAll(secrets map[string][]byte, reseal func([]byte, AAD) ([]byte, bool, error), place func(name string) AAD) (fresh map[string][]byte, n int, err error) {
	fresh = maps.Clone(secrets)
	for _, name := range slices.Sorted(maps.Keys(secrets)) {
		sealed, changed, err := reseal(secrets[name], place(name))
		if err != nil {
			return nil, 0, err
		}
		if changed {
			fresh[name] = sealed
			n++
		}
	}
	return fresh, n, nil
}

// Place is where a value is that no key here opens.
type Place struct {
	AAD
	Key string // the id of the key that it names; empty for what is no sealed value
}

// maxPlaces bounds how many places a Rotation or Survey lists.
const maxPlaces = 100

// Rotation is what a rotation did.
type Rotation struct {
	Key      string   // the id of the current key
	Earlier  []string // the ids of the keys before it
	Resumed  bool     // an earlier rotation that had not finished was finished; no key was made
	Resealed int      // values that were sealed anew
	Values   int      // sealed values there are
	// Unreadable are values that no key here opens: they were so before. At most 100 are listed.
	Unreadable []Place
	// Next is what the operator must still do; empty if nothing.
	Next string
}

// Rotate changes the key: a new one is added to the key file, every value of the resealers is sealed with it, it is
// verified that none names an earlier key, and the earlier keys are taken out of the file. Each step is durable before
// the next begins; after a crash or an error at any point every value can be read, and rotating again finishes.
//
// Keys from the environment or an age file are the operator's to change: then only the sealing anew and the verifying
// are done, and Next says what remains; ErrNoNewKey says how to begin. Other errors: ErrRotating, ErrStillUsed, what
// the file system or a resealer gives.
func (s *Sealer) Rotate(ctx context.Context, rooms ...Resealer) (Rotation, error) {
	if !s.rotating.TryLock() {
		return Rotation{}, ErrRotating
	}
	defer s.rotating.Unlock()
	resumed, err := s.begin()
	if err != nil {
		return Rotation{}, err
	}
	now := s.ring.Load()
	r := Rotation{Key: now.current.text(), Resumed: resumed}
	for _, k := range now.all[1:] {
		r.Earlier = append(r.Earlier, k.text())
	}
	for _, room := range rooms {
		n, err := room.Reseal(ctx, s.reseal)
		r.Resealed += n
		if err != nil {
			return r, fmt.Errorf("sealing secrets anew: %w", err)
		}
	}
	found, err := s.Survey(ctx, rooms...)
	if err != nil {
		return r, fmt.Errorf("verifying that the earlier keys are not needed: %w", err)
	}
	r.Values, r.Unreadable = found.Values, found.Unreadable
	if err := found.holdsOn(now); err != nil {
		return r, err
	}
	r.Next, err = s.retire()
	return r, err
}

// reseal is what resealers are handed: the value sealed with the current key. What cannot be read stays as it is.
func (s *Sealer) reseal(sealed []byte, aad AAD) ([]byte, bool, error) {
	current := s.ring.Load().current
	if KeyOf(sealed) == current.text() {
		return sealed, false, nil
	}
	plain, err := s.Unseal(sealed, aad)
	if err != nil {
		return sealed, false, nil //nolint:nilerr // the survey that follows counts it
	}
	fresh, err := current.seal(plain, aad)
	if err != nil {
		return sealed, false, err
	}
	return fresh, true, nil
}

// begin makes sure that there is a new current key beside earlier ones. It says whether it found those of a rotation that
// was broken off.
func (s *Sealer) begin() (resumed bool, err error) {
	now := s.ring.Load()
	if now.current.source != KeyFile {
		if len(now.all) == 1 {
			return false, fmt.Errorf("%w: %s", ErrNoNewKey, s.keys.howToBegin(now.current.source))
		}
		return false, nil
	}
	path := filepath.Join(s.keys.dir, KeyFile)
	if err := tidy(s.keys.disk, path); err != nil {
		return false, fmt.Errorf("removing what a broken-off rotation left: %w", err)
	}
	file, err := readKeyFile(s.keys.dir)
	if err != nil {
		return false, fmt.Errorf("reading the key file: %w", err)
	}
	defer clear(file)
	if resumed = len(file) > 1 || len(now.all) > 1; resumed {
		// The file may have been replaced just before something failed: it is made durable before its key is used.
		if err := s.keys.disk.SyncDir(s.keys.dir); err != nil {
			return true, fmt.Errorf("making the key file durable: %w", err)
		}
	} else {
		file = append([]key{newKey(KeyFile)}, file...)
		if file, err = merge(file); err != nil {
			return false, fmt.Errorf("making a key: the key file %w", err)
		}
		if err := replace(s.keys.disk, path, formatKeys(file)); err != nil {
			return false, fmt.Errorf("adding a key to the key file: %w", err)
		}
	}
	return resumed, s.adopt(file)
}

// adopt takes the file's first key as the current one and keeps every other one for unsealing. It waits until what is
// sealed with the key of before is stored.
func (s *Sealer) adopt(file []key) error {
	next, err := newRing(file)
	if err != nil {
		return err
	}
	s.hold.Lock()
	defer s.hold.Unlock()
	for _, k := range s.ring.Load().all {
		if next.find(k.id) == nil {
			next.all = append(next.all, k)
		}
	}
	s.ring.Store(next)
	return nil
}

// retire takes the earlier keys out of the key file and forgets them. Keys that are kept elsewhere stay; next says what
// to do about them.
func (s *Sealer) retire() (next string, err error) {
	now := s.ring.Load()
	if now.current.source == KeyFile {
		file, err := readKeyFile(s.keys.dir)
		if err != nil {
			return "", fmt.Errorf("reading the key file: %w", err)
		}
		defer clear(file)
		if file[0].id() != now.current.id {
			return "", fmt.Errorf("%w: %s was changed by somebody else meanwhile: stop the hub and look at it", ErrKeyFile,
				filepath.Join(s.keys.dir, KeyFile))
		}
		if len(file) > 1 {
			if err := replace(s.keys.disk, filepath.Join(s.keys.dir, KeyFile), formatKeys(file[:1])); err != nil {
				return "", fmt.Errorf("taking the earlier keys out of the key file: %w", err)
			}
		}
		now = now.without(func(k *sealKey) bool { return k.source == KeyFile })
		s.ring.Store(now)
	}
	return s.keys.howToFinish(now.all[1:]), nil
}

// howToBegin tells an operator who brings the keys from outside how to bring a new one.
func (k *keeper) howToBegin(source string) string {
	if source == AgeFile {
		path := filepath.Join(k.dir, AgeFile)
		return fmt.Sprintf("put one in front of the one in %[1]s and restart the hub, then rotate again: "+
			"(tocsin secrets new-key; age -d -i IDENTITY %[1]s) | age -r RECIPIENT -a > %[1]s.next && mv %[1]s.next %[1]s", path)
	}
	return fmt.Sprintf("make one (tocsin secrets new-key --bare), set %s to it and %s to the one of now, restart the hub, then rotate again",
		EnvKey, EnvPrevious)
}

// howToFinish tells where the earlier keys are that are not needed any more.
func (k *keeper) howToFinish(earlier []*sealKey) string {
	var parts []string
	for _, old := range earlier {
		part := ""
		switch old.source {
		case KeyFile:
			part = "delete " + filepath.Join(k.dir, KeyFile)
		case AgeFile:
			part = "encrypt " + filepath.Join(k.dir, AgeFile) + " anew with its first key alone"
		case EnvPrevious:
			part = "unset " + EnvPrevious
		default:
			part = "take the earlier keys out of " + old.source
		}
		if !slices.Contains(parts, part) {
			parts = append(parts, part)
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return "nothing uses the earlier keys any more: " + strings.Join(parts, "; ") +
		" (keep a copy for as long as you keep backups from before)"
}

// Survey is what is sealed with which key.
type Survey struct {
	Values int            // sealed values there are
	ByKey  map[string]int // by the id of the key that they name; "" for what is no sealed value
	// Unreadable are values that no key here opens. At most 100 are listed.
	Unreadable []Place
	unreadable map[string]Place // one for each key that unreadable values name
}

// Survey looks at every sealed value and unseals it, without changing anything.
func (s *Sealer) Survey(ctx context.Context, rooms ...Resealer) (Survey, error) {
	found := Survey{ByKey: map[string]int{}, unreadable: map[string]Place{}}
	for _, room := range rooms {
		_, err := room.Reseal(ctx, func(sealed []byte, aad AAD) ([]byte, bool, error) {
			id := KeyOf(sealed)
			found.Values++
			found.ByKey[id]++
			if _, err := s.Unseal(sealed, aad); err != nil {
				p := Place{AAD: aad, Key: id}
				found.unreadable[id] = p
				if len(found.Unreadable) < maxPlaces {
					found.Unreadable = append(found.Unreadable, p)
				}
			}
			return sealed, false, nil
		})
		if err != nil {
			return found, err
		}
	}
	return found, nil
}

// holdsOn says why the earlier keys of r must stay.
func (f *Survey) holdsOn(r *ring) error {
	for _, k := range r.all[1:] {
		n := f.ByKey[k.text()]
		if n == 0 {
			continue
		}
		if p, damaged := f.unreadable[k.text()]; damaged {
			return fmt.Errorf("%w: %d values name key %s, and at least one of them (%s, account %s) is damaged: "+
				"enter that secret again, then rotate again", ErrStillUsed, n, k.text(), p.Field, p.Account)
		}
		return fmt.Errorf("%w: %d values name key %s: rotate again", ErrStillUsed, n, k.text())
	}
	return nil
}
