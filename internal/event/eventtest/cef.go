package eventtest

import (
	"encoding/csv"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// CEFLine is a parsed line.
type CEFLine struct {
	Vendor, Product, Version, ClassID, Name string
	Severity                                int
	Extension                               map[string]string
}

// ParseCEF reads one line strictly: nothing may be escaped that need not be.
func ParseCEF(line string) (CEFLine, error) {
	rest, ok := strings.CutPrefix(line, "CEF:0|")
	if !ok {
		return CEFLine{}, errors.New("does not begin with CEF:0|")
	}
	if err := plainLine(line); err != nil {
		return CEFLine{}, err
	}
	var fields []string
	for range 6 {
		field, tail, err := cefField(rest)
		if err != nil {
			return CEFLine{}, err
		}
		fields, rest = append(fields, field), tail
	}
	severity, err := strconv.Atoi(fields[5])
	if err != nil || severity < 0 || severity > 10 {
		return CEFLine{}, fmt.Errorf("severity %q", fields[5])
	}
	l := CEFLine{Vendor: fields[0], Product: fields[1], Version: fields[2], ClassID: fields[3], Name: fields[4], Severity: severity}
	l.Extension, err = cefExtension(rest)
	return l, err
}

// plainLine refuses what a line may not hold.
func plainLine(line string) error {
	if !utf8.ValidString(line) {
		return errors.New("not UTF-8")
	}
	for i, c := range line {
		if c != '\t' && unicode.IsControl(c) || c == '\u2028' || c == '\u2029' {
			return fmt.Errorf("%U at byte %d", c, i)
		}
	}
	return nil
}

// cefField reads the header up to the next bar that is not escaped.
func cefField(s string) (field, rest string, err error) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '|':
			return b.String(), s[i+1:], nil
		case s[i] == '\\' && i+1 < len(s) && (s[i+1] == '\\' || s[i+1] == '|'):
			i++
			b.WriteByte(s[i])
		case s[i] == '\\':
			return "", "", fmt.Errorf("a lone backslash in the header: %q", s[i:])
		default:
			b.WriteByte(s[i])
		}
	}
	return "", "", errors.New("the header ends too soon")
}

// cefExtension reads the pairs: an equals sign that is not escaped follows a key, which begins after the last blank.
func cefExtension(s string) (map[string]string, error) {
	pairs := map[string]string{}
	var equals []int
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			if i++; i == len(s) || !strings.ContainsRune(`\=nr`, rune(s[i])) {
				return nil, fmt.Errorf("a lone backslash before byte %d of %q", i, s)
			}
		case '=':
			equals = append(equals, i)
		}
	}
	for n, at := range equals {
		begin := strings.LastIndexByte(s[:at], ' ') + 1
		end := len(s)
		if n+1 < len(equals) {
			end = strings.LastIndexByte(s[:equals[n+1]], ' ')
		}
		key := s[begin:at]
		if _, twice := pairs[key]; twice || key == "" || end <= at {
			return nil, fmt.Errorf("key %q stands twice, is empty or has no value", key)
		}
		pairs[key] = strings.NewReplacer(`\\`, `\`, `\=`, `=`, `\n`, "\n", `\r`, "\r").Replace(s[at+1 : end])
	}
	return pairs, nil
}

// CEF checks a line against the standard's lengths and its list of keys, read from the shared specifications.
func CEF(t testing.TB) Checker {
	t.Helper()
	file, err := os.Open(Shared(t, "specs", "cef", "extensions.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close() //nolint:errcheck // only read
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	keys := map[string][]string{} // key, full_name, type, length, audience, since
	for _, row := range rows[1:] {
		keys[row[0]] = row
	}
	return func(b []byte) error {
		l, err := ParseCEF(string(b))
		if err != nil {
			return err
		}
		for _, h := range []struct {
			text string
			most int
		}{{l.Vendor, 63}, {l.Product, 63}, {l.Version, 31}, {l.ClassID, 1023}, {l.Name, 512}} {
			if h.text == "" || utf8.RuneCountInString(h.text) > h.most {
				return fmt.Errorf("header field %q is empty or longer than %d", h.text, h.most)
			}
		}
		for key, value := range l.Extension {
			if err := cefPair(keys[key], key, value); err != nil {
				return err
			}
			if label := key + "Label"; keys[label] != nil && l.Extension[label] == "" {
				return fmt.Errorf("%s has no label", key)
			}
		}
		return nil
	}
}

func cefPair(row []string, key, value string) error {
	if row == nil || row[4] == "consumer" {
		return fmt.Errorf("%q is not a producer's key", key)
	}
	if most, err := strconv.Atoi(row[3]); err == nil && utf8.RuneCountInString(value) > most {
		return fmt.Errorf("%s is longer than %d", key, most)
	}
	var err error
	switch row[2] {
	case "ipv4_address", "ipv6_address":
		var ip netip.Addr
		if ip, err = netip.ParseAddr(value); err == nil && ip.Is4() != (row[2] == "ipv4_address") {
			err = errors.New("of the other family")
		}
	case "integer", "long", "timestamp":
		_, err = strconv.ParseInt(value, 10, 64)
	}
	if err != nil {
		return fmt.Errorf("%s=%q: %w", key, value, err)
	}
	return nil
}
