package demo

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// guideV1a gives the fenced block of a language in the part of docs/receivers.md about Ed25519.
func guideV1a(t *testing.T, language string) string {
	t.Helper()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "receivers.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, part, ok := strings.Cut(string(page), "\n## Ed25519 (v1a)\n")
	part, _, _ = strings.Cut(part, "\n## ")
	_, block, found := strings.Cut(part, "```"+language+"\n")
	block, _, closed := strings.Cut(block, "\n```")
	if !ok || !found || !closed {
		t.Fatalf("docs/receivers.md has no block of %s about Ed25519", language)
	}
	return block + "\n"
}

// TestGuideV1a runs the guide's verifiers of v1a as they stand there.
func TestGuideV1a(t *testing.T) {
	t.Parallel()
	v := readVector(t)
	var keys struct {
		Private   string `json:"private-key"`
		Public    string `json:"public-key"`
		Signature string `json:"webhook-signature"`
	}
	if err := json.Unmarshal([]byte(guideV1a(t, "json")), &keys); err != nil {
		t.Fatal(err)
	}
	seed, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(keys.Private, "whsk_"))
	if err != nil {
		t.Fatal(err)
	}
	private := ed25519.NewKeyFromSeed(seed)
	sign := func(body string) string {
		return "v1a," + base64.StdEncoding.EncodeToString(ed25519.Sign(private, []byte(v.ID+"."+v.Timestamp+"."+body)))
	}
	if sign(v.Body) != keys.Signature || "whpk_"+base64.StdEncoding.EncodeToString(private[32:]) != keys.Public {
		t.Fatalf("the vector does not hold together: %s", sign(v.Body))
	}
	wrong := "v1a," + base64.StdEncoding.EncodeToString(make([]byte, 64))
	cases := []struct {
		signature, body string
		now             int64
		want            bool
	}{
		{keys.Signature, v.Body, vectorTime, true},
		{v.Standard + " " + wrong + " " + keys.Signature, v.Body, vectorTime, true},
		{keys.Signature, v.Body, vectorTime + 299, true},
		{keys.Signature, v.Body, vectorTime - 301, false},
		{keys.Signature, v.Body + " ", vectorTime, false},
		{v.Standard, v.Body, vectorTime, false},
		{strings.Replace(keys.Signature, "v1a,", "v1,", 1), v.Body, vectorTime, false},
		{wrong, v.Body, vectorTime, false},
		{"v1a,!!", v.Body, vectorTime, false},
		{"", v.Body, vectorTime, false},
	}
	var input strings.Builder
	for _, c := range cases {
		fmt.Fprintf(&input, "%s\t%s\t%s\t%s\t%s\t%d\n", keys.Public, v.ID, v.Timestamp, c.signature, base64.StdEncoding.EncodeToString([]byte(c.body)), c.now)
	}
	for _, language := range v1aLanguages {
		t.Run(language.name, func(t *testing.T) {
			t.Parallel()
			if err := exec.CommandContext(t.Context(), language.probe[0], language.probe[1:]...).Run(); err != nil {
				t.Skipf("%s: %v", strings.Join(language.probe, " "), err)
			}
			dir := t.TempDir()
			code := strings.Replace(guideV1a(t, language.name), "package webhook", "package main", 1)
			for name, text := range map[string]string{language.file: code, language.harness: language.main} {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			verdicts := strings.Fields(string(runIn(t, dir, language.command, input.String())))
			if len(verdicts) != len(cases) {
				t.Fatalf("%d verdicts for %d cases", len(verdicts), len(cases))
			}
			for i, c := range cases {
				if got := verdicts[i] == "true"; got != c.want {
					t.Errorf("case %d (%s): %t", i, c.signature, got)
				}
			}
		})
	}
}

var v1aLanguages = []struct {
	name, file, harness, main string
	probe, command            []string
}{
	{
		name: "go", file: "verify.go", harness: "main.go", probe: []string{"go", "version"}, command: []string{"go", "run", "verify.go", "main.go"},
		main: `package main

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

func main() {
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		f := strings.Split(lines.Text(), "\t")
		body, _ := base64.StdEncoding.DecodeString(f[4])
		now, _ := strconv.ParseInt(f[5], 10, 64)
		fmt.Println(VerifyV1a(f[0], f[1], f[2], f[3], body, time.Unix(now, 0)))
	}
}
`,
	},
	{
		name: "python", file: "verify.py", harness: "main.py", probe: []string{"python3", "-c", "import cryptography"}, command: []string{"python3", "-B", "main.py"},
		main: `import base64, sys
from verify import verify_v1a
for line in sys.stdin:
    f = line.rstrip("\n").split("\t")
    print(str(verify_v1a(f[0], f[1], f[2], f[3], base64.b64decode(f[4]), int(f[5]))).lower())
`,
	},
	{
		name: "js", file: "verify.mjs", harness: "main.mjs", probe: []string{"node", "--version"}, command: []string{"node", "main.mjs"},
		main: `import { readFileSync } from "node:fs";
import { verifyV1a } from "./verify.mjs";
for (const line of readFileSync(0, "utf8").split("\n").filter(Boolean)) {
  const f = line.split("\t");
  console.log(verifyV1a(f[0], f[1], f[2], f[3], Buffer.from(f[4], "base64"), Number(f[5])));
}
`,
	},
}
