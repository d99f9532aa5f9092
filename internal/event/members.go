package event

// The functions of this file read JSON that a Scanner has accepted, such as a Record's Body; they check nothing. For code
// that wants some members of an event and should not pay for all.

// Members yields the members of an object in their order: the name without escapes, and the value as written. The slices
// point into object unless a name had escapes.
func Members(object []byte) func(yield func(name, value []byte) bool) {
	return func(yield func(name, value []byte) bool) {
		if len(object) < 2 || object[0] != '{' {
			return
		}
		for w := walk(object); ; {
			name, value, ok := w.member()
			if !ok || !yield(plain(name), value) {
				return
			}
		}
	}
}

// Elements yields the elements of an array as written; they point into it.
func Elements(array []byte) func(yield func(value []byte) bool) {
	return func(yield func(value []byte) bool) {
		if len(array) < 2 || array[0] != '[' {
			return
		}
		for w := walk(array); w.more(); {
			start := w.i
			w.i = skipValue(w.b, w.i)
			if !yield(w.b[start:w.i]) {
				return
			}
		}
	}
}

// Unquote gives the text of a JSON string; empty for any other value. It points into value unless there are escapes.
func Unquote(value []byte) string {
	if len(value) < 2 || value[0] != '"' {
		return ""
	}
	return stringOf(plain(value[1 : len(value)-1]))
}

// AppendCompact appends an accepted value without the white space between its tokens.
func AppendCompact(dst, value []byte) []byte { return appendCompact(dst, value) }
