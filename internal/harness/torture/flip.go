package torture

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
)

// maxFlips bounds the bits that one round flips.
const maxFlips = 4

// tailBytes is what counts as the end of what was written in a file, where recovery has to look closest.
const tailBytes = 2048

// flips are the bits that were flipped.
type flips struct {
	where  []string
	newest bool // one of them is in the newest file
}

// flip flips bits in the part of the journal's files that was written, in old and new ones.
func flip(dir string, r *rand.Rand) (flips, error) {
	files, err := written(dir)
	if err != nil {
		return flips{}, err
	}
	var out flips
	for range 1 + r.IntN(maxFlips) {
		f := files[r.IntN(len(files))]
		if r.IntN(3) == 0 {
			f = files[len(files)-1] // the newest is where the next append goes
		}
		at := r.Int64N(f.bytes)
		if r.IntN(3) == 0 {
			at = f.bytes - 1 - r.Int64N(min(f.bytes, tailBytes))
		}
		bit := byte(1) << r.IntN(8)
		if err := flipBit(f.path, at, bit); err != nil {
			return flips{}, err
		}
		out.where = append(out.where, fmt.Sprintf("%s at %d of %d, bit %#02x", filepath.Base(f.path), at, f.bytes, bit))
		out.newest = out.newest || f == files[len(files)-1]
	}
	return out, nil
}

// writtenFile is a file and how much of it is not the zeros that it was filled with.
type writtenFile struct {
	path  string
	bytes int64
}

// written lists the journal's files by name, which is the order they were made in, without locks, reserves, and files
// that hold nothing yet.
func written(dir string) ([]writtenFile, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("looking for the journal's files: %w", err)
	}
	var out []writtenFile
	for _, e := range entries {
		name := strings.ToLower(e.Name())
		if !e.Type().IsRegular() || strings.Contains(name, "lock") || strings.Contains(name, "ballast") {
			continue
		}
		path := filepath.Join(dir, e.Name())
		b, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("reading the journal's files: %w", err)
		}
		n := len(b)
		for n > 0 && b[n-1] == 0 {
			n--
		}
		if n > 0 {
			out = append(out, writtenFile{path, int64(n)})
		}
	}
	if len(out) == 0 {
		return nil, errors.New("the journal has no file with anything in it")
	}
	return out, nil
}

func flipBit(path string, at int64, bit byte) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("damaging the journal: %w", err)
	}
	b := make([]byte, 1)
	_, err = f.ReadAt(b, at)
	if err == nil {
		b[0] ^= bit
		_, err = f.WriteAt(b, at)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("damaging the journal: %w", err)
	}
	return nil
}
