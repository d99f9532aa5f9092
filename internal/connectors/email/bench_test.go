package email

import "testing"

// BenchmarkWrite makes the message of an alert.
func BenchmarkWrite(b *testing.B) {
	r, w := goldenAlert(b, nil), testWriter(b)
	e, err := r.Event()
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		m, err := w.write(compose(r, &e, "https://tocsin.example.com"), "dlv_1", noon)
		if err != nil {
			b.Fatal(err)
		}
		b.SetBytes(int64(len(m.bytes)))
	}
}
