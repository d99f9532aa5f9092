package demo

import (
	"bytes"
	"embed"
	"fmt"
	"path"
	"strconv"
	"time"
)

//go:embed samples
var sampleFiles embed.FS

// The moment at which every sample says it happened, in the spellings of the tools; Samples puts now in its place.
const (
	sampleTime  = "2026-01-01T00:00:00.000000000Z"
	sampleUnix  = "1767225600"
	sampleNanos = "1767225600000000000"
)

// Sample is one request body of events as a tool sends it.
type Sample struct {
	Name        string // "falco/shell-in-container"
	Source      string // "falco"
	Path        string // where the API takes it in
	ContentType string
	Body        []byte
}

// Samples gives every sample as if it had happened now.
func Samples(now time.Time) ([]Sample, error) {
	var list []Sample
	for _, source := range []string{"falco", "wallarm"} {
		dir := path.Join("samples", source)
		entries, err := sampleFiles.ReadDir(dir)
		if err != nil {
			return nil, fmt.Errorf("reading the samples: %w", err)
		}
		for _, e := range entries {
			s, err := readSample(path.Join(dir, e.Name()), now)
			if err != nil {
				return nil, err
			}
			s.Source, s.Path, s.ContentType = source, "/api/v1/ingest/"+source, "application/json"
			list = append(list, s)
		}
	}
	s, err := readSample("samples/native.ndjson", now)
	s.Source, s.Path, s.ContentType = "events", "/api/v1/events", "application/x-ndjson"
	return append(list, s), err
}

func readSample(file string, now time.Time) (Sample, error) {
	body, err := sampleFiles.ReadFile(file)
	if err != nil {
		return Sample{}, fmt.Errorf("reading the samples: %w", err)
	}
	now = now.UTC()
	body = bytes.ReplaceAll(body, []byte(sampleTime), []byte(now.Format("2006-01-02T15:04:05.000000000Z")))
	body = bytes.ReplaceAll(body, []byte(sampleNanos), strconv.AppendInt(nil, now.UnixNano(), 10))
	body = bytes.ReplaceAll(body, []byte(sampleUnix), strconv.AppendInt(nil, now.Unix(), 10))
	name := path.Base(file)
	name = name[:len(name)-len(path.Ext(name))]
	return Sample{Name: path.Join(path.Base(path.Dir(file)), name), Body: body}, nil
}
