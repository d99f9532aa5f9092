package demo

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// vector is the test vector of docs/receivers.md.
type vector struct {
	Secret    string `json:"secret"`
	ID        string `json:"webhook-id"`
	Timestamp string `json:"webhook-timestamp"`
	Standard  string `json:"webhook-signature"`
	Tocsin    string `json:"X-Tocsin-Signature"`
	Body      string `json:"body"`
}

const vectorTime = 1767225600

// guide gives the page's fenced blocks of a language.
func guide(t *testing.T, language string) string {
	t.Helper()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "receivers.md"))
	if err != nil {
		t.Fatal(err)
	}
	match := regexp.MustCompile("(?s)```" + language + "\n(.*?)\n```").FindSubmatch(page)
	if match == nil {
		t.Fatalf("docs/receivers.md has no block of %s", language)
	}
	return string(match[1]) + "\n"
}

func readVector(t *testing.T) vector {
	t.Helper()
	var v vector
	if err := json.Unmarshal([]byte(guide(t, "json")), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// check is one call of a verifier, and what it must say.
type verifierCase struct {
	name, secret, id, timestamp, standard, tocsin, body string
	now                                                 int64
	want                                                bool
}

func verifierCases(v vector) []verifierCase {
	good := verifierCase{"the vector", v.Secret, v.ID, v.Timestamp, v.Standard, v.Tocsin, v.Body, vectorTime, true}
	change := func(name string, want bool, f func(*verifierCase)) verifierCase {
		c := good
		c.name, c.want = name, want
		f(&c)
		return c
	}
	zeros, zeros64 := strings.Repeat("0", 64), base64.StdEncoding.EncodeToString(make([]byte, 32))
	return []verifierCase{
		good,
		change("299 s late", true, func(c *verifierCase) { c.now += 299 }),
		change("301 s late", false, func(c *verifierCase) { c.now += 301 }),
		change("301 s early", false, func(c *verifierCase) { c.now -= 301 }),
		change("another body", false, func(c *verifierCase) { c.body += " " }),
		change("another secret", false, func(c *verifierCase) { c.secret = strings.Repeat("x", 24) }),
		change("another time", false, func(c *verifierCase) {
			c.timestamp, c.tocsin = "1767225601", strings.Replace(c.tocsin, "t=1767225600", "t=1767225601", 1)
		}),
		change("two live secrets", true, func(c *verifierCase) {
			c.standard = "v1," + zeros64 + " " + c.standard
			c.tocsin = strings.Replace(c.tocsin, ",", ",v1="+zeros+",", 1)
		}),
		change("an unknown version", false, func(c *verifierCase) {
			c.standard, c.tocsin = strings.Replace(c.standard, "v1,", "v2,", 1), strings.Replace(c.tocsin, "v1=", "v2=", 1)
		}),
		change("rubbish", false, func(c *verifierCase) { c.standard, c.tocsin, c.timestamp = "v1,!!", "t=x,v1=zz", "x" }),
		change("nothing", false, func(c *verifierCase) { c.standard, c.tocsin = "", "" }),
	}
}

func TestVerify(t *testing.T) {
	t.Parallel()
	for _, c := range verifierCases(readVector(t)) {
		h := http.Header{}
		h.Set("webhook-id", c.id)
		h.Set("webhook-timestamp", c.timestamp)
		h.Set("webhook-signature", c.standard)
		h.Set("X-Tocsin-Signature", c.tocsin)
		err := verifyBoth(c.secret, h, []byte(c.body), time.Unix(c.now, 0))
		if (err == nil) != c.want {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// The code in the guide is run as it stands there: every case is a line on its standard input, every verdict a line of
// its output, once for each of the two schemes.
func TestGuide(t *testing.T) {
	t.Parallel()
	cases := verifierCases(readVector(t))
	var input strings.Builder
	for _, c := range cases {
		fmt.Fprintf(&input, "%s\t%s\t%s\t%s\t%s\t%s\t%d\n", c.secret, c.id, c.timestamp, c.standard, c.tocsin,
			base64.StdEncoding.EncodeToString([]byte(c.body)), c.now)
	}
	for _, language := range guideLanguages {
		t.Run(language.name, func(t *testing.T) {
			t.Parallel()
			for _, tool := range language.tools {
				if _, err := exec.LookPath(tool); err != nil {
					t.Skipf("no %s on this machine", tool)
				}
			}
			dir := t.TempDir()
			code := guide(t, language.name)
			if language.edit != nil {
				code = language.edit(code)
			}
			for name, text := range map[string]string{language.file: code, language.harness: language.main} {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			var out []byte
			for _, command := range language.commands {
				out = runIn(t, dir, command, input.String())
			}
			verdicts := strings.Fields(string(out))
			if len(verdicts) != 2*len(cases) {
				t.Fatalf("%d verdicts for %d cases:\n%s", len(verdicts), len(cases), out)
			}
			for i, c := range cases {
				for j, scheme := range []string{"standard", "tocsin"} {
					if got := verdicts[2*i+j] == "true"; got != c.want {
						t.Errorf("%s, %s: got %v", c.name, scheme, got)
					}
				}
			}
		})
	}
}

func runIn(t *testing.T, dir string, command []string, input string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), command[0], command[1:]...)
	var errs bytes.Buffer
	cmd.Dir, cmd.Stdin, cmd.Stderr = dir, strings.NewReader(input), &errs
	cmd.Env = append(os.Environ(), "GOFLAGS=", "GO111MODULE=off")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(command, " "), err, errs.String())
	}
	return out
}

var guideLanguages = []struct {
	name, file, harness, main string
	tools                     []string
	commands                  [][]string
	edit                      func(code string) string
}{
	{
		name: "go", file: "verify.go", harness: "main.go", tools: []string{"go"},
		commands: [][]string{{"go", "run", "verify.go", "main.go"}},
		edit:     func(code string) string { return strings.Replace(code, "package webhook", "package main", 1) },
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
		body, _ := base64.StdEncoding.DecodeString(f[5])
		now, _ := strconv.ParseInt(f[6], 10, 64)
		fmt.Println(VerifyStandard(f[0], f[1], f[2], f[3], body, time.Unix(now, 0)))
		fmt.Println(VerifyTocsin(f[0], f[4], body, time.Unix(now, 0)))
	}
}
`,
	},
	{
		name: "python", file: "verify.py", harness: "main.py", tools: []string{"python3"},
		commands: [][]string{{"python3", "-B", "main.py"}},
		main: `import base64, sys
from verify import verify_standard, verify_tocsin
for line in sys.stdin:
    f = line.rstrip("\n").split("\t")
    body = base64.b64decode(f[5])
    print(str(verify_standard(f[0], f[1], f[2], f[3], body, int(f[6]))).lower())
    print(str(verify_tocsin(f[0], f[4], body, int(f[6]))).lower())
`,
	},
	{
		name: "js", file: "verify.mjs", harness: "main.mjs", tools: []string{"node"},
		commands: [][]string{{"node", "main.mjs"}},
		main: `import { readFileSync } from "node:fs";
import { verifyStandard, verifyTocsin } from "./verify.mjs";
for (const line of readFileSync(0, "utf8").split("\n").filter(Boolean)) {
  const f = line.split("\t");
  const body = Buffer.from(f[5], "base64");
  console.log(verifyStandard(f[0], f[1], f[2], f[3], body, Number(f[6])));
  console.log(verifyTocsin(f[0], f[4], body, Number(f[6])));
}
`,
	},
	{
		name: "java", file: "TocsinWebhook.java", harness: "Main.java", tools: []string{"javac", "java"},
		commands: [][]string{{"javac", "TocsinWebhook.java", "Main.java"}, {"java", "-Xshare:auto", "-cp", ".", "Main"}},
		main: `import java.util.Base64;
import java.util.Scanner;

class Main {
  public static void main(String[] args) {
    Scanner in = new Scanner(System.in);
    while (in.hasNextLine()) {
      String[] f = in.nextLine().split("\t", -1);
      byte[] body = Base64.getDecoder().decode(f[5]);
      long now = Long.parseLong(f[6]);
      System.out.println(TocsinWebhook.verifyStandard(f[0], f[1], f[2], f[3], body, now));
      System.out.println(TocsinWebhook.verifyTocsin(f[0], f[4], body, now));
    }
  }
}
`,
	},
	{
		name: "php", file: "verify.php", harness: "main.php", tools: []string{"php"},
		commands: [][]string{{"php", "main.php"}},
		main: `<?php
require 'verify.php';
foreach (file('php://stdin', FILE_IGNORE_NEW_LINES) as $line) {
    $f = explode("\t", $line);
    $body = base64_decode($f[5]);
    echo verify_standard($f[0], $f[1], $f[2], $f[3], $body, (int) $f[6]) ? "true\n" : "false\n";
    echo verify_tocsin($f[0], $f[4], $body, (int) $f[6]) ? "true\n" : "false\n";
}
`,
	},
}
