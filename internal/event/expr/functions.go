package expr

import (
	"net/netip"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
)

// The names by which costs know the functions.
const (
	overloadInCidr         = "incidr_string_string"
	overloadInCidrs        = "incidr_string_list"
	overloadIsIP           = "isip_string"
	overloadIsPrivateIP    = "isprivateip_string"
	overloadGlob           = "glob_string_string"
	overloadLower          = "tocsin_lower_ascii"
	overloadUpper          = "tocsin_upper_ascii"
	overloadTrim           = "tocsin_trim"
	overloadSubstring      = "tocsin_substring"
	overloadSubstringRange = "tocsin_substring_range"
	overloadReplace        = "tocsin_replace"
	overloadJoin           = "tocsin_join"
	overloadSplit          = "tocsin_split"
	overloadIndexOf        = "tocsin_index_of"
	overloadLastIndexOf    = "tocsin_last_index_of"
)

// functionOptions declares the functions beside CEL's own. The ones for texts have the names and the meaning of CEL's
// strings extension, but never make a text longer than MaxText: its cost is only known when it is made.
func functionOptions() []cel.EnvOption {
	text, list, whole := cel.StringType, texts, cel.IntType
	return []cel.EnvOption{
		cel.Function("inCidr",
			cel.Overload(overloadInCidr, []*cel.Type{text, text}, cel.BoolType, cel.BinaryBinding(inCidr)),
			cel.Overload(overloadInCidrs, []*cel.Type{text, list}, cel.BoolType, cel.BinaryBinding(inCidrs))),
		cel.Function("isIp", cel.Overload(overloadIsIP, []*cel.Type{text}, cel.BoolType, cel.UnaryBinding(isIP))),
		cel.Function("isPrivateIp", cel.Overload(overloadIsPrivateIP, []*cel.Type{text}, cel.BoolType, cel.UnaryBinding(isPrivateIP))),
		cel.Function("glob", cel.Overload(overloadGlob, []*cel.Type{text, text}, cel.BoolType, cel.BinaryBinding(glob))),
		cel.Function("lowerAscii", cel.MemberOverload(overloadLower, []*cel.Type{text}, text, cel.UnaryBinding(lowerASCII))),
		cel.Function("upperAscii", cel.MemberOverload(overloadUpper, []*cel.Type{text}, text, cel.UnaryBinding(upperASCII))),
		cel.Function("trim", cel.MemberOverload(overloadTrim, []*cel.Type{text}, text, cel.UnaryBinding(trim))),
		cel.Function("substring",
			cel.MemberOverload(overloadSubstring, []*cel.Type{text, whole}, text, cel.BinaryBinding(substringFrom)),
			cel.MemberOverload(overloadSubstringRange, []*cel.Type{text, whole, whole}, text, cel.FunctionBinding(substringRange))),
		cel.Function("replace", cel.MemberOverload(overloadReplace, []*cel.Type{text, text, text}, text, cel.FunctionBinding(replace))),
		cel.Function("join", cel.MemberOverload(overloadJoin, []*cel.Type{list, text}, text, cel.BinaryBinding(join))),
		cel.Function("split", cel.MemberOverload(overloadSplit, []*cel.Type{text, text}, list, cel.BinaryBinding(splitText))),
		cel.Function("indexOf", cel.MemberOverload(overloadIndexOf, []*cel.Type{text, text}, whole, cel.BinaryBinding(indexOf))),
		cel.Function("lastIndexOf", cel.MemberOverload(overloadLastIndexOf, []*cel.Type{text, text}, whole, cel.BinaryBinding(lastIndexOf))),
	}
}

// The functions are given what they are declared with, or values whose type shows only now.

func textOf(v ref.Val) (string, bool) {
	s, ok := v.(types.String)
	return string(s), ok
}

var errOverload = types.NewErr("no such overload: a text is wanted")

func inCidr(value, network ref.Val) ref.Val {
	text, ok := textOf(value)
	cidr, ok2 := textOf(network)
	if !ok || !ok2 {
		return errOverload
	}
	prefix, err := netip.ParsePrefix(cidr)
	if err != nil {
		return types.NewErr("%q is not a network such as 10.0.0.0/8", clip(cidr))
	}
	return types.Bool(inPrefix(text, prefix))
}

func inCidrs(value, networks ref.Val) ref.Val {
	list, ok := networks.(traits.Lister)
	if !ok {
		return errOverload
	}
	for it := list.Iterator(); it.HasNext() == types.True; {
		if v := inCidr(value, it.Next()); v != types.False {
			return v
		}
	}
	return types.False
}

// inPrefix says whether a text is an address of the network.
func inPrefix(text string, prefix netip.Prefix) bool {
	a, ok := addressOf(text)
	return ok && prefix.Contains(a.WithZone(""))
}

// maxAddress bounds the text of an address, with its zone: a longer one is none, and not looked at.
const maxAddress = 128

// addressOf reads an address. An IPv4 address that is written as IPv6 is one of IPv4.
func addressOf(text string) (netip.Addr, bool) {
	if len(text) > maxAddress {
		return netip.Addr{}, false
	}
	a, err := netip.ParseAddr(text)
	return a.Unmap(), err == nil
}

func isIP(value ref.Val) ref.Val {
	text, _ := textOf(value)
	_, ok := addressOf(text)
	return types.Bool(ok)
}

// isPrivateIP says whether a text is an address that is not of the public internet: private, loopback, link-local or
// shared (RFC 6598).
func isPrivateIP(value ref.Val) ref.Val {
	text, _ := textOf(value)
	a, ok := addressOf(text)
	if !ok {
		return types.False
	}
	return types.Bool(a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() || shared.Contains(a))
}

var shared = netip.MustParsePrefix("100.64.0.0/10")

// glob says whether all of a text is like the pattern: "*" is any number of characters, "?" is one.
func glob(value, pattern ref.Val) ref.Val {
	text, ok := textOf(value)
	p, ok2 := textOf(pattern)
	if !ok || !ok2 {
		return errOverload
	}
	matches, ok := globMatch(text, p)
	if !ok {
		return errGlob
	}
	return types.Bool(matches)
}

// maxGlobSteps bounds one glob: two long texts that are nearly alike would take their lengths multiplied (about 2 ms).
const maxGlobSteps = 1 << 20

var errGlob = types.NewErr("the text and the pattern of glob are too long for each other")

// globMatch goes back to the last star only, which is enough, and makes it len(text) × len(pattern) at the worst. It is
// not ok when that is more than maxGlobSteps.
func globMatch(text, pattern string) (matches, ok bool) {
	t, p, star, mark := 0, 0, -1, 0
	for steps := 0; t < len(text); steps++ {
		if steps == maxGlobSteps {
			return false, false
		}
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, t
			p++
		case p < len(pattern) && pattern[p] == '?':
			t += runeLen(text[t:])
			p++
		case p < len(pattern) && pattern[p] == text[t]:
			t++
			p++
		case star >= 0:
			mark += runeLen(text[mark:])
			t, p = mark, star+1
		default:
			return false, true
		}
	}
	return strings.Trim(pattern[p:], "*") == "", true
}

// runeLen is the length of the first character of a text that is not empty.
func runeLen(s string) int {
	for i := range s {
		if i > 0 {
			return i
		}
	}
	return len(s)
}
