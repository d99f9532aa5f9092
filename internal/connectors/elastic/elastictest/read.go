package elastictest

import (
	"encoding/json"
	"net/http"
)

// template is PUT and GET _index_template/{name}.
func (s *Server) template(w http.ResponseWriter, r *http.Request, name string, body []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.o.Privileges != nil && !s.o.Privileges["manage_index_templates"] {
		fail(w, http.StatusForbidden, "security_exception", "action [indices:admin/index_template/put] is unauthorized")
		return
	}
	switch r.Method {
	case http.MethodPut:
		var t struct {
			Patterns []string `json:"index_patterns"`
			Template struct {
				Mappings map[string]any `json:"mappings"`
			} `json:"template"`
		}
		if err := json.Unmarshal(body, &t); err != nil || len(t.Patterns) == 0 {
			fail(w, http.StatusBadRequest, "x_content_parse_exception", "[index_template] needs index_patterns")
			return
		}
		s.templates[name] = body
		answerJSON(w, http.StatusOK, map[string]any{"acknowledged": true})
	case http.MethodGet:
		raw, ok := s.templates[name]
		if !ok {
			fail(w, http.StatusNotFound, "resource_not_found_exception", "index template matching ["+name+"] not found")
			return
		}
		answerJSON(w, http.StatusOK, map[string]any{"index_templates": []any{map[string]any{"name": name, "index_template": raw}}})
	default:
		fail(w, http.StatusMethodNotAllowed, "illegal_argument_exception", "method not allowed")
	}
}

// Templates are the index templates, by name.
func (s *Server) Templates() map[string]json.RawMessage {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := map[string]json.RawMessage{}
	for name, raw := range s.templates {
		all[name] = raw
	}
	return all
}

// get is GET {index}/_doc/{id}.
func (s *Server) get(w http.ResponseWriter, index, id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	x := s.indices[index]
	if x == nil {
		fail(w, http.StatusNotFound, "index_not_found_exception", "no such index ["+index+"]")
		return
	}
	doc, found := x.docs[id]
	answer := map[string]any{"_index": index, "_id": id, "found": found}
	if !found {
		answerJSON(w, http.StatusNotFound, answer)
		return
	}
	answer["_source"] = doc
	answerJSON(w, http.StatusOK, answer)
}

// read is {index}/_refresh, _count and _search, which finds everything, ten at most.
func (s *Server) read(w http.ResponseWriter, index, what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	x := s.indices[index]
	if x == nil {
		fail(w, http.StatusNotFound, "index_not_found_exception", "no such index ["+index+"]")
		return
	}
	shards := map[string]any{"total": 1, "successful": 1, "failed": 0}
	switch what {
	case "_refresh":
		answerJSON(w, http.StatusOK, map[string]any{"_shards": shards})
	case "_count":
		answerJSON(w, http.StatusOK, map[string]any{"count": len(x.docs), "_shards": shards})
	default:
		hits := []any{}
		for _, id := range x.order[:min(len(x.order), 10)] {
			hits = append(hits, map[string]any{"_index": index, "_id": id, "_score": 1, "_source": x.docs[id]})
		}
		answerJSON(w, http.StatusOK, map[string]any{
			"took": 1, "timed_out": false, "_shards": shards,
			"hits": map[string]any{"total": map[string]any{"value": len(x.docs), "relation": "eq"}, "hits": hits},
		})
	}
}
