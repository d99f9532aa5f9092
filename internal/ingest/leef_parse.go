package ingest

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// parseLEEF takes a LEEF message apart (IBM's Log Event Extended Format, 1.0 and 2.0):
//
//	LEEF:1.0|Vendor|Product|Version|EventID|key=value<tab>key=value…
//	LEEF:2.0|Vendor|Product|Version|EventID|^|key=value^key=value…
//
// The delimiter of 2.0 is a character, or its hexadecimal number after x or 0x; without one it is the tab. It is false
// when there is no whole header.
func parseLEEF(text string) (securityLog, bool) {
	at := formatAt(text, "LEEF:")
	if at < 0 {
		return securityLog{}, false
	}
	f, rest, ok := cutHeader(text[at+len("LEEF:"):], 5)
	if !ok {
		return securityLog{}, false
	}
	m := securityLog{
		format: "leef", version: strings.TrimSpace(f[0]), vendor: f[1], product: f[2], deviceVersion: f[3], id: f[4],
		before: strings.TrimSpace(text[:at]),
	}
	delimiter := "\t"
	if strings.HasPrefix(m.version, "2") {
		delimiter, rest = cutDelimiter(rest)
	}
	m.keys, m.text = leefKeys(rest, delimiter)
	return m, true
}

// cutDelimiter reads the delimiter's field of a 2.0 header; some senders leave it out.
func cutDelimiter(rest string) (delimiter, after string) {
	if strings.HasPrefix(rest, "||") {
		return "|", rest[2:]
	}
	named, after, found := strings.Cut(rest, "|")
	if !found || strings.IndexByte(named, '=') > 0 {
		return "\t", rest
	}
	if named == "" {
		return "\t", after
	}
	if utf8.RuneCountInString(named) == 1 {
		return named, after
	}
	digits, isHex := strings.CutPrefix(named, "0x")
	if !isHex {
		digits, isHex = strings.CutPrefix(named, "x")
	}
	n, err := strconv.ParseUint(digits, 16, 16)
	if !isHex || len(digits) > 4 || err != nil {
		return "\t", rest
	}
	return string(rune(n)), after
}

// leefTabs are what becomes of a tab on its way: rsyslog writes control characters as octal numbers, and other relays
// and manuals have their own ways.
var leefTabs = []string{"#011", "<009>", `\0x09`, `\x09`, `\t`}

// leefKeys splits at the delimiter. A part without a key belongs to the value before it. Where the tab was lost, the
// keys are found as in CEF.
func leefKeys(text, delimiter string) (list pairs, left string) {
	if delimiter == "\t" && !strings.Contains(text, "\t") {
		for _, tab := range leefTabs {
			if strings.Contains(text, tab) {
				delimiter = tab
				break
			}
		}
		if delimiter == "\t" {
			return cutKeys(text)
		}
	}
	var without []string // parts that belong to no key
	from, at := 0, 0     // where the last value begins, and the next part
	for part := range strings.SplitSeq(text, delimiter) {
		key, value, found := strings.Cut(part, "=")
		key = strings.TrimSpace(key)
		end := at + len(part)
		switch {
		case found && pairKey(key) && len(list) < maxPairs:
			list, from = append(list, pair{key, value}), end-len(value)
		case len(list) == 0 || len(list) == maxPairs:
			without = append(without, part)
		default:
			list[len(list)-1].value = text[from:end]
		}
		at = end + len(delimiter)
	}
	for i := range list {
		list[i].value = strings.TrimRight(list[i].value, " ")
	}
	return list, strings.TrimSpace(strings.Join(without, " "))
}
