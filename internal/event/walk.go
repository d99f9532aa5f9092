package event

import "bytes"

// The functions of this file walk over JSON that a Scanner has accepted; they check nothing.

func skipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\t' || b[i] == '\n' || b[i] == '\r') {
		i++
	}
	return i
}

// skipString gives the offset after the string whose opening quote is at i.
func skipString(b []byte, i int) int {
	for i++; ; i++ {
		i += bytes.IndexByte(b[i:], '"')
		slashes := 0
		for b[i-1-slashes] == '\\' {
			slashes++
		}
		if slashes%2 == 0 {
			return i + 1
		}
	}
}

// skipValue gives the offset after the value that begins at i.
func skipValue(b []byte, i int) int {
	switch b[i] {
	case '"':
		return skipString(b, i)
	case '{', '[':
	default:
		for i < len(b) && b[i] > ' ' && b[i] != ',' && b[i] != '}' && b[i] != ']' {
			i++
		}
		return i
	}
	for depth := 0; ; i++ {
		switch b[i] {
		case '"':
			i = skipString(b, i) - 1
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
}

// walker goes through the members or elements of one accepted object or array.
type walker struct {
	b []byte
	i int
}

// walk begins at b[0], which is the opening bracket.
func walk(b []byte) walker { return walker{b: b, i: 1} }

// more moves to the next name or element.
func (w *walker) more() bool {
	w.i = skipSpace(w.b, w.i)
	if w.b[w.i] == ',' {
		w.i = skipSpace(w.b, w.i+1)
	}
	return w.b[w.i] != '}' && w.b[w.i] != ']'
}

// member gives the next member of an object: its name as written, without quotes, and its value.
func (w *walker) member() (name, value []byte, ok bool) {
	if !w.more() {
		return nil, nil, false
	}
	start := w.i
	w.i = skipString(w.b, w.i)
	name = w.b[start+1 : w.i-1]
	w.i = skipSpace(w.b, w.i) + 1 // the colon
	w.i = skipSpace(w.b, w.i)
	start = w.i
	w.i = skipValue(w.b, w.i)
	return name, w.b[start:w.i], true
}

// plain gives the text of a name or of a string without its quotes; it copies only when there are escapes.
func plain(raw []byte) []byte {
	if bytes.IndexByte(raw, '\\') < 0 {
		return raw
	}
	return unescape(make([]byte, 0, len(raw)), raw)
}

// appendCompact appends an accepted value without the white space between its tokens.
func appendCompact(dst, b []byte) []byte {
	for i := 0; i < len(b); {
		switch b[i] {
		case ' ', '\t', '\n', '\r':
			i++
		case '"':
			end := skipString(b, i)
			dst = append(dst, b[i:end]...)
			i = end
		default:
			dst = append(dst, b[i])
			i++
		}
	}
	return dst
}

// kindName names the kind of an accepted value by its first byte, for error messages.
func kindName(c byte) string {
	switch c {
	case '"':
		return "a string"
	case '{':
		return "an object"
	case '[':
		return "an array"
	case 't', 'f':
		return "a boolean"
	case 'n':
		return "null"
	}
	return "a number"
}
