package elastictest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"
)

// operation is one of a bulk request.
type operation struct {
	name, index, id string
	document        []byte
}

// bulk does the operations of a request. Index is that of the path, with a slash, or empty.
func (s *Server) bulk(w http.ResponseWriter, r *http.Request, index string, body []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var fault Fault
	if s.o.Fault != nil {
		fault = s.o.Fault(s.requests)
	}
	s.requests++
	if fault.Status != 0 {
		if fault.RetryAfter != "" {
			w.Header().Set("Retry-After", fault.RetryAfter)
		}
		fail(w, fault.Status, "es_rejected_execution_exception", "rejected execution of coordinating operation")
		return
	}
	operations, err := parseBulk(body, strings.TrimSuffix(index, "/"))
	if err != nil {
		fail(w, http.StatusBadRequest, "illegal_argument_exception", err.Error())
		return
	}
	items, failed := make([]any, len(operations)), false
	for i, op := range operations {
		item := s.do(op, r.URL.Query().Get("pipeline"))
		_, bad := item["error"]
		failed = failed || bad
		items[i] = map[string]any{op.name: item}
	}
	s.bulked += len(operations)
	answer, err := json.Marshal(map[string]any{"took": 3, "errors": failed, "items": items})
	if err != nil {
		panic("elastictest: " + err.Error())
	}
	switch {
	case fault.Lose:
		panic(http.ErrAbortHandler)
	case fault.Cut:
		answer = answer[:len(answer)/2]
	}
	w.WriteHeader(http.StatusOK)
	w.Write(answer) //nolint:errcheck // the client may have gone
}

// parseBulk reads a bulk request as the servers do: what is wrong with a line that says what to do is wrong with the whole
// request.
func parseBulk(body []byte, index string) ([]operation, error) {
	if len(body) == 0 {
		return nil, errors.New("request body is required")
	}
	if body[len(body)-1] != '\n' {
		return nil, errors.New("The bulk request must be terminated by a newline [\\n]") //nolint:staticcheck // the server's words
	}
	lines := bytes.Split(body[:len(body)-1], []byte("\n"))
	var list []operation
	for i := 0; i < len(lines); i++ {
		op, err := parseAction(lines[i], index)
		if err != nil {
			return nil, fmt.Errorf("Malformed action/metadata line [%d], %w", i+1, err) //nolint:staticcheck // the server's words
		}
		if op.name != "delete" {
			if i++; i == len(lines) {
				return nil, fmt.Errorf("no document after line [%d]", i)
			}
			op.document = bytes.Clone(lines[i])
		}
		list = append(list, op)
	}
	return list, nil
}

func parseAction(line []byte, index string) (operation, error) {
	var action map[string]map[string]json.RawMessage
	d := json.NewDecoder(bytes.NewReader(line))
	if err := d.Decode(&action); err != nil || d.More() || len(action) != 1 {
		return operation{}, fmt.Errorf("expected one operation, found [%s]", line)
	}
	for name, meta := range action {
		op := operation{name: name, index: index}
		if !slices.Contains([]string{"create", "index", "update", "delete"}, name) {
			return op, fmt.Errorf("expected field [create], [delete], [index] or [update] but found [%s]", name)
		}
		for key, raw := range meta {
			var text string
			if err := json.Unmarshal(raw, &text); err != nil {
				return op, fmt.Errorf("field [%s] is not a text", key)
			}
			switch key {
			case "_index":
				op.index = text
			case "_id":
				op.id = text
			case "routing", "pipeline":
			default:
				return op, fmt.Errorf("action/metadata line contains an unknown parameter [%s]", key)
			}
		}
		if op.index == "" || len(op.id) > 512 {
			return op, errors.New("index is missing, or the id is longer than 512 bytes")
		}
		return op, nil
	}
	return operation{}, errors.New("nothing to do")
}

// do does one operation and gives its item.
func (s *Server) do(op operation, pipeline string) map[string]any {
	item := map[string]any{"_index": op.index, "_id": op.id}
	refuse := func(status int, kind, reason string) map[string]any {
		item["status"], item["error"] = status, map[string]any{"type": kind, "reason": reason}
		return item
	}
	if s.o.Refuse != nil {
		if status, kind, reason := s.o.Refuse(op.index, op.id, op.document); status != 0 {
			return refuse(status, kind, reason)
		}
	}
	if s.o.Privileges != nil && !s.o.Privileges["create_doc"] {
		return refuse(http.StatusForbidden, "security_exception", "action [indices:data/write/bulk[s]] is unauthorized")
	}
	if pipeline != "" && !slices.Contains(s.o.Pipelines, pipeline) {
		return refuse(http.StatusBadRequest, "illegal_argument_exception", "pipeline with id ["+pipeline+"] does not exist")
	}
	x := s.index(op.index)
	if x == nil {
		return refuse(http.StatusNotFound, "index_not_found_exception", "no such index ["+op.index+"]")
	}
	if x.stream && op.name != "create" {
		return refuse(http.StatusBadRequest, "illegal_argument_exception", "only write ops with an op_type of create are allowed in data streams")
	}
	var doc map[string]json.RawMessage
	if err := json.Unmarshal(op.document, &doc); err != nil {
		return refuse(http.StatusBadRequest, "document_parsing_exception", "failed to parse: "+err.Error())
	}
	var stamp time.Time
	if err := json.Unmarshal(doc["@timestamp"], &stamp); x.stream && err != nil {
		return refuse(http.StatusBadRequest, "document_parsing_exception", "data stream timestamp field [@timestamp] is missing")
	}
	if x.stream {
		item["_index"] = ".ds-" + op.index + "-2026.11.20-000001"
	}
	return s.store(x, op, item, refuse)
}

// store puts a document into its index.
func (s *Server) store(x *indexState, op operation, item map[string]any, refuse func(int, string, string) map[string]any) map[string]any {
	if _, there := x.docs[op.id]; there && op.name == "create" {
		s.conflicts++
		return refuse(http.StatusConflict, "version_conflict_engine_exception", "["+op.id+"]: version conflict, document already exists (current version [1])")
	}
	s.created++
	x.docs[op.id] = op.document
	x.order = append(x.order, op.id)
	item["status"], item["result"], item["_version"] = http.StatusCreated, "created", 1
	item["_seq_no"], item["_primary_term"] = len(x.order)-1, 1
	item["_shards"] = map[string]any{"total": 2, "successful": 1, "failed": 0}
	return item
}

// index finds an index or makes it; nil if that is not allowed.
func (s *Server) index(name string) *indexState {
	if x := s.indices[name]; x != nil {
		return x
	}
	if s.o.NoAutoCreate || s.o.Privileges != nil && !s.o.Privileges["auto_configure"] {
		return nil
	}
	x := &indexState{docs: map[string]json.RawMessage{}, stream: s.streams(name)}
	s.indices[name] = x
	return x
}

// streams says whether a new name becomes a data stream: by a template, or by Elasticsearch's own for logs-*-*.
func (s *Server) streams(name string) bool {
	for _, raw := range s.templates {
		var t struct {
			Patterns []string  `json:"index_patterns"`
			Stream   *struct{} `json:"data_stream"`
		}
		if json.Unmarshal(raw, &t) != nil {
			continue
		}
		for _, p := range t.Patterns {
			if ok, _ := path.Match(p, name); ok {
				return t.Stream != nil
			}
		}
	}
	ok, _ := path.Match("logs-*-*", name)
	return ok && !s.o.OpenSearch
}
