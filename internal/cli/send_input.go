package cli

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// maxInput bounds a file that is sent as one body (1 GiB); the hub's own limit is far below.
const maxInput = 1 << 30

// value is one JSON value of an input.
type value struct {
	input  string
	number int // from 1
	json   []byte
}

// String says where the value stands, for messages.
func (v value) String() string { return fmt.Sprintf("%s, event %d", v.input, v.number) }

// open opens a file, or standard input for "-".
func (p *Process) open(name string) (io.ReadCloser, string, error) {
	if name == "-" {
		return io.NopCloser(p.Stdin), "standard input", nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, name, err
	}
	return f, name, nil
}

// readAll reads a whole input.
func (p *Process) readAll(name string) ([]byte, error) {
	r, label, err := p.open(name)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	body, err := io.ReadAll(io.LimitReader(r, maxInput))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", label, err)
	}
	return body, nil
}

// eachValue hands every JSON value of an input to take, the elements of arrays one by one. Values are compacted to one
// line. A syntax error ends it, after what stood before was taken.
func (p *Process) eachValue(name string, take func(value) error) error {
	r, label, err := p.open(name)
	if err != nil {
		return err
	}
	defer r.Close()
	dec, n := json.NewDecoder(bufio.NewReaderSize(r, 64<<10)), 0
	for {
		var raw json.RawMessage
		err := dec.Decode(&raw)
		switch {
		case errors.Is(err, io.EOF) && n == 0:
			return fmt.Errorf("%s is empty", label)
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("%s is not JSON at byte %d, after %d events: %w", label, dec.InputOffset(), n, err)
		}
		items := []json.RawMessage{raw}
		if raw[0] == '[' {
			items = nil
			if err := json.Unmarshal(raw, &items); err != nil {
				return fmt.Errorf("%s: reading an array: %w", label, err)
			}
		}
		for _, item := range items {
			n++
			var line bytes.Buffer
			if err := json.Compact(&line, item); err != nil {
				return fmt.Errorf("%s, event %d: %w", label, n, err)
			}
			if err := take(value{input: label, number: n, json: line.Bytes()}); err != nil {
				return err
			}
		}
	}
}
