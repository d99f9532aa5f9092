package expr

import (
	"strings"
	"unicode/utf8"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
)

var errText = types.NewErr("the text would be more than %d bytes", MaxText)

func lowerASCII(v ref.Val) ref.Val { return asciiCase(v, 'A', 'Z', 'a'-'A') }
func upperASCII(v ref.Val) ref.Val { return asciiCase(v, 'a', 'z', 'a'-'A') }

// asciiCase changes the case of the letters of ASCII and leaves all others.
func asciiCase(v ref.Val, from, to, flip byte) ref.Val {
	text, ok := textOf(v)
	if !ok {
		return errOverload
	}
	for i := range len(text) {
		if c := text[i]; c >= from && c <= to {
			b := []byte(text)
			for j := i; j < len(b); j++ {
				if b[j] >= from && b[j] <= to {
					b[j] ^= flip
				}
			}
			return types.String(b)
		}
	}
	return v
}

func trim(v ref.Val) ref.Val {
	text, ok := textOf(v)
	if !ok {
		return errOverload
	}
	return types.String(strings.TrimSpace(text))
}

func substringFrom(v, from ref.Val) ref.Val {
	text, ok := textOf(v)
	start, ok2 := from.(types.Int)
	if !ok || !ok2 {
		return errOverload
	}
	return cut(text, int64(start), int64(utf8.RuneCountInString(text)))
}

func substringRange(args ...ref.Val) ref.Val {
	text, ok := textOf(args[0])
	from, ok2 := args[1].(types.Int)
	to, ok3 := args[2].(types.Int)
	if !ok || !ok2 || !ok3 {
		return errOverload
	}
	return cut(text, int64(from), int64(to))
}

// cut is the part of a text from one character to another, which is not in it.
func cut(text string, from, to int64) ref.Val {
	n := int64(utf8.RuneCountInString(text))
	if from < 0 || to < from || to > n {
		return types.NewErr("substring(%d, %d) of a text of %d characters", from, to, n)
	}
	start, end, at := len(text), len(text), int64(0)
	for i := range text {
		if at == from {
			start = i
		}
		if at == to {
			end = i
			break
		}
		at++
	}
	return types.String(text[start:end])
}

func replace(args ...ref.Val) ref.Val {
	text, ok := textOf(args[0])
	old, ok2 := textOf(args[1])
	with, ok3 := textOf(args[2])
	if !ok || !ok2 || !ok3 {
		return errOverload
	}
	if grow := len(with) - len(old); grow > 0 {
		if n := strings.Count(text, old); n > (MaxText-len(text))/grow {
			return errText
		}
	}
	return types.String(strings.ReplaceAll(text, old, with))
}

func join(list, separator ref.Val) ref.Val {
	l, ok := list.(traits.Lister)
	sep, ok2 := textOf(separator)
	if !ok || !ok2 {
		return errOverload
	}
	var b strings.Builder
	for it, first := l.Iterator(), true; it.HasNext() == types.True; first = false {
		s, ok := textOf(it.Next())
		if !ok {
			return errOverload
		}
		if b.Len()+len(sep)+len(s) > MaxText {
			return errText
		}
		if !first {
			b.WriteString(sep)
		}
		b.WriteString(s)
	}
	return types.String(b.String())
}

// maxParts bounds what split makes.
const maxParts = 4096

func splitText(v, separator ref.Val) ref.Val {
	text, ok := textOf(v)
	sep, ok2 := textOf(separator)
	if !ok || !ok2 {
		return errOverload
	}
	parts := strings.SplitN(text, sep, maxParts+1)
	if len(parts) > maxParts {
		return types.NewErr("split makes more than %d parts", maxParts)
	}
	return types.NewStringList(types.DefaultTypeAdapter, parts)
}

func indexOf(v, part ref.Val) ref.Val     { return index(v, part, strings.Index) }
func lastIndexOf(v, part ref.Val) ref.Val { return index(v, part, strings.LastIndex) }

// index counts in characters; -1 when the text does not have the part.
func index(v, part ref.Val, find func(s, part string) int) ref.Val {
	text, ok := textOf(v)
	sought, ok2 := textOf(part)
	if !ok || !ok2 {
		return errOverload
	}
	i := find(text, sought)
	if i < 0 {
		return types.Int(-1)
	}
	return types.Int(utf8.RuneCountInString(text[:i]))
}
