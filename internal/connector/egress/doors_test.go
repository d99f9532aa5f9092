package egress_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// doors are the ways out of a process that pass the guard by: by import path, the names that must not be used.
var doors = map[string]*regexp.Regexp{
	"net":                          regexp.MustCompile(`^(Dial.*|Dialer)$`),
	"crypto/tls":                   regexp.MustCompile(`^(Dial.*|Dialer)$`),
	"net/http":                     regexp.MustCompile(`^(DefaultClient|DefaultTransport|Get|Head|Post|PostForm|Client|Transport|ProxyFromEnvironment)$`),
	"net/http/httputil":            regexp.MustCompile(`^(ReverseProxy|NewSingleHostReverseProxy|NewClientConn|NewProxyClientConn)$`),
	"net/rpc":                      regexp.MustCompile(`^Dial`),
	"net/rpc/jsonrpc":              regexp.MustCompile(`^Dial`),
	"net/smtp":                     regexp.MustCompile(`^(Dial|SendMail)$`),
	"log/syslog":                   regexp.MustCompile(`^(Dial|New|NewLogger)$`),
	"syscall":                      regexp.MustCompile(`^(Connect|Sendto|Sendmsg|SendmsgN)$`),
	"golang.org/x/sys/unix":        regexp.MustCompile(`^(Connect|Sendto|Sendmsg|SendmsgN|SendmsgBuffers)$`),
	"golang.org/x/net/proxy":       regexp.MustCompile(`.`),
	"golang.org/x/net/http2":       regexp.MustCompile(`^Transport$`),
	"golang.org/x/crypto/ssh":      regexp.MustCompile(`^Dial$`),
	"golang.org/x/net/websocket":   regexp.MustCompile(`^Dial`),
	"google.golang.org/grpc":       regexp.MustCompile(`^(Dial|DialContext|NewClient)$`),
	"github.com/coder/websocket":   regexp.MustCompile(`^Dial`),
	"github.com/gorilla/websocket": regexp.MustCompile(`^(DefaultDialer|Dialer)$`),
}

// doormen may use them: the guard itself, and what is not part of the hub that delivers (the command line's client of
// the API, measurements, the demo).
var doormen = []string{
	"internal/connector/egress", "internal/connector/httpkit", "internal/client", "internal/harness", "internal/demo", "tools",
}

// TestSideDoors: nothing in the module leaves the process past the guard. The linter says the same; this holds without it.
func TestSideDoors(t *testing.T) {
	t.Parallel()
	root := moduleRoot(t)
	files := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(root, path)
		rel = filepath.ToSlash(rel)
		if d.IsDir() {
			if slices.Contains(doormen, rel) || rel != "." && strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "node_modules" {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(rel, ".go") || strings.HasSuffix(rel, "_test.go") {
			return nil
		}
		files++
		src, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if bytes.HasPrefix(src, []byte("//go:build failpoint\n")) {
			return nil // not in an ordinary build
		}
		for _, use := range sideDoors(t, rel, src) {
			t.Errorf("%s: leave through httpkit, or dial with the Dialer of connector.Env", use)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 100 {
		t.Errorf("only %d files were looked at", files)
	}
}

// TestSideDoorsAreSeen: the test above would notice.
func TestSideDoorsAreSeen(t *testing.T) {
	t.Parallel()
	src := `package x
import (
	"net"
	web "net/http"
	. "net/smtp"
	"crypto/tls"
	"syscall"
)
var c = &web.Client{Transport: new(web.Transport)}
func f() {
	net.Dial("tcp", "x"); net.DialTimeout("", "", 0); (&net.Dialer{}).Dial("", ""); net.Listen("", "")
	dial := net.DialTCP; _ = dial
	tls.Dial("", "", nil); _ = tls.Dialer{}; tls.Client(nil, nil)
	web.Get(""); web.NewRequest("", "", nil); _ = web.DefaultClient
	syscall.Connect(0, nil)
	var net thing; net.Dial()
}`
	got := sideDoors(t, "x.go", []byte(src))
	if len(got) != 12 {
		t.Errorf("found %d: %s", len(got), strings.Join(got, "\n"))
	}
}

// sideDoors lists the uses of doors in a file.
func sideDoors(t *testing.T, name string, src []byte) (uses []string) {
	t.Helper()
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, name, src, 0)
	if err != nil {
		t.Logf("%s does not parse, and so does not compile", name)
		return nil
	}
	packages := map[string]*regexp.Regexp{} // by the name in this file
	for _, imp := range file.Imports {
		path, _ := strconv.Unquote(imp.Path.Value)
		names, ok := doors[path]
		if !ok {
			continue
		}
		local := path[strings.LastIndex(path, "/")+1:]
		if imp.Name != nil {
			local = imp.Name.Name
		}
		if local == "." {
			uses = append(uses, fmt.Sprintf("%s: imports all of %s", set.Position(imp.Pos()), path))
		}
		packages[local] = names
	}
	ast.Inspect(file, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		// An identifier that this file declares itself is no package.
		if id, ok := sel.X.(*ast.Ident); ok && id.Obj == nil && packages[id.Name] != nil && packages[id.Name].MatchString(sel.Sel.Name) {
			uses = append(uses, fmt.Sprintf("%s: %s.%s", set.Position(sel.Pos()), id.Name, sel.Sel.Name))
		}
		return true
	})
	return uses
}

func moduleRoot(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above the test")
		}
		dir = filepath.Dir(dir)
	}
}
