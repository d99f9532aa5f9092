package expr

import (
	"testing"

	"cel.dev/cel-go/common/types"
)

func BenchmarkMatch(b *testing.B) {
	r := record(b, sample)
	for _, c := range []struct{ name, source string }{
		{"severity", `event.severity_level >= HIGH`},
		{"routing", `event.severity_level >= HIGH && event.project == "production-api" && event.type.startsWith("alert.")`},
		{"title", `event.title.contains("shell")`},
		{"data", `event.data["proc.name"] == "bash"`},
		{"nested", `event.data.nested.list[0] == 1`},
		{"entities", `event.entities.exists(e, e.type == "ip" && inCidr(e.value, "10.0.0.0/8"))`},
		{"matches", `event.description.matches("/dev/tcp/[0-9.]+/")`},
	} {
		b.Run(c.name, func(b *testing.B) {
			cond, err := ParseCondition(c.source)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if ok, err := cond.Match(r); !ok || err != nil {
					b.Fatal(ok, err)
				}
			}
		})
	}
}

func BenchmarkParse(b *testing.B) {
	for b.Loop() {
		if _, err := compile(`event.severity_level >= HIGH && event.entities.exists(e, e.type == "ip")`, types.BoolType, "x"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppendJSON(b *testing.B) {
	r := record(b, sample)
	v, err := ParseObject(`{"text": event.title, "severity": event.severity, "fields": {"rule": event.rule.name, "data": event.data}}`)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	var dst []byte
	for b.Loop() {
		if dst, err = v.AppendJSON(dst[:0], r, ""); err != nil {
			b.Fatal(err)
		}
	}
}
