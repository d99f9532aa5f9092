package eventtest

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// LEEFLine is a parsed line.
type LEEFLine struct {
	Vendor, Product, Version, EventID string
	Attributes                        map[string]string
}

// ParseLEEF reads one line of LEEF 2.0 with its delimiter field, strictly.
func ParseLEEF(line string) (LEEFLine, error) {
	fields := strings.SplitN(line, "|", 7)
	if len(fields) != 7 || fields[0] != "LEEF:2.0" {
		return LEEFLine{}, fmt.Errorf("%d fields of a header, %q first", len(fields), fields[0])
	}
	if err := plainLine(line); err != nil {
		return LEEFLine{}, err
	}
	code, err := strconv.ParseUint(strings.TrimPrefix(strings.TrimPrefix(fields[5], "0"), "x"), 16, 16)
	if err != nil {
		return LEEFLine{}, fmt.Errorf("delimiter %q: %w", fields[5], err)
	}
	l := LEEFLine{Vendor: fields[1], Product: fields[2], Version: fields[3], EventID: fields[4], Attributes: map[string]string{}}
	for _, pair := range strings.Split(fields[6], string(rune(code))) {
		key, value, ok := strings.Cut(pair, "=")
		if _, twice := l.Attributes[key]; !ok || twice || key == "" || strings.ContainsAny(key, " |") {
			return l, fmt.Errorf("attribute %q has no name, no value, or stands twice", pair)
		}
		l.Attributes[key] = value
	}
	return l, nil
}

// LEEF checks a line and the attributes that the format itself defines.
func LEEF(b []byte) error {
	l, err := ParseLEEF(string(b))
	if err != nil {
		return err
	}
	if l.Vendor == "" || l.Product == "" || l.Version == "" || l.EventID == "" {
		return errors.New("an empty field in the header")
	}
	a := l.Attributes
	if n, err := strconv.Atoi(a["sev"]); err != nil || n < 1 || n > 10 {
		return fmt.Errorf("sev %q", a["sev"])
	}
	for _, key := range []string{"src", "dst"} {
		if text, ok := a[key]; ok {
			if _, err := netip.ParseAddr(text); err != nil {
				return fmt.Errorf("%s: %w", key, err)
			}
		}
	}
	if a["devTimeFormat"] != "MMM dd yyyy HH:mm:ss.SSS zzz" {
		return fmt.Errorf("devTimeFormat %q", a["devTimeFormat"])
	}
	if _, err := time.Parse("Jan 02 2006 15:04:05.000 MST", a["devTime"]); err != nil {
		return fmt.Errorf("devTime: %w", err)
	}
	return nil
}
