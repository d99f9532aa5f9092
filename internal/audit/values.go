package audit

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
)

// shortened stands in place of values that are too long to be recorded.
type shortened struct {
	Shortened bool   `json:"shortened"`
	Bytes     int    `json:"bytes"`
	SHA256    string `json:"sha256"` // of the values as they would have been recorded
}

// values makes the JSON of a Before or After fit for the record: on one line, bounded, and without what looks like a
// secret. What is no JSON becomes a JSON string.
func values(raw json.RawMessage) json.RawMessage {
	if len(raw) == 0 {
		return nil
	}
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil {
		b.Reset()
		b.Write(quote(string(raw)))
	}
	masked := maskJSON(bytes.ToValidUTF8(b.Bytes(), []byte("\ufffd")))
	if len(masked) > MaxValues {
		return replaced(masked)
	}
	return masked
}

// replaced is the length and the hash of values in their place.
func replaced(raw json.RawMessage) json.RawMessage {
	if len(raw) == 0 {
		return nil
	}
	sum := sha256.Sum256(raw)
	out, err := marshal(shortened{true, len(raw), hex.EncodeToString(sum[:])})
	if err != nil {
		panic("audit: encoding three plain values: " + err.Error())
	}
	return out
}

func quote(text string) []byte {
	out, err := marshal(text)
	if err != nil {
		panic("audit: encoding a text: " + err.Error())
	}
	return out
}

// maxChanged is how many names of changed fields are told.
const maxChanged = 50

// changed names the fields at the top of before and after that differ, sorted. It never gives a value.
func changed(before, after json.RawMessage) []string {
	a, b := fields(before), fields(after)
	var names []string
	for name, value := range b {
		if old, ok := a[name]; !ok || !bytes.Equal(old, value) {
			names = append(names, clip(name, maxActor))
		}
	}
	for name := range a {
		if _, ok := b[name]; !ok {
			names = append(names, clip(name, maxActor))
		}
	}
	slices.Sort(names)
	return names[:min(len(names), maxChanged)]
}

func fields(raw json.RawMessage) map[string]json.RawMessage {
	var m map[string]json.RawMessage
	if json.Unmarshal(raw, &m) != nil {
		return nil
	}
	return m
}
