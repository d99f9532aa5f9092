package ingest

import "strings"

// securityLog is a message in CEF or LEEF taken apart.
type securityLog struct {
	format        string // "cef" or "leef"
	version       string // of the format
	vendor        string
	product       string
	deviceVersion string
	id            string // of the kind of event: CEF's signature, LEEF's event id
	name          string // CEF only
	severity      string // CEF only; LEEF has a key for it
	keys          pairs
	before        string // what stood before the header
	text          string // what could not be read as keys
}

// Escapes. In CEF's header | and \ are escaped, in its values = and \; a line break in a value is \n or \r. A backslash
// before anything else is only a backslash.
const (
	headerEscapes = `\|`
	valueEscapes  = `\=|`
)

// parseCEF takes a CEF message apart (the ArcSight standard, document version 27):
//
//	CEF:Version|Vendor|Product|Version|Signature|Name|Severity|key=value key=value…
//
// It is false when there is no whole header.
func parseCEF(text string) (securityLog, bool) {
	at := formatAt(text, "CEF:")
	if at < 0 {
		return securityLog{}, false
	}
	f, rest, ok := cutHeader(text[at+len("CEF:"):], 7)
	if !ok {
		return securityLog{}, false
	}
	m := securityLog{
		format: "cef", version: strings.TrimSpace(f[0]), vendor: f[1], product: f[2], deviceVersion: f[3], id: f[4], name: f[5], severity: f[6],
		before: strings.TrimSpace(text[:at]),
	}
	m.keys, m.text = cutKeys(rest)
	return m, true
}

// formatAt finds where a header of the format begins: at the start of a word, and with a version. -1: nowhere.
func formatAt(text, mark string) int {
	for from := 0; ; {
		i := strings.Index(text[from:], mark)
		if i < 0 {
			return -1
		}
		i += from
		version := strings.TrimLeft(text[i+len(mark):], " ")
		if (i == 0 || text[i-1] == ' ') && version != "" && version[0] >= '0' && version[0] <= '9' {
			return i
		}
		from = i + len(mark)
	}
}

// cutHeader splits the header at its pipes and undoes its escapes. The last field may end with the text.
func cutHeader(text string, fields int) (list []string, rest string, ok bool) {
	from := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '|':
			list = append(list, unescape(text[from:i], headerEscapes))
			if len(list) == fields {
				return list, text[i+1:], true
			}
			from = i + 1
		}
	}
	list = append(list, unescape(text[from:], headerEscapes))
	return list, "", len(list) == fields
}

// cutKeys reads key=value pairs whose values may hold spaces: a value ends before the word that stands before the next
// equals sign, if that can be a key. It also gives what is left: text before the first key, or too many keys.
func cutKeys(text string) (list pairs, left string) {
	start, key := 0, "" // of the value that has begun, and its key
	space := -1         // the last one since start; start-1: none
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case ' ':
			space = i
			continue
		case '\\':
			if i++; i < len(text) && text[i] == ' ' {
				space = i
			}
			continue
		case '=':
		default:
			continue
		}
		if space < start && key != "" || !pairKey(text[space+1:i]) {
			continue // an equals sign that should have been escaped
		}
		if key == "" {
			left = strings.TrimSpace(text[:space+1])
		} else {
			list = append(list, pair{key, unescape(strings.TrimRight(text[start:space], " "), valueEscapes)})
			if len(list) == maxPairs {
				return list, joinText(left, text[space+1:])
			}
		}
		key, start = text[space+1:i], i+1
		space = i
	}
	if key == "" {
		return nil, strings.TrimSpace(text)
	}
	return append(list, pair{key, unescape(strings.TrimRight(text[start:], " "), valueEscapes)}), left
}

func joinText(a, b string) string { return strings.TrimSpace(a + " " + b) }

// unescape undoes a backslash before one of the characters, and in values \n and \r.
func unescape(text, escapes string) string {
	if strings.IndexByte(text, '\\') < 0 {
		return text
	}
	b := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c == '\\' && i+1 < len(text) {
			next := text[i+1]
			switch {
			case strings.IndexByte(escapes, next) >= 0:
				c, i = next, i+1
			case escapes == valueEscapes && next == 'n':
				c, i = '\n', i+1
			case escapes == valueEscapes && next == 'r':
				c, i = '\r', i+1
			}
		}
		b = append(b, c)
	}
	return string(b)
}
