package connectortest

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// Unpacked is a request's body without its content encoding.
func Unpacked(r Request) ([]byte, error) {
	if r.Header.Get("Content-Encoding") != "gzip" {
		return r.Body, nil
	}
	z, err := gzip.NewReader(bytes.NewReader(r.Body))
	if err != nil {
		return nil, fmt.Errorf("reading gzip: %w", err)
	}
	body, err := io.ReadAll(z)
	if err != nil {
		return nil, fmt.Errorf("reading gzip: %w", err)
	}
	return body, nil
}

// Values are the JSON values of a body that holds one after the other.
func Values(body []byte) ([]json.RawMessage, error) {
	var list []json.RawMessage
	for d := json.NewDecoder(bytes.NewReader(body)); ; {
		var v json.RawMessage
		err := d.Decode(&v)
		if errors.Is(err, io.EOF) {
			return list, nil
		}
		if err != nil {
			return list, fmt.Errorf("value %d: %w", len(list), err)
		}
		list = append(list, v)
	}
}

// Lines are the JSON values of a body of NDJSON, strictly: one a line, none blank, and a line end after the last.
func Lines(body []byte) ([]json.RawMessage, error) {
	if !bytes.HasSuffix(body, []byte("\n")) {
		return nil, errors.New("the last line has no end")
	}
	var list []json.RawMessage
	for i, line := range bytes.Split(body[:len(body)-1], []byte("\n")) {
		if !json.Valid(line) {
			return list, fmt.Errorf("line %d is not JSON: %.100q", i, line)
		}
		list = append(list, line)
	}
	return list, nil
}

// JSONShape is the structure of a JSON value: the path and the kind of everything in it, without the texts and numbers. The
// names of members are structure, but below the given paths ("event.labels", "items.0.data"), where they are data: only how
// many there are is told.
func JSONShape(raw []byte, data ...string) (string, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return "", fmt.Errorf("reading JSON: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return "", errors.New("something stands after the JSON value")
	}
	var lines []string
	shapeOf(&lines, "", v, data)
	slices.Sort(lines)
	return strings.Join(lines, "\n"), nil
}

func shapeOf(lines *[]string, path string, v any, data []string) {
	add := func(kind string) { *lines = append(*lines, path+" "+kind) }
	switch v := v.(type) {
	case map[string]any:
		if slices.Contains(data, strings.TrimPrefix(path, ".")) {
			add(fmt.Sprintf("%d pairs", len(v)))
			return
		}
		add("object")
		for name, m := range v {
			shapeOf(lines, path+"."+name, m, data)
		}
	case []any:
		add(fmt.Sprintf("list of %d", len(v)))
		for i, m := range v {
			shapeOf(lines, fmt.Sprintf("%s.%d", path, i), m, data)
		}
	default:
		kind := fmt.Sprintf("%T", v)
		add(map[string]string{"json.Number": "number", "<nil>": "null"}[kind] + strings.TrimPrefix(strings.TrimPrefix(kind, "json.Number"), "<nil>"))
	}
}

// HTMLShape is the structure of a document in HTML: its tags with the names of their attributes, and its comments, without
// the texts.
func HTMLShape(document string) (string, error) {
	var lines []string
	for z := html.NewTokenizer(strings.NewReader(document)); ; {
		switch kind := z.Next(); kind {
		case html.ErrorToken:
			if err := z.Err(); !errors.Is(err, io.EOF) {
				return "", fmt.Errorf("reading HTML: %w", err)
			}
			return strings.Join(lines, "\n"), nil
		case html.TextToken:
		default:
			token := z.Token()
			line := kind.String()
			if kind != html.CommentToken && kind != html.DoctypeToken {
				line += " " + token.Data
			}
			for _, a := range token.Attr {
				line += " " + a.Key
			}
			lines = append(lines, line)
		}
	}
}
