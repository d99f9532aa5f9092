package audit

import (
	"strings"
	"testing"
	"time"
)

func TestCheckpointText(t *testing.T) {
	t.Parallel()
	c := Checkpoint{
		Installation: "0102030405060708090a0b0c0d0e0f10", Seq: 1<<63 - 1, Hash: strings.Repeat("0f", 32),
		At: time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC),
	}
	text := c.String()
	want := "tocsin-audit-checkpoint v1 installation=0102030405060708090a0b0c0d0e0f10 seq=9223372036854775807 hash=" +
		strings.Repeat("0f", 32) + " at=2026-11-21T10:00:00Z"
	if text != want {
		t.Errorf("got %s", text)
	}
	for _, good := range []string{text, " \n" + text + "\r\n"} {
		if got, err := ParseCheckpoint(good); err != nil || got != c {
			t.Errorf("%q: %+v, %v", good, got, err)
		}
	}
	for _, bad := range []string{
		"", "x", text + " x", text + "\n" + text, strings.Replace(text, "v1", "v2", 1), strings.Replace(text, "seq=9", "seq=09", 1),
		strings.Replace(text, "seq=", "seq=9", 1), strings.Replace(text, "0f0f", "0F0F", 1), strings.Replace(text, "0f0f", "0f", 1),
		strings.Replace(text, "Z", "+01:00", 1), strings.Replace(text, " seq", "  seq", 1), strings.Replace(text, "hash", "hsah", 1),
		text + strings.Repeat(" ", 1000) + "x",
	} {
		if _, err := ParseCheckpoint(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func FuzzParseCheckpoint(f *testing.F) {
	f.Add("tocsin-audit-checkpoint v1 installation=0102030405060708090a0b0c0d0e0f10 seq=7 hash=" + strings.Repeat("0f", 32) + " at=2026-11-21T10:00:00Z")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := ParseCheckpoint(text)
		if err == nil && c.String() != strings.TrimSpace(text) {
			t.Errorf("%q was read as %s", text, c)
		}
	})
}
