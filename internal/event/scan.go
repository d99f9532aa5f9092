package event

import (
	"fmt"
)

// Scanner checks JSON strictly by RFC 8259 in one pass, within Limits, and remembers where the members of the outermost
// object are. It refuses:
//   - invalid UTF-8, and escapes that spell half a surrogate pair: receivers disagree about what these mean;
//   - two members of one object with the same name, however they are escaped: receivers disagree which one counts;
//   - numbers beyond the range of a 64-bit float: one of them would make a whole batch unreadable for many receivers.
//
// A Scanner is reused from value to value and then allocates nothing. It is not safe for concurrent use.
type Scanner struct {
	lim      Limits
	b        []byte
	err      *ScanError // malformed: where the value ends is unknown
	soft     *ScanError // well-formed so far, but refused: the first reason
	keys     int
	escaped  bool // the last string has a backslash
	newlines bool
	members  []member
	seen     uint64 // the envelope's fields among the members, one bit each
	nodes    []node
	deep     int // how deep nodes are noted in the member at hand; 0: not at all
	names    nameSet
}

// ScanError says why bytes were refused.
type ScanError struct {
	// Offset is the byte offset in what was given to the scanner.
	Offset int
	Reason string
	// Malformed says that the bytes are not JSON (or nested too deeply), so that it is not known where the value
	// ends. Otherwise the value is JSON that breaks a rule or limit.
	Malformed bool
	// Long says that all that is wrong is the value's length: it has more than Limits.Bytes.
	Long bool
}

func (e *ScanError) Error() string { return fmt.Sprintf("at byte %d: %s", e.Offset, e.Reason) }

// member is one name and value of the outermost object. The ranges are in the scanned bytes.
type member struct {
	node
	field     field // the envelope's field of that name
	firstNode int32 // where the nodes below it begin; they end where the next member's begin
}

// node is one value: a member (the name is without quotes, as written) or an element.
type node struct {
	nameStart, nameEnd int32
	start, end         int32
	nameEscaped        bool // the name has a backslash
	escaped            bool // the value is a string with a backslash
}

func (n *node) name(b []byte) []byte  { return b[n.nameStart:n.nameEnd] }
func (n *node) value(b []byte) []byte { return b[n.start:n.end:n.end] }

// plainName is the name without escapes.
func (n *node) plainName(b []byte) []byte {
	if n.nameEscaped {
		return unescape(nil, n.name(b))
	}
	return n.name(b)
}

// MaxInputBytes bounds what a Scanner looks at (1 GiB).
const MaxInputBytes = 1 << 30

// NewScanner makes a scanner with the given limits.
func NewScanner(lim Limits) *Scanner { return &Scanner{lim: lim.orDefaults()} }

// Value checks the JSON value that begins at b[at] or after white space there, and gives the offset just after it. When
// the error is a *ScanError that is not Malformed, end is right all the same.
func (s *Scanner) Value(b []byte, at int) (end int, err error) {
	_, end, err = s.scan(b, at)
	return end, err
}

// Document checks that b is exactly one JSON value, white space around it aside.
func (s *Scanner) Document(b []byte) error {
	end, err := s.Value(b, 0)
	if err != nil {
		return err
	}
	return s.Trailing(b, end)
}

// Trailing checks that only white space follows b[:end].
func (s *Scanner) Trailing(b []byte, end int) error {
	if i := skipSpace(b, end); i < len(b) {
		return &ScanError{Offset: i, Reason: "unexpected " + quoteByte(b[i]) + " after the value", Malformed: true}
	}
	return nil
}

func (s *Scanner) scan(b []byte, at int) (start, end int, err error) {
	s.b, s.err, s.soft, s.keys, s.seen = b, nil, nil, 0, 0
	s.members, s.nodes = s.members[:0], s.nodes[:0]
	if len(b) > MaxInputBytes {
		s.fail(at, fmt.Sprintf("more than %d bytes", MaxInputBytes))
		return at, at, s.err
	}
	s.names.reset()
	start = skipSpace(b, at)
	s.newlines = false
	end = s.value(start, 0)
	if end < 0 {
		return start, start, s.err
	}
	if s.soft == nil && end-start > s.lim.Bytes {
		s.refuse(start, fmt.Sprintf("%d bytes are more than an event may have (%d)", end-start, s.lim.Bytes))
		s.soft.Long = true
	}
	if s.soft != nil {
		return start, end, s.soft
	}
	return start, end, nil
}

// fail ends the scan.
func (s *Scanner) fail(at int, reason string) int {
	s.err = &ScanError{Offset: at, Reason: reason, Malformed: true}
	return -1
}

func (s *Scanner) unexpected(at int, want string) int {
	if at >= len(s.b) {
		return s.fail(at, "unexpected end: want "+want)
	}
	return s.fail(at, "unexpected "+quoteByte(s.b[at])+": want "+want)
}

// refuse notes a broken rule and lets the scan go on to the end of the value.
func (s *Scanner) refuse(at int, reason string) {
	if s.soft == nil {
		s.soft = &ScanError{Offset: at, Reason: reason}
	}
}

func quoteByte(c byte) string {
	if c >= 0x80 {
		return fmt.Sprintf("byte 0x%02x", c)
	}
	return fmt.Sprintf("%q", rune(c))
}

// space skips white space and notes line ends.
func (s *Scanner) space(i int) int {
	for ; i < len(s.b); i++ {
		switch s.b[i] {
		case ' ', '\t':
		case '\n', '\r':
			s.newlines = true
		default:
			return i
		}
	}
	return i
}

func (s *Scanner) value(i, depth int) int {
	if i >= len(s.b) {
		return s.unexpected(i, "a value")
	}
	switch s.b[i] {
	case '"':
		return s.str(i)
	case '{':
		return s.object(i, depth+1)
	case '[':
		return s.array(i, depth+1)
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		return s.number(i)
	case 't':
		return s.literal(i, "true")
	case 'f':
		return s.literal(i, "false")
	case 'n':
		return s.literal(i, "null")
	}
	return s.unexpected(i, "a value")
}

func (s *Scanner) literal(i int, word string) int {
	if end := i + len(word); end <= len(s.b) && string(s.b[i:end]) == word {
		return end
	}
	return s.unexpected(i, "a value")
}

func (s *Scanner) array(i, depth int) int {
	if depth > s.lim.Depth {
		return s.fail(i, fmt.Sprintf("nested more than %d deep", s.lim.Depth))
	}
	b := s.b
	i = s.space(i + 1)
	if i < len(b) && b[i] == ']' {
		return i + 1
	}
	for {
		noted := s.note(node{start: int32(i)}, depth)
		if i = s.value(i, depth); i < 0 {
			return i
		}
		if noted >= 0 {
			s.nodes[noted].end, s.nodes[noted].escaped = int32(i), s.escaped
		}
		if i < len(b) && b[i] <= ' ' {
			i = s.space(i)
		}
		if i >= len(b) || b[i] != ',' && b[i] != ']' {
			return s.unexpected(i, `"," or "]"`)
		}
		if b[i] == ']' {
			return i + 1
		}
		if i++; i < len(b) && b[i] <= ' ' {
			i = s.space(i)
		}
	}
}

// note remembers a value below a member that has a shape of its own; -1 when it is not to be remembered.
func (s *Scanner) note(n node, depth int) int {
	if depth > s.deep {
		return -1
	}
	s.nodes = append(s.nodes, n)
	return len(s.nodes) - 1
}

func (s *Scanner) object(i, depth int) int {
	if depth > s.lim.Depth {
		return s.fail(i, fmt.Sprintf("nested more than %d deep", s.lim.Depth))
	}
	b := s.b
	i = s.space(i + 1)
	if i < len(b) && b[i] == '}' {
		return i + 1
	}
	scope := s.names.open()
	for {
		if i >= len(b) || b[i] != '"' {
			return s.unexpected(i, `a member name in '"'`)
		}
		n := node{nameStart: int32(i + 1)}
		if i = s.str(i); i < 0 {
			return i
		}
		n.nameEnd, n.nameEscaped = int32(i-1), s.escaped
		if i < len(b) && b[i] <= ' ' {
			i = s.space(i)
		}
		if i >= len(b) || b[i] != ':' {
			return s.unexpected(i, `":"`)
		}
		if i++; i < len(b) && b[i] <= ' ' {
			i = s.space(i)
		}
		n.start = int32(i)
		if depth == 1 {
			i = s.topMember(&scope, n)
		} else {
			i = s.nestedMember(&scope, n, depth)
		}
		if i < 0 {
			return i
		}
		if i < len(b) && b[i] <= ' ' {
			i = s.space(i)
		}
		if i >= len(b) || b[i] != ',' && b[i] != '}' {
			return s.unexpected(i, `"," or "}"`)
		}
		if b[i] == '}' {
			s.names.close(scope)
			return i + 1
		}
		if i++; i < len(b) && b[i] <= ' ' {
			i = s.space(i)
		}
	}
}

// nestedMember checks the value of a member below the outermost object.
func (s *Scanner) nestedMember(scope *nameScope, n node, depth int) int {
	s.name(scope, &n)
	noted := s.note(n, depth)
	end := s.value(int(n.start), depth)
	if noted >= 0 && end >= 0 {
		s.nodes[noted].end, s.nodes[noted].escaped = int32(end), s.escaped
	}
	return end
}

// topMember checks the value of a member of the outermost object and remembers it.
func (s *Scanner) topMember(scope *nameScope, n node) int {
	f := fieldOf(n.plainName(s.b))
	firstNode := int32(len(s.nodes))
	if f == fieldNone {
		s.name(scope, &n)
	} else {
		s.countKey(&n)
		if s.seen&(1<<f) != 0 {
			s.duplicate(&n)
		}
		s.seen |= 1 << f
		s.deep = fieldSpecs[f].deep
	}
	end := s.value(int(n.start), 1)
	s.deep = 0
	if end < 0 {
		return end
	}
	if s.soft == nil {
		n.end, n.escaped = int32(end), s.escaped
		s.members = append(s.members, member{node: n, field: f, firstNode: firstNode})
	}
	return end
}

// name counts a member and looks for one of the same name. After the first broken rule it only goes through the
// motions, so that a refused value costs no memory.
func (s *Scanner) name(scope *nameScope, n *node) {
	if s.countKey(n); s.soft == nil && !s.names.add(scope, s.b, n) {
		s.duplicate(n)
	}
}

func (s *Scanner) countKey(n *node) {
	if s.keys++; s.keys > s.lim.Keys && s.soft == nil {
		s.refuse(int(n.nameStart)-1, fmt.Sprintf("more than %d object members", s.lim.Keys))
	}
}

func (s *Scanner) duplicate(n *node) {
	s.refuse(int(n.nameStart)-1, fmt.Sprintf("duplicate member name %q", clipBytes(n.name(s.b), 64)))
}
