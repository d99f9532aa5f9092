package syslog

import (
	"bytes"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// framed gives what a framer finds in a stream that comes in pieces; "…" marks what was cut.
func framed(most int, pieces ...string) []string {
	f := Framer{Max: most}
	var list []string
	var buf []byte
	for i, p := range append(pieces, "") {
		ended := i == len(pieces)
		buf = append(buf, p...)
		for {
			frame, used, ok := f.Next(buf, ended)
			if ok {
				s := string(frame.Bytes)
				if frame.Cut {
					s += "…"
				}
				list = append(list, s)
			}
			buf = buf[used:]
			if !ok {
				break
			}
		}
	}
	return list
}

func TestFramer(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		pieces []string
		want   []string
	}{
		{"lines", []string{"<1>a\n<2>b\r\n\n<3>c"}, []string{"<1>a", "<2>b\r", "<3>c"}},
		{"counted", []string{"4 <1>a5 <2>bb"}, []string{"<1>a", "<2>bb"}},
		{"counted with line feeds in and between", []string{"6 <1>a\nb\n4 <2>b\n"}, []string{"<1>a\nb", "<2>b"}},
		{"both", []string{"4 <1>a<2>b\n4 <3>c<4>d\n"}, []string{"<1>a", "<2>b", "<3>c", "<4>d"}},
		{"in pieces", []string{"1", "0", " ", "<1>", "aaaaaaa", "<2", ">b", "\n"}, []string{"<1>aaaaaaa", "<2>b"}},
		{"text that begins with digits", []string{"2003-11 x\n12 monkeys\n123\n"}, []string{"2003-11 x", "12 monkeys", "123"}},
		{"a length beyond belief", []string{"99999999 <\n"}, []string{"99999999 <"}},
		{"too long, counted", []string{"20 <1>", "23456789012345678901", "2\n4 <2>b"}, []string{"<1>2345678…", "9012", "<2>b"}},
		{"too long, counted, at once", []string{"12 <1>456789012<2>b\n"}, []string{"<1>4567890…", "<2>b"}},
		{"too long, a line", []string{"<1>45678901", "2345", "\n<2>b\n"}, []string{"<1>4567890…", "<2>b"}},
		{"as long as allowed", []string{"<1>4567890\n10 <1>4567890"}, []string{"<1>4567890", "<1>4567890"}},
		{"ended early", []string{"9 <1>a"}, []string{"<1>a…"}},
		{"nothing", []string{"\n\r\n\x00"}, nil},
	} {
		if diff := cmp.Diff(c.want, framed(10, c.pieces...)); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}

// TestFramerPieces: how a stream is cut into pieces by the network does not matter.
func TestFramerPieces(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var stream strings.Builder
		var want []string
		for range rapid.IntRange(0, 8).Draw(t, "messages") {
			text := rapid.StringMatching(`<[0-9]{1,3}>[a-z0-9 ]{0,30}`).Draw(t, "message")
			if rapid.Bool().Draw(t, "counted") {
				stream.WriteString(strconv.Itoa(len(text)) + " " + text)
			} else {
				stream.WriteString(text + "\n")
			}
			if len(text) > 20 {
				text = text[:20] + "…"
			}
			want = append(want, text)
		}
		var pieces []string
		for rest := stream.String(); rest != ""; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "piece")
			pieces, rest = append(pieces, rest[:n]), rest[n:]
		}
		if diff := cmp.Diff(want, framed(20, pieces...)); diff != "" {
			t.Fatalf("%q: %s", pieces, diff)
		}
	})
}

func FuzzFramer(f *testing.F) {
	f.Add([]byte("4 <1>a<2>b\n99 <3>"), 3)
	f.Add([]byte("123456789 <1>a\n\n\x00"), 1)
	f.Fuzz(func(t *testing.T, stream []byte, piece int) {
		piece = max(1, piece&63)
		var pieces []string
		for rest := stream; len(rest) > 0; {
			n := min(piece, len(rest))
			pieces, rest = append(pieces, string(rest[:n])), rest[n:]
		}
		list := framed(16, pieces...)
		total := 0
		for _, s := range list {
			if total += len(s); len(strings.TrimSuffix(s, "…")) > 16 {
				t.Fatalf("%q is too long", s)
			}
			if !bytes.Contains(stream, []byte(strings.TrimSuffix(s, "…"))) {
				t.Fatalf("%q is not in the stream", s)
			}
		}
		if diff := cmp.Diff(list, framed(16, string(stream))); diff != "" {
			t.Fatalf("pieces matter: %s", diff)
		}
	})
}
