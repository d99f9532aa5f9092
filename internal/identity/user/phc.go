package user

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// cost is what hashing a password takes.
type cost struct {
	memory uint32 // KiB
	passes uint32
	lanes  uint8
}

// currentCost is what new passwords are hashed with: the first choice of OWASP's password storage cheat sheet for
// argon2id (19 MiB, two passes, one lane).
var currentCost = cost{memory: 19 * 1024, passes: 2, lanes: 1}

// What is taken for a hash: a damaged row must not be able to take all memory.
const (
	maxMemory = 256 * 1024 // KiB
	maxPasses = 16
	maxLanes  = 16
	saltBytes = 16
	hashBytes = 32
	maxParts  = 64 // bytes of the salt and of the hash
)

// phc is a hashed password in its textual form ($argon2id$v=19$m=19456,t=2,p=1$salt$hash), as the PHC string format
// defines it.
type phc struct {
	cost
	salt, hash []byte
}

var errPHC = errors.New("not a password hash in PHC form")

func (p phc) String() string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=19$m=%d,t=%d,p=%d$%s$%s", p.memory, p.passes, p.lanes, b64.EncodeToString(p.salt), b64.EncodeToString(p.hash))
}

// parsePHC reads what String writes, and nothing that String would write another way.
func parsePHC(text string) (p phc, err error) {
	parts := strings.Split(text, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != "v=19" {
		return phc{}, errPHC
	}
	params := strings.Split(parts[3], ",")
	if len(params) != 3 {
		return phc{}, errPHC
	}
	var numbers [3]uint32
	for i, want := range []struct {
		name     string
		min, max uint64
	}{{"m=", 8, maxMemory}, {"t=", 1, maxPasses}, {"p=", 1, maxLanes}} {
		digits, ok := strings.CutPrefix(params[i], want.name)
		n, err := strconv.ParseUint(digits, 10, 32)
		if !ok || err != nil || n < want.min || n > want.max {
			return phc{}, errPHC
		}
		numbers[i] = uint32(n)
	}
	p.memory, p.passes, p.lanes = numbers[0], numbers[1], uint8(numbers[2])
	if p.salt, err = decodePart(parts[4], 8); err != nil {
		return phc{}, err
	}
	if p.hash, err = decodePart(parts[5], 16); err != nil {
		return phc{}, err
	}
	if p.memory < 8*uint32(p.lanes) || p.String() != text {
		return phc{}, errPHC
	}
	return p, nil
}

func decodePart(text string, least int) ([]byte, error) {
	b, err := base64.RawStdEncoding.Strict().DecodeString(text)
	if err != nil || len(b) < least || len(b) > maxParts {
		return nil, errPHC
	}
	return b, nil
}
