// Package elastictest is a model of Elasticsearch and OpenSearch, for tests: the part of their REST API that the connector
// uses, written from their documentation and held against their published specifications. It is strict where they are: about
// the form of a bulk request, the operations that data streams take, ids that are there already, content types and
// credentials. It keeps documents in memory, and searches nothing.
package elastictest

import (
	"bytes"
	"compress/gzip"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
)

// Options say what kind of cluster it is.
type Options struct {
	// OpenSearch makes it one; else it is an Elasticsearch.
	OpenSearch bool
	// Authorization is the header that it wants; empty: security is off.
	Authorization string
	// NoAutoCreate: an index that does not exist is not created by the first document.
	NoAutoCreate bool
	// MaxBody is http.max_content_length in bytes, counted unpacked; 0 is 100 MiB.
	MaxBody int
	// Pipelines are the ingest pipelines there are.
	Pipelines []string
	// Privileges are what the credentials may do, by name; nil: everything.
	Privileges map[string]bool
	// Fault, if set, is asked for each bulk request what goes wrong with it. Requests count from 0.
	Fault func(request int) Fault
	// Refuse, if set, is asked for each operation, before it is done, for a status other than 0 that it fails with.
	Refuse func(index, id string, document []byte) (status int, kind, reason string)
}

// Fault is what goes wrong with a bulk request.
type Fault struct {
	// Status answers with it, without doing anything. RetryAfter goes with it.
	Status     int
	RetryAfter string
	// Lose does everything and then cuts the connection, so that nobody hears of it.
	Lose bool
	// Cut does everything and answers half of what there is to say.
	Cut bool
}

// Server is a cluster. It is an http.Handler.
type Server struct {
	o Options

	mu        sync.Mutex
	indices   map[string]*indexState
	templates map[string]json.RawMessage
	requests  int
	bulked    int // operations that were asked for
	created   int
	conflicts int
}

// indexState is an index, or a data stream with its one backing index.
type indexState struct {
	stream bool
	docs   map[string]json.RawMessage
	order  []string
}

// New makes a cluster without any index.
func New(o Options) *Server {
	if o.MaxBody == 0 {
		o.MaxBody = 100 << 20
	}
	return &Server{o: o, indices: map[string]*indexState{}, templates: map[string]json.RawMessage{}}
}

// Documents are those of an index or data stream, by id.
func (s *Server) Documents(index string) map[string]json.RawMessage {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := map[string]json.RawMessage{}
	if x := s.indices[index]; x != nil {
		for id, doc := range x.docs {
			all[id] = doc
		}
	}
	return all
}

// Names are the indices and data streams there are; true for data streams.
func (s *Server) Names() map[string]bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := map[string]bool{}
	for name, x := range s.indices {
		all[name] = x.stream
	}
	return all
}

// Counts are the bulk requests, the operations in them, the documents that came to be, and the ones that were there.
func (s *Server) Counts() (requests, operations, created, conflicts int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests, s.bulked, s.created, s.conflicts
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !s.o.OpenSearch {
		w.Header().Set("X-Elastic-Product", "Elasticsearch")
	}
	w.Header().Set("Content-Type", "application/json")
	if s.o.Authorization != "" && subtle.ConstantTimeCompare([]byte(s.o.Authorization), []byte(r.Header.Get("Authorization"))) == 0 {
		w.Header().Set("WWW-Authenticate", `Basic realm="security", charset="UTF-8"`)
		fail(w, http.StatusUnauthorized, "security_exception", "unable to authenticate with the provided credentials")
		return
	}
	body, status, err := s.body(r)
	if err != nil {
		fail(w, status, "illegal_argument_exception", err.Error())
		return
	}
	parts := strings.Split(strings.Trim(r.URL.EscapedPath(), "/"), "/")
	switch last := parts[len(parts)-1]; {
	case r.URL.Path == "/" && (r.Method == http.MethodGet || r.Method == http.MethodHead):
		s.info(w)
	case last == "_bulk" && len(parts) <= 2 && (r.Method == http.MethodPost || r.Method == http.MethodPut):
		s.bulk(w, r, strings.TrimSuffix(strings.Join(parts, "/"), "_bulk"), body)
	case parts[0] == "_index_template" && len(parts) == 2:
		s.template(w, r, parts[1], body)
	case r.URL.Path == "/_security/user/_has_privileges" && !s.o.OpenSearch && s.o.Authorization != "":
		s.hasPrivileges(w, body)
	case r.URL.Path == "/_plugins/_security/authinfo" && s.o.OpenSearch && s.o.Authorization != "":
		answerJSON(w, http.StatusOK, map[string]any{"user_name": "tocsin", "roles": []string{"tocsin_writer"}})
	case len(parts) == 3 && parts[1] == "_doc" && r.Method == http.MethodGet:
		s.get(w, parts[0], parts[2])
	case len(parts) == 2 && (last == "_refresh" || last == "_count" || last == "_search"):
		s.read(w, parts[0], last)
	default:
		fail(w, http.StatusBadRequest, "illegal_argument_exception", fmt.Sprintf("no handler found for uri [%s] and method [%s]", r.URL.Path, r.Method))
	}
}

// body reads a request's body, unpacked.
func (s *Server) body(r *http.Request) ([]byte, int, error) {
	in := io.Reader(r.Body)
	if r.Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, http.StatusBadRequest, fmt.Errorf("not gzip: %w", err)
		}
		in = z
	}
	body, err := io.ReadAll(io.LimitReader(in, int64(s.o.MaxBody)+1))
	if err != nil {
		return nil, http.StatusBadRequest, fmt.Errorf("reading the body: %w", err)
	}
	if len(body) > s.o.MaxBody {
		return nil, http.StatusRequestEntityTooLarge, fmt.Errorf("entity content is too long for the configured buffer limit [%d]", s.o.MaxBody)
	}
	kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	if len(body) > 0 && kind != "application/json" && kind != "application/x-ndjson" {
		return nil, http.StatusUnsupportedMediaType, fmt.Errorf("Content-Type header [%s] is not supported", kind) //nolint:staticcheck // the server's words
	}
	return body, 0, nil
}

func (s *Server) info(w http.ResponseWriter) {
	version := map[string]any{
		"number": "9.1.2", "build_flavor": "default", "build_type": "docker", "build_hash": "0000", "build_date": "2026-08-01T00:00:00Z",
		"build_snapshot": false, "lucene_version": "10.2.2", "minimum_wire_compatibility_version": "8.19.0",
		"minimum_index_compatibility_version": "8.0.0",
	}
	tagline := "You Know, for Search"
	if s.o.OpenSearch {
		delete(version, "build_flavor")
		version["distribution"], version["number"] = "opensearch", "3.2.0"
		tagline = "The OpenSearch Project: https://opensearch.org/"
	}
	answerJSON(w, http.StatusOK, map[string]any{"name": "node-1", "cluster_name": "model", "cluster_uuid": "uuid", "version": version, "tagline": tagline})
}

func (s *Server) hasPrivileges(w http.ResponseWriter, body []byte) {
	var q struct {
		Cluster []string `json:"cluster"`
		Index   []struct {
			Names      []string `json:"names"`
			Privileges []string `json:"privileges"`
		} `json:"index"`
	}
	if err := json.Unmarshal(body, &q); err != nil {
		fail(w, http.StatusBadRequest, "x_content_parse_exception", err.Error())
		return
	}
	has := func(name string) bool { return s.o.Privileges == nil || s.o.Privileges[name] }
	all, cluster, index := true, map[string]bool{}, map[string]map[string]bool{}
	for _, p := range q.Cluster {
		cluster[p] = has(p)
		all = all && has(p)
	}
	for _, x := range q.Index {
		for _, name := range x.Names {
			index[name] = map[string]bool{}
			for _, p := range x.Privileges {
				index[name][p] = has(p)
				all = all && has(p)
			}
		}
	}
	answerJSON(w, http.StatusOK, map[string]any{
		"username": "tocsin", "has_all_requested": all, "cluster": cluster, "index": index, "application": map[string]any{},
	})
}

func answerJSON(w http.ResponseWriter, status int, v any) {
	var b bytes.Buffer
	if err := json.NewEncoder(&b).Encode(v); err != nil {
		panic("elastictest: " + err.Error())
	}
	w.WriteHeader(status)
	w.Write(b.Bytes()) //nolint:errcheck // the client may have gone
}

func fail(w http.ResponseWriter, status int, kind, reason string) {
	why := map[string]any{"type": kind, "reason": reason}
	answerJSON(w, status, map[string]any{
		"error": map[string]any{"root_cause": []any{why}, "type": kind, "reason": reason}, "status": status,
	})
}
