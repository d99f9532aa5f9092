package audit

import (
	"crypto/sha256"

	"github.com/tocsin-hub/tocsin/internal/store"
)

// What is hashed begins with what it is, so that no hash can be taken for one of another kind.
const (
	genesisDomain = "tocsin-audit-genesis-v1\n"
	entryDomain   = "tocsin-audit-entry-v1\n"
)

// genesis is what the first entry of an installation's record follows.
func genesis(installation [16]byte) [32]byte {
	return sha256.Sum256(append([]byte(genesisDomain), installation[:]...))
}

// link is the hash of the entry whose body has the hash body and which follows the entry with the hash previous. The
// body goes in as its hash, so that the chain can be followed where a body is withheld.
func link(previous, body [32]byte) [32]byte {
	b := make([]byte, 0, len(entryDomain)+64)
	b = append(b, entryDomain...)
	b = append(b, previous[:]...)
	return sha256.Sum256(append(b, body[:]...))
}

// before is the hash that the first entry after the anchor follows.
func before(a store.AuditAnchor) [32]byte {
	if a.Seq == 0 {
		return genesis(a.Installation)
	}
	return a.Hash
}
