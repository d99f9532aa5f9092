package journal

import (
	"bytes"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tocsin-hub/tocsin/internal/event"
)

func drawRecord(account event.Account) *rapid.Generator[*event.Record] {
	return rapid.Custom(func(t *rapid.T) *event.Record {
		text := rapid.StringN(0, 20, 40)
		r := &event.Record{
			Account: account, Type: rapid.SampledFrom([]string{"alert.created", "ip.blocked", "custom.x"}).Draw(t, "type"),
			Severity: event.Severity(rapid.IntRange(0, 4).Draw(t, "severity")), Project: text.Draw(t, "project"),
			AlertType: text.Draw(t, "alert type"), DedupKey: text.Draw(t, "dedup key"),
			OrderingKey: text.Draw(t, "ordering key"), Origin: text.Draw(t, "origin"),
			Time:     time.Unix(0, rapid.Int64Range(0, 1<<61).Draw(t, "time")).UTC(),
			Received: time.Unix(0, rapid.Int64Range(0, 1<<61).Draw(t, "received")).UTC(),
			Hops:     rapid.Byte().Draw(t, "hops"), Flags: event.Flags(rapid.IntRange(0, 15).Draw(t, "flags")),
			Body: []byte(`{"title":"` + rapid.StringMatching(`[a-z ]{0,900}`).Draw(t, "body") + `"}`),
			Raw:  rapid.SliceOfN(rapid.Byte(), 0, 50).Draw(t, "raw"),
		}
		copy(r.ID[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id"))
		return r
	})
}

func drawDraft() *rapid.Generator[*draft] {
	return rapid.Custom(func(t *rapid.T) *draft {
		d := &draft{
			epoch: rapid.Uint32().Draw(t, "epoch"), number: rapid.Uint64().Draw(t, "number"),
			time: time.Unix(0, rapid.Int64Range(0, 1<<61).Draw(t, "time")).UTC(),
		}
		copy(d.newest[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "newest"))
		for _, account := range rapid.SliceOfNDistinct(rapid.StringMatching(`[a-z]{1,12}`), 0, 4, rapid.ID).Draw(t, "accounts") {
			s := &draftSection{account: event.Account(account)}
			s.before = counter{rapid.Uint64Range(0, 1<<60).Draw(t, "events"), rapid.Uint64Range(0, 1<<60).Draw(t, "bytes")}
			for _, r := range rapid.SliceOfN(drawRecord(s.account), 1, 5).Draw(t, "records") {
				s.add(r)
			}
			d.sections = append(d.sections, s)
			if rapid.Bool().Draw(t, "idempotent") {
				x := Idempotency{Account: s.account, Count: rapid.Uint32().Draw(t, "count"), First: s.records[0].ID}
				x.KeyHash[0], x.BodyHash[31] = rapid.Byte().Draw(t, "key"), rapid.Byte().Draw(t, "body hash")
				d.idempotency = append(d.idempotency, x)
			}
			if rapid.Bool().Draw(t, "counted") {
				if d.counters == nil {
					d.counters = map[event.Account]counter{}
				}
				d.counters[s.account] = s.before
			}
		}
		return d
	})
}

func TestFrameRoundTrip(t *testing.T) {
	t.Parallel()
	var e encoder
	rapid.Check(t, func(t *rapid.T) {
		d := drawDraft().Draw(t, "frame")
		got, err := decodeFrame(bytes.Clone(e.encode(d)))
		if err != nil {
			t.Fatal(err)
		}
		if got.newest != d.newest || len(got.counters) != len(d.counters) {
			t.Fatalf("newest %x and %d counters, want %x and %d", got.newest, len(got.counters), d.newest, len(d.counters))
		}
		for account, c := range d.counters {
			if got.counters[account] != c {
				t.Fatalf("counters of %s are %v, want %v", account, got.counters[account], c)
			}
		}
		want := d.frame()
		for i := range want.Sections {
			plain, err := want.Sections[i].Records()
			stored, storedErr := got.frame.Sections[i].Records()
			if err != nil || storedErr != nil {
				t.Fatal(err, storedErr)
			}
			if diff := cmp.Diff(plain, stored, cmp.Transformer("empty", func(b []byte) string { return string(b) })); diff != "" {
				t.Fatal(diff)
			}
			if p := got.sections[i].after; p.events != d.sections[i].before.events+uint64(len(plain)) {
				t.Fatalf("%d events after section %d", p.events, i)
			}
			want.Sections[i].load, got.frame.Sections[i].load = nil, nil
		}
		if diff := cmp.Diff(want, got.frame, cmp.AllowUnexported(Section{})); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestEncodedBytes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := drawRecord("default").Draw(t, "record")
		exact, counted := len(r.AppendBinary(nil)), encodedBytes(r)
		if counted < exact || counted > exact+24 {
			t.Fatalf("%d bytes are counted as %d", exact, counted)
		}
	})
}

// exampleFrame has two accounts; one section is stored plain, the other compressed.
func exampleFrame() []byte {
	long := bytes.Repeat([]byte(`{"title":"the same again"} `), 40)
	d := &draft{epoch: 3, number: 77, time: time.Unix(1_800_000_000, 5), counters: map[event.Account]counter{"acme": {5, 600}}}
	for _, s := range []struct {
		account event.Account
		body    []byte
	}{{"acme", []byte(`{"title":"x"}`)}, {"umbrella", long}} {
		section := &draftSection{account: s.account, before: counter{events: 5, bytes: 600}}
		section.add(&event.Record{Account: s.account, Type: "alert.created", Body: s.body})
		section.add(&event.Record{Account: s.account, Type: "ip.blocked", Body: s.body})
		d.sections = append(d.sections, section)
	}
	d.idempotency = []Idempotency{{Account: "acme", Count: 2}}
	var e encoder
	return e.encode(d)
}

// TestEveryFlippedBit: no bit of a frame can change unnoticed, and one in a section costs that section alone.
func TestEveryFlippedBit(t *testing.T) {
	t.Parallel()
	good := exampleFrame()
	damagedSections := map[int]int{}
	for i := range len(good) * 8 {
		b := bytes.Clone(good)
		b[i/8] ^= 1 << (i % 8)
		d, err := decodeFrame(b)
		if err != nil {
			if !errors.Is(err, ErrDamaged) {
				t.Fatalf("bit %d: %v", i, err)
			}
			continue
		}
		damaged := 0
		for at := range d.frame.Sections {
			s := &d.frame.Sections[at]
			_, err := s.Records()
			if s.Damaged != errors.Is(err, ErrDamaged) || len(s.Types) != 2 {
				t.Fatalf("bit %d: section %d is damaged: %v, its records: %v", i, at, s.Damaged, err)
			}
			if s.Damaged {
				damaged++
				damagedSections[at]++
			}
		}
		if damaged != 1 {
			t.Fatalf("bit %d: %d sections are damaged", i, damaged)
		}
	}
	if damagedSections[0] == 0 || damagedSections[1] == 0 {
		t.Fatalf("flips hit sections %v; want both", damagedSections)
	}
}

// TestFrameCutShort: what is there of a frame is served, the rest is damaged.
func TestFrameCutShort(t *testing.T) {
	t.Parallel()
	good := exampleFrame()
	whole := 0
	for n := range len(good) {
		d, err := decodeFrame(good[:n])
		if err != nil {
			continue
		}
		if !d.frame.Sections[1].Damaged {
			t.Fatalf("%d of %d bytes: the last section passes for sound", n, len(good))
		}
		if !d.frame.Sections[0].Damaged {
			whole++
		}
	}
	if whole == 0 {
		t.Fatal("the first section was never served")
	}
	if _, err := decodeFrame(slices.Concat(good, []byte("left over"))); err != nil {
		t.Fatalf("a frame with something behind it: %v", err)
	}
}

func FuzzDecodeFrame(f *testing.F) {
	f.Add(exampleFrame())
	var e encoder
	f.Add(e.encode(&draft{}))
	f.Fuzz(func(t *testing.T, b []byte) {
		fuzzFrame(t, b)
		// Past the checksum: what a faulty writer, not a faulty disk, could leave.
		if len(b) > 0 {
			fuzzHeader(t, b)
		}
	})
}

func fuzzFrame(t *testing.T, b []byte) {
	d, err := decodeFrame(b)
	if err != nil {
		if !errors.Is(err, ErrDamaged) {
			t.Fatal(err)
		}
		return
	}
	for i := range d.frame.Sections {
		if list, err := d.frame.Sections[i].Records(); err == nil && len(list) != int(d.frame.Sections[i].Count) {
			t.Fatalf("%d records of %d", len(list), d.frame.Sections[i].Count)
		}
	}
}

func fuzzHeader(t *testing.T, b []byte) {
	split := min(int(b[0]), len(b))
	r := reader{b: append([]byte{frameVersion}, b[:split]...)}
	d := r.header()
	if r.failed {
		return
	}
	d.cut(b[split:])
	for i := range d.frame.Sections {
		stored := d.sections[i]
		d.frame.Sections[i].Damaged = len(stored.stored) != stored.length
		_, err := loader(&d.frame.Sections[i], stored)()
		if err != nil && !errors.Is(err, ErrDamaged) {
			t.Fatal(err)
		}
	}
}
