package torture

import (
	"slices"
	"sync"
)

// secretRing is what a receiver believes: the signing secrets that were ever in force and are not withdrawn. It is safe
// for concurrent use.
type secretRing struct {
	mu   sync.Mutex
	list []string
}

// live gives the secrets; those of a nil ring are the usual one.
func (s *secretRing) live() []string {
	if s == nil {
		return []string{signingSecret}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.list)
}

// keep makes these the secrets.
func (s *secretRing) keep(secrets ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.list = secrets
}
