package demo

import (
	"compress/gzip"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// StartHEC starts a local model of Splunk's HTTP Event Collector. It is not Splunk: it checks the token and the shape
// of the events as Splunk's documentation describes them, and keeps nothing but their ids.
func StartHEC(port int, token string) (*Receiver, error) {
	r := &Receiver{now: time.Now}
	mux := http.NewServeMux()
	collect := func(w http.ResponseWriter, req *http.Request) { r.collect(w, req, token) }
	mux.HandleFunc("POST /services/collector", collect)
	mux.HandleFunc("POST /services/collector/event", collect)
	mux.HandleFunc("POST /services/collector/event/1.0", collect)
	mux.HandleFunc("GET /services/collector/health", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, http.StatusOK, 17, "HEC is healthy")
	})
	return r, r.start(port, mux)
}

// reply answers as HEC does.
func reply(w http.ResponseWriter, status, code int, text string) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"text":%q,"code":%d}`, text, code)
}

func (r *Receiver) collect(w http.ResponseWriter, req *http.Request, token string) {
	given, ok := strings.CutPrefix(req.Header.Get("Authorization"), "Splunk ")
	switch {
	case !ok:
		r.fault("HEC: no token")
		reply(w, http.StatusUnauthorized, 2, "Token is required")
		return
	case subtle.ConstantTimeCompare([]byte(given), []byte(token)) != 1:
		r.fault("HEC: wrong token")
		reply(w, http.StatusForbidden, 4, "Invalid token")
		return
	}
	ids, err := hecEvents(req)
	switch {
	case err != nil:
		r.fault("HEC: " + err.Error())
		reply(w, http.StatusBadRequest, 6, "Invalid data format")
	case len(ids) == 0:
		reply(w, http.StatusBadRequest, 5, "No data")
	default:
		now := r.now()
		for _, id := range ids {
			r.got(id, now)
		}
		reply(w, http.StatusOK, 0, "Success")
	}
}

// hecEvents reads a batch, JSON objects one after another, and gives the ids of its events.
func hecEvents(req *http.Request) (ids []string, err error) {
	body := io.Reader(req.Body)
	if req.Header.Get("Content-Encoding") == "gzip" {
		if body, err = gzip.NewReader(req.Body); err != nil {
			return nil, fmt.Errorf("reading gzip: %w", err)
		}
	}
	dec := json.NewDecoder(io.LimitReader(body, maxBody))
	for {
		var item struct {
			Time  json.Number `json:"time"`
			Event struct {
				ID string `json:"id"`
			} `json:"event"`
		}
		err := dec.Decode(&item)
		switch {
		case errors.Is(err, io.EOF):
			return ids, nil
		case err != nil:
			return nil, fmt.Errorf("reading event %d: %w", len(ids), err)
		case item.Event.ID == "":
			return nil, fmt.Errorf("event %d has no id", len(ids))
		}
		ids = append(ids, item.Event.ID)
	}
}
