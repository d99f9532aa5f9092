package sqlite

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"hash/fnv"
	"slices"
	"strings"
	"unicode"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// What an alert can be found by is a list of terms, each "account|kind|…": words as they are, everything else as a
// hash. The bar stands in no word, so that text cannot pass for anything but words.
const (
	termWord     = "|w|"
	termEntity   = "|e|"
	termTag      = "|t|"
	termRule     = "|r|"
	termStatus   = "|s|"
	termSeverity = "|v|"
	termType     = "|y|"
	termProject  = "|p|"
	termSource   = "|o|"
	termAssignee = "|a|"
	termCountry  = "|c|"
	termMitre    = "|m|"
)

// Limits of words.
const (
	// maxTerms is how many words of one alert are indexed.
	maxTerms = 400
	// maxWord is the longest word, in bytes; of a longer one the beginning counts.
	maxWord = 64
	// maxQueryWords is how many words of a query count.
	maxQueryWords = 16
	// textLooked is how much of a text is looked at for words, in bytes.
	textLooked = 8 << 10
)

// accountTerm begins the terms of an account.
func accountTerm(account event.Account) string {
	h := sha256.Sum256([]byte(account))
	return hex.EncodeToString(h[:4])
}

// hashed is a term of any text.
func hashed(prefix, kind string, parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		h.Write([]byte(strings.ToLower(p)))
		h.Write([]byte{0})
	}
	return prefix + kind + base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:12])
}

// joints hold the words of a chunk together: an address, a name, a path.
const joints = ".@-_:/"

// levels are the joints at which a chunk is taken apart, one level after the other: of "user:alice@example.com" also
// "alice@example.com" is a word, then "example.com", then "example".
var levels = [...]string{":/", ":/@", joints}

func inWord(c rune) bool { return unicode.IsLetter(c) || unicode.IsDigit(c) || unicode.IsMark(c) }

// chunkClass says of ASCII characters whether they belong to a chunk.
var chunkClass = func() (t [128]bool) {
	for c := range rune(len(t)) {
		t[c] = inWord(c) || strings.ContainsRune(joints, c)
	}
	return t
}()

func notInChunk(c rune) bool {
	if c < rune(len(chunkClass)) {
		return !chunkClass[c]
	}
	return !inWord(c)
}

// words gives the words of a text until take says false: each chunk between blanks, and its parts.
func words(text string, take func(string) bool) {
	text = strings.ToLower(event.Clip(text, textLooked))
	for chunk := range strings.FieldsFuncSeq(text, notInChunk) {
		if chunk = strings.Trim(chunk, joints); chunk == "" {
			continue
		}
		if !take(cutWord(chunk)) {
			return
		}
		for _, level := range levels {
			if !parts(chunk, level, take) {
				return
			}
		}
	}
}

// parts gives the parts of a chunk between joints.
func parts(chunk, at string, take func(string) bool) bool {
	i := strings.IndexAny(chunk, at)
	if i < 0 {
		return true // the chunk itself is known
	}
	for rest := chunk; rest != ""; i = strings.IndexAny(rest, at) {
		w := rest
		if i >= 0 {
			w, rest = rest[:i], rest[i+1:]
		} else {
			rest = ""
		}
		if w = strings.Trim(w, joints); w != "" && !take(cutWord(w)) {
			return false
		}
	}
	return true
}

// cutWord cuts a word at its limit. What is cut in the middle of a character loses it.
func cutWord(w string) string {
	if len(w) <= maxWord {
		return w
	}
	return strings.ToValidUTF8(w[:maxWord], "")
}

// termsOf is what an alert can be found by, and a hash of it.
func termsOf(a *store.Alert) (terms string, hash int64) {
	account := accountTerm(a.Account)
	seen := make(map[string]struct{}, 64)
	list := make([]string, 0, 64)
	add := func(term string) {
		if _, known := seen[term]; !known {
			seen[term] = struct{}{}
			list = append(list, term)
		}
	}
	word := func(w string) bool { add(account + termWord + w); return len(list) < maxTerms }
	for _, text := range []string{a.Title, a.Key, a.RuleID, a.RuleName} {
		words(text, word)
	}
	for i := range a.Entities {
		words(a.Entities[i].Value, word)
	}
	words(a.Description, word)
	for i := range a.Entities {
		e := &a.Entities[i]
		add(hashed(account, termEntity, "", e.Value))
		add(hashed(account, termEntity, e.Type, e.Value))
	}
	if a.Actor != "" {
		add(hashed(account, termEntity, "", a.Actor))
		add(hashed(account, termEntity, store.EntityActor, a.Actor))
	}
	for _, t := range a.Tags {
		add(hashed(account, termTag, t))
	}
	for _, r := range []string{a.RuleID, a.RuleName} {
		if r != "" {
			add(hashed(account, termRule, r))
		}
	}
	add(hashed(account, termStatus, a.Status))
	add(hashed(account, termSeverity, a.Severity.String()))
	add(hashed(account, termType, a.AlertType))
	add(hashed(account, termProject, a.Project))
	add(hashed(account, termSource, a.Source))
	add(hashed(account, termAssignee, a.Assignee))
	if a.Country != "" {
		add(hashed(account, termCountry, a.Country))
	}
	for _, id := range a.Mitre {
		add(hashed(account, termMitre, id))
		if parent, _, ok := strings.Cut(id, "."); ok {
			add(hashed(account, termMitre, parent))
		}
	}
	slices.Sort(list)
	terms = strings.Join(list, " ")
	h := fnv.New64a()
	h.Write([]byte(terms))
	return terms, int64(h.Sum64())
}

// matchOf is the filter as a query of terms; empty when it has none of what only terms can find. none: nothing can match.
func matchOf(f *store.AlertFilter) (match string, none bool) {
	account := accountTerm(f.Account)
	var all []string
	if f.Text != "" {
		n := 0
		for chunk := range strings.FieldsFuncSeq(strings.ToLower(f.Text), notInChunk) {
			if chunk = strings.Trim(chunk, joints); chunk == "" {
				continue
			}
			if n++; n > maxQueryWords {
				break
			}
			all = append(all, quoted(account+termWord+cutWord(chunk)))
		}
		if n == 0 {
			return "", true // nothing but punctuation
		}
	}
	if f.Entity != "" {
		any := quoted(hashed(account, termEntity, "", f.Entity))
		if kind, value, ok := strings.Cut(f.Entity, ":"); ok && kind != "" {
			any = "(" + any + " OR " + quoted(hashed(account, termEntity, kind, value)) + ")"
		}
		all = append(all, any)
	}
	if f.Tag != "" {
		all = append(all, quoted(hashed(account, termTag, f.Tag)))
	}
	if f.Rule != "" {
		all = append(all, quoted(hashed(account, termRule, f.Rule)))
	}
	if len(f.Mitre) > 0 {
		all = append(all, anyOf(account, termMitre, f.Mitre))
	}
	if len(all) == 0 {
		return "", false
	}
	severities := make([]string, len(f.Severity))
	for i, s := range f.Severity {
		severities[i] = s.String()
	}
	for _, d := range []struct {
		kind   string
		values []string
	}{
		{termStatus, f.Status}, {termSeverity, severities}, {termType, f.AlertType}, {termProject, f.Project},
		{termSource, f.Source}, {termAssignee, f.Assignee}, {termCountry, f.Country},
	} {
		// An alert without a country has no term that says so.
		if len(d.values) > 0 && (d.kind != termCountry || !slices.Contains(d.values, "")) {
			all = append(all, anyOf(account, d.kind, d.values))
		}
	}
	return strings.Join(all, " AND "), false
}

// anyOf finds what has one of some values.
func anyOf(account, kind string, values []string) string {
	or := make([]string, len(values))
	for i, v := range values {
		or[i] = quoted(hashed(account, kind, v))
	}
	return "(" + strings.Join(or, " OR ") + ")"
}

// quoted is a term as a string of the query language. No term has a quote.
func quoted(term string) string { return `"` + term + `"` }
