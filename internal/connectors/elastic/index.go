package elastic

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// maxIndex bounds the name of an index or a data stream, in bytes (the servers' own limit).
const maxIndex = 255

// index is the name that events are written to: texts, and parts of the event's date.
type index struct {
	parts []indexPart
}

// indexPart is a text, or a layout of Go for a date.
type indexPart struct {
	text, layout string
}

var (
	// datePart is a date in a name. Logstash and the Beats write it with a percent sign and a plus.
	datePart = regexp.MustCompile(`%?\{\+?([^{}]*)\}`)
	// dateWords are what may stand in one.
	dateWords = regexp.MustCompile(`^(yyyy|MM|dd|HH|[._-])+$`)
	layouts   = strings.NewReplacer("yyyy", "2006", "MM", "01", "dd", "02", "HH", "15")
	nameRunes = regexp.MustCompile(`^[^A-Z\\/*?"<>| ,#:{}%\x00-\x20\x7f]+$`)
)

// parseIndex reads a name such as "tocsin-{yyyy.MM.dd}".
func parseIndex(text string) (index, error) {
	var x index
	end := 0
	for _, at := range datePart.FindAllStringSubmatchIndex(text, -1) {
		words := text[at[2]:at[3]]
		if !dateWords.MatchString(words) {
			return x, fmt.Errorf("has {%s}, which is no date: want yyyy, MM, dd and HH with . - or _ between, as in {yyyy.MM.dd}", words)
		}
		if end < at[0] {
			x.parts = append(x.parts, indexPart{text: text[end:at[0]]})
		}
		x.parts = append(x.parts, indexPart{layout: layouts.Replace(words)})
		end = at[1]
	}
	if end < len(text) {
		x.parts = append(x.parts, indexPart{text: text[end:]})
	}
	name := string(x.append(nil, time.Unix(0, 0)))
	switch {
	case len(name) == 0 || len(name) > maxIndex:
		return x, fmt.Errorf("must have 1 to %d bytes", maxIndex)
	case name == "." || name == ".." || strings.HasPrefix(name, "-") || strings.HasPrefix(name, "_") || strings.HasPrefix(name, "+"):
		return x, errors.New("must not begin with - _ or +")
	case !nameRunes.MatchString(name):
		return x, errors.New(`must be lower case, and without blanks and \ / * ? " < > | , # : %`)
	}
	return x, nil
}

// dated says whether the name depends on the event's date.
func (x index) dated() bool {
	for _, p := range x.parts {
		if p.layout != "" {
			return true
		}
	}
	return false
}

// append appends the name for an event of that time. Nothing in it has to be escaped in JSON but quotes and backslashes,
// which names cannot have.
func (x index) append(dst []byte, at time.Time) []byte {
	for _, p := range x.parts {
		if p.layout == "" {
			dst = append(dst, p.text...)
			continue
		}
		dst = at.UTC().AppendFormat(dst, p.layout)
	}
	return dst
}

// pattern matches all the names that there may be.
func (x index) pattern() string {
	var b strings.Builder
	for _, p := range x.parts {
		if p.layout == "" {
			b.WriteString(p.text)
		} else {
			b.WriteByte('*')
		}
	}
	return b.String()
}

func checkIndex(text string) error {
	_, err := parseIndex(text)
	return err
}
