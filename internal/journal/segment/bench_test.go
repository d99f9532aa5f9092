package segment_test

import (
	"fmt"
	"testing"

	"github.com/tocsin-hub/tocsin/internal/journal/segment"
)

// BenchmarkAppend measures one write and one sync, with segments of the default size beside them.
func BenchmarkAppend(b *testing.B) {
	for _, size := range []int{1 << 10, 64 << 10, 256 << 10} {
		b.Run(fmt.Sprintf("%dKiB", size>>10), func(b *testing.B) {
			log, err := segment.Open(b.Context(), b.TempDir(), segment.Options{})
			if err != nil {
				b.Fatal(err)
			}
			payload := make([]byte, size)
			for i := range payload {
				payload[i] = byte(i * 7)
			}
			b.SetBytes(int64(size))
			for b.Loop() {
				if _, err := log.Append(b.Context(), payload); err != nil {
					b.Fatal(err)
				}
			}
			b.StopTimer()
			if err := log.Close(); err != nil {
				b.Fatal(err)
			}
		})
	}
}
