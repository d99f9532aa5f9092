package canary

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/form"
)

// Pair is a client certificate with its key, in PEM.
type Pair struct{ Certificate, Key string }

// NewPair makes a self-signed one.
func NewPair() (Pair, error) {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return Pair{}, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "nobody"}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &k.PublicKey, k)
	if err != nil {
		return Pair{}, err
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		return Pair{}, err
	}
	block := func(kind string, b []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: b}))
	}
	return Pair{Certificate: block("CERTIFICATE", der), Key: block("PRIVATE KEY", pkcs8)}, nil
}

// property is the part of a form's schema that filling needs.
type property struct {
	Type       any                 `json:"type"`
	Format     string              `json:"format"`
	Default    any                 `json:"default"`
	Enum       []string            `json:"enum"`
	Examples   []string            `json:"examples"`
	Minimum    *float64            `json:"minimum"`
	Items      *property           `json:"items"`
	Properties map[string]property `json:"properties"`
	Required   []string            `json:"required"`
	Secret     any                 `json:"x-secret"`
}

// Filler fills the settings of any connector. Every secret field gets a value.
type Filler struct {
	URL  string
	Pair Pair
	// Secret gives candidates for the secret at a path, the best first; fields differ in what they take.
	Secret func(path string) []string
	// Leave is a secret that is left out from the start, because it excludes others.
	Leave string

	wanted map[string]bool // fields that the form asked for though none has to be there
	left   map[string]bool // secrets that the form takes in no shape beside the others
}

// Fill gives settings that the form takes, and the secrets that it takes only without the others.
func (f Filler) Fill(make func() form.Form) (raw json.RawMessage, left []string, err error) {
	f.wanted, f.left = map[string]bool{}, map[string]bool{f.Leave: true}
	raw, err = f.fill(make)
	delete(f.left, f.Leave)
	return raw, slices.Sorted(maps.Keys(f.left)), err
}

func (f Filler) fill(make func() form.Form) (json.RawMessage, error) {
	empty := make()
	var top property
	if err := json.Unmarshal(form.Schema(empty), &top); err != nil {
		return nil, fmt.Errorf("reading the schema: %w", err)
	}
	next := map[string]int{} // the candidate of each path
	for range 40 {
		raw, err := json.Marshal(f.object(top, "", next))
		if err != nil {
			return nil, err
		}
		err = form.Decode(raw, make())
		if err == nil {
			return raw, f.complete(empty, raw)
		}
		if !f.advance(err, next) {
			return nil, fmt.Errorf("no candidate fits: %w", err)
		}
	}
	return nil, errors.New("too many candidates")
}

// advance takes the next candidate for each secret that was refused, and gives up the first one that has no more. What else
// the form complains of it may miss.
func (f Filler) advance(err error, next map[string]int) (moved bool) {
	fields, _ := form.AsErrors(err)
	for _, e := range fields {
		if n := next[e.Path] + 1; n < len(f.Secret(e.Path)) {
			next[e.Path], moved = n, true
		}
		if !f.wanted[e.Path] {
			f.wanted[e.Path], moved = true, true
		}
	}
	for _, e := range fields {
		if !moved && !f.left[e.Path] {
			f.left[e.Path], moved = true, true
		}
	}
	return moved
}

var index = regexp.MustCompile(`\.[0-9]+`)

// complete checks that every secret field has a value.
func (f Filler) complete(empty form.Form, raw json.RawMessage) error {
	filled := map[string]bool{}
	for path := range form.SecretTexts(empty, raw) {
		filled[index.ReplaceAllString(path, "[]")] = true
	}
	for _, name := range form.SecretFields(empty) {
		if !filled[name] && !f.left[name] {
			return fmt.Errorf("the secret field %s was not filled", name)
		}
	}
	return nil
}

func (f Filler) object(p property, path string, next map[string]int) map[string]any {
	o := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(p.Properties)) {
		sub := p.Properties[name]
		if v := f.value(sub, join(path, name), slices.Contains(p.Required, name), next); v != nil {
			o[name] = v
		}
	}
	return o
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// value fills one field; nil leaves it out.
func (f Filler) value(p property, path string, required bool, next map[string]int) any {
	name := path[strings.LastIndexByte(path, '.')+1:]
	required = required || f.wanted[path]
	switch {
	case f.left[path]:
		return nil
	case p.Secret != nil && p.Format == "pem":
		return f.Pair.Key
	case p.Secret != nil && strings.HasSuffix(name, "url"):
		return f.secretURL(path, next)
	case p.Secret != nil:
		return f.Secret(path)[next[path]]
	case p.Format == "pem" && strings.Contains(name, "client"):
		return f.Pair.Certificate
	case p.Format == "uri" && (required || p.Default != nil || name == "base_url"):
		return f.URL
	case p.Type == "object":
		return f.object(p, path, next)
	case p.Type == "array" && p.Items != nil && holdsSecret(*p.Items):
		return f.list(*p.Items, path, next)
	case !required || p.Default != nil:
		return nil
	case p.Type == "array" && p.Items != nil:
		return []any{f.value(*p.Items, path, true, next)}
	case len(p.Enum) > 0:
		return p.Enum[item(path)%len(p.Enum)]
	case len(p.Examples) > 0:
		return p.Examples[0]
	case p.Type == "integer" && p.Minimum != nil:
		return *p.Minimum
	case p.Type == "integer":
		return 1
	}
	if strings.Contains(p.Format+path, "email") || name == "from" || name == "to" {
		return "canary@example.com"
	}
	return "canary"
}

// secretURL is an address that is a secret itself; a reference stays one.
func (f Filler) secretURL(path string, next map[string]int) string {
	candidates := f.Secret(path)
	if text := candidates[min(next[path], len(candidates)-1)]; strings.HasPrefix(text, "env:") || strings.HasPrefix(text, "file:") {
		return text
	}
	return f.URL + "/" + candidates[2]
}

// item is the place in its list of the object that a path leads into; 0 outside of lists.
func item(path string) int {
	places := index.FindAllString(path, -1)
	if len(places) == 0 {
		return 0
	}
	n, err := strconv.Atoi(places[len(places)-1][1:])
	if err != nil {
		return 0
	}
	return n
}

func holdsSecret(p property) bool {
	for _, sub := range p.Properties {
		if sub.Secret != nil || holdsSecret(sub) {
			return true
		}
	}
	return false
}

// list makes an item of each kind: one that is secret because of its name, and one because somebody said so.
func (f Filler) list(p property, path string, next map[string]int) []any {
	var items []any
	for i, name := range []string{"Authorization", "X-Canary"} {
		item := f.object(p, path+"."+strconv.Itoa(i), next)
		if _, ok := p.Properties["name"]; ok {
			item["name"] = name
		}
		for field, sub := range p.Properties {
			if sub.Type == "boolean" && field == "secret" {
				item[field] = i > 0
			}
		}
		items = append(items, item)
	}
	return items
}
