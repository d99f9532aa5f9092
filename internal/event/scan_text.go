package event

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// Masks for looking at eight bytes of a string at once.
const (
	eachByte = 0x0101010101010101
	topBits  = 0x8080808080808080
)

// special has the top bit of each byte of w set that ends a plain run: a quote, a backslash, a control character or
// anything beyond ASCII. Only its lowest set bit is exact (a borrow may set higher ones), which is the one that counts.
func special(w uint64) uint64 {
	quote := w ^ eachByte*'"'
	slash := w ^ eachByte*'\\'
	return ((w-eachByte*' ')&^w | (quote-eachByte)&^quote | (slash-eachByte)&^slash | w) & topBits
}

// str checks the string whose opening quote is at i and gives the offset after its closing quote.
func (s *Scanner) str(i int) int {
	b := s.b
	i++
	start := i
	s.escaped = false
	for {
		for i+8 <= len(b) {
			if m := special(binary.LittleEndian.Uint64(b[i:])); m != 0 {
				i += bits.TrailingZeros64(m) >> 3
				break
			}
			i += 8
		}
		if i >= len(b) {
			return s.fail(i, "unexpected end in a string")
		}
		switch c := b[i]; {
		case c == '"':
			if i-start > s.lim.StringBytes {
				s.refuse(start-1, fmt.Sprintf("a string of %d bytes is more than %d", i-start, s.lim.StringBytes))
			}
			return i + 1
		case c == '\\':
			s.escaped = true
			if i = s.escape(i); i < 0 {
				return i
			}
		case c < ' ':
			return s.fail(i, fmt.Sprintf("control character 0x%02x in a string", c))
		case c >= utf8.RuneSelf:
			if i = s.runes(i); i < 0 {
				return i
			}
		default:
			i++
		}
	}
}

// runes checks a run of characters beyond ASCII.
func (s *Scanner) runes(i int) int {
	for i < len(s.b) && s.b[i] >= utf8.RuneSelf {
		r, n := utf8.DecodeRune(s.b[i:])
		if r == utf8.RuneError && n == 1 {
			return s.fail(i, "invalid UTF-8")
		}
		i += n
	}
	return i
}

// escape checks the escape sequence whose backslash is at i.
func (s *Scanner) escape(i int) int {
	if i+1 >= len(s.b) {
		return s.fail(i, "unexpected end in a string")
	}
	switch s.b[i+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 2
	case 'u':
		r, ok := hex4(s.b, i+2)
		if !ok {
			return s.fail(i, `want four hexadecimal digits after \u`)
		}
		if !utf16.IsSurrogate(r) {
			return i + 6
		}
		if i+7 < len(s.b) && s.b[i+6] == '\\' && s.b[i+7] == 'u' {
			if low, ok := hex4(s.b, i+8); ok && utf16.DecodeRune(r, low) != utf8.RuneError {
				return i + 12
			}
		}
		return s.fail(i, "half a surrogate pair")
	}
	return s.fail(i, "no such escape: \\"+string(rune(s.b[i+1])))
}

// hex4 reads four hexadecimal digits.
func hex4(b []byte, i int) (rune, bool) {
	if i+4 > len(b) {
		return 0, false
	}
	var r rune
	for _, c := range b[i : i+4] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

// plainDigits is how many digits a number without an exponent may have and be sure to fit a 64-bit float.
const plainDigits = 300

// number checks the number that begins at i.
func (s *Scanner) number(i int) int {
	b, start := s.b, i
	if b[i] == '-' {
		i++
	}
	switch {
	case i < len(b) && b[i] == '0':
		i++
	case i < len(b) && isDigit(b[i]):
		i = digits(b, i)
	default:
		return s.unexpected(i, "a digit")
	}
	if i < len(b) && b[i] == '.' {
		if i++; i >= len(b) || !isDigit(b[i]) {
			return s.unexpected(i, "a digit")
		}
		i = digits(b, i)
	}
	exponent := i < len(b) && (b[i] == 'e' || b[i] == 'E')
	if exponent {
		if i++; i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		if i >= len(b) || !isDigit(b[i]) {
			return s.unexpected(i, "a digit")
		}
		i = digits(b, i)
	}
	if exponent || i-start > plainDigits {
		s.numberRange(start, i)
	}
	return i
}

func (s *Scanner) numberRange(start, end int) {
	if s.soft != nil {
		return
	}
	if end-start > s.lim.StringBytes {
		s.refuse(start, fmt.Sprintf("a number of %d bytes is more than %d", end-start, s.lim.StringBytes))
		return
	}
	if _, err := strconv.ParseFloat(stringOf(s.b[start:end]), 64); err != nil {
		s.refuse(start, "number beyond the range of a 64-bit float")
	}
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func digits(b []byte, i int) int {
	for i < len(b) && isDigit(b[i]) {
		i++
	}
	return i
}

// unescape appends the text of a checked string (without its quotes) to dst.
func unescape(dst, raw []byte) []byte {
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' {
			dst = append(dst, raw[i])
			continue
		}
		i++
		switch c := raw[i]; c {
		case 'b':
			dst = append(dst, '\b')
		case 'f':
			dst = append(dst, '\f')
		case 'n':
			dst = append(dst, '\n')
		case 'r':
			dst = append(dst, '\r')
		case 't':
			dst = append(dst, '\t')
		case 'u':
			r, _ := hex4(raw, i+1)
			i += 4
			if utf16.IsSurrogate(r) {
				low, _ := hex4(raw, i+3)
				r = utf16.DecodeRune(r, low)
				i += 6
			}
			dst = utf8.AppendRune(dst, r)
		default: // quote, backslash, slash
			dst = append(dst, c)
		}
	}
	return dst
}

// clipBytes cuts b for an error message.
func clipBytes(b []byte, n int) []byte {
	if len(b) <= n {
		return b
	}
	return b[:n]
}
