package ingest

import (
	"fmt"
	"mime"
	"net/http"
	"strings"
)

// format is how a body is laid out.
type format uint8

const (
	formatSniff format = iota // object, array or lines: the body tells
	formatJSON                // object or array
	formatLines
	formatCloudEvents // which of the three modes the headers tell
)

// eventsFormat finds the format of a body for EventsPath.
func eventsFormat(h http.Header) (format, error) {
	if isBinaryCloudEvent(h) {
		return formatCloudEvents, nil
	}
	media, err := mediaType(h)
	if err != nil {
		return 0, err
	}
	switch media {
	case "":
		return formatSniff, nil
	case "application/json":
		return formatJSON, nil
	case "application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines", "application/jsonlines":
		return formatLines, nil
	case cloudEventsType, cloudEventsBatchType:
		return formatCloudEvents, nil
	}
	return 0, refuse(http.StatusUnsupportedMediaType, fmt.Sprintf("Content-Type %q is not supported: use application/json, application/x-ndjson, "+
		"application/cloudevents+json or application/cloudevents-batch+json", media))
}

// mediaReader is a Decoder that reads further media types than JSON and lines.
type mediaReader interface {
	Reads(media string) bool
}

// sourceFormat checks the media type of a body for SourcePath: senders of vendor formats are careless with it.
func sourceFormat(d Decoder, h http.Header) error {
	media, err := mediaType(h)
	if err != nil {
		return err
	}
	switch media {
	case "", "application/json", "application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines",
		"application/jsonlines", "text/plain", "text/json":
		return nil
	}
	if m, ok := d.(mediaReader); ok && m.Reads(media) {
		return nil
	}
	return refuse(http.StatusUnsupportedMediaType, fmt.Sprintf("Content-Type %q is not supported: use application/json or application/x-ndjson", media))
}

// mediaType is the Content-Type without its parameters, in lower case; empty when there is none.
func mediaType(h http.Header) (string, error) {
	v := h["Content-Type"]
	if len(v) == 0 {
		return "", nil
	}
	if v[0] == "application/json" { // nearly always
		return v[0], nil
	}
	if strings.TrimSpace(v[0]) == "" {
		return "", nil
	}
	media, _, err := mime.ParseMediaType(v[0])
	if err != nil {
		return "", refuse(http.StatusUnsupportedMediaType, "the Content-Type cannot be read: "+err.Error())
	}
	return media, nil
}
