package ingest

import (
	"strings"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// pair is a key and its value out of a log message.
type pair struct{ key, value string }

// maxPairs bounds the pairs that are taken out of one message. What comes after them stays text.
const maxPairs = 1000

// pairs are the pairs of a message in their order. A key may come more than once.
type pairs []pair

// first is the first value of the first of the keys that has one, else empty.
func (l pairs) first(keys ...string) string {
	for _, key := range keys {
		for i := range l {
			if l[i].key == key && l[i].value != "" {
				return l[i].value
			}
		}
	}
	return ""
}

// append writes the pairs as a JSON object. A key that came more than once gets an array of its values.
func (l pairs) append(dst []byte) []byte {
	at := make(map[string][]int, len(l))
	for i := range l {
		at[l[i].key] = append(at[l[i].key], i)
	}
	dst = append(dst, '{')
	first := true
	for i := range l {
		same := at[l[i].key]
		if same[0] != i {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = append(event.AppendString(dst, l[i].key), ':')
		if len(same) == 1 {
			dst = event.AppendString(dst, l[i].value)
			continue
		}
		for j, k := range same {
			dst = append(dst, "[,"[min(j, 1)])
			dst = event.AppendString(dst, l[k].value)
		}
		dst = append(dst, ']')
	}
	return append(dst, '}')
}

// maxPairKey is the longest key of a pair, in bytes.
const maxPairKey = 256

// pairKey says whether a text can be a key: letters, digits and a few marks, with no mark but "_" in front.
func pairKey(text string) bool {
	if text == "" || len(text) > maxPairKey || strings.IndexByte("-.[]", text[0]) >= 0 {
		return false
	}
	for i := range len(text) {
		c := text[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && strings.IndexByte("_-.[]", c) < 0 {
			return false
		}
	}
	return true
}

// keyValues reads a text that is nothing but key=value, separated by spaces; a value with spaces is in quotes, with \"
// and \\ in it. It is false for any other text, and for a single pair, which prose may look like.
func keyValues(text string) (list pairs, ok bool) {
	for rest := strings.TrimSpace(text); rest != ""; rest = strings.TrimLeft(rest, " ") {
		key, after, found := strings.Cut(rest, "=")
		if !found || !pairKey(key) || len(list) == maxPairs {
			return nil, false
		}
		value, after, ok := cutValue(after)
		if !ok {
			return nil, false
		}
		list, rest = append(list, pair{key, value}), after
	}
	return list, len(list) > 1
}

// cutValue reads a value and gives what follows it: nothing, or text that begins with a space.
func cutValue(text string) (value, rest string, ok bool) {
	if !strings.HasPrefix(text, `"`) {
		i := strings.IndexByte(text, ' ')
		if i < 0 {
			i = len(text)
		}
		return text[:i], text[i:], strings.IndexByte(text[:i], '"') < 0
	}
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] == '\\' && i+1 < len(text) && (text[i+1] == '"' || text[i+1] == '\\'):
			i++
			b.WriteByte(text[i])
		case text[i] == '"':
			rest = text[i+1:]
			return b.String(), rest, rest == "" || rest[0] == ' '
		default:
			b.WriteByte(text[i])
		}
	}
	return "", text, false
}
