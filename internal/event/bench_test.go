package event

import (
	"strings"
	"testing"
	"time"
)

// kibEvent is a typical event of 1 KiB.
var kibEvent = func() []byte {
	head := `{"type":"alert.created","time":"2026-03-01T10:15:30.123Z","severity":"high","title":"Brute force against login","description":"`
	tail := `","project":"production-api","alert_type":"brute_force","dedup_key":"bf/203.0.113.7/alice","endpoint":"/v1/login","rule":{"id":"r-17","name":"Failed logins"},"mitre":["T1110.001"],"risk_score":81,"status":"open","actor":"alice@example.com","entities":[{"type":"ip","value":"203.0.113.7","role":"source","observed":true},{"type":"user","value":"alice@example.com","role":"target"}],"geo":{"country":"Netherlands","country_code":"NL","city":"Amsterdam"},"network":{"asn":64500,"is_tor":false},"tags":["auth","brute_force"],"source":{"vendor":"example","product":"idp","instance":"eu-1","id":"9f2c"},"data":{"attempts":57,"window":"5m","usernames":["alice","bob"]}}`
	return []byte(head + strings.Repeat("x", 1024-len(head)-len(tail)) + tail)
}()

func BenchmarkScan(b *testing.B) {
	s := NewScanner(Limits{})
	b.SetBytes(int64(len(kibEvent)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Value(kibEvent, 0); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	now := time.Now()
	b.SetBytes(int64(len(kibEvent)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(kibEvent, DefaultAccount, now, Limits{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseBatch(b *testing.B) {
	p := NewParser(Limits{})
	p.Begin(DefaultAccount, time.Now(), 0)
	b.SetBytes(int64(len(kibEvent)))
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := p.Next(kibEvent, 0); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseRewrite(b *testing.B) {
	raw := append([]byte(`{"id":"abc","extra":1,`), kibEvent[1:]...)
	now := time.Now()
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(raw, DefaultAccount, now, Limits{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppendJSON(b *testing.B) {
	r, err := Parse(kibEvent, DefaultAccount, time.Now(), Limits{})
	if err != nil {
		b.Fatal(err)
	}
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf = r.AppendJSON(buf[:0])
	}
}
