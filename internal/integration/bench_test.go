package integration

import (
	"fmt"
	"testing"
)

// BenchmarkRotate rotates the key of 500 integrations with two secrets each, in a store that syncs.
func BenchmarkRotate(b *testing.B) {
	f := newFixture(b)
	for n := range 500 {
		if _, err := f.Create(b.Context(), account, object(b, fmt.Sprintf(`{"name":"n%d","settings":{"signing_secret":"canary-signing"}}`, n))); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		if _, err := secretsOf(f).Rotate(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}
