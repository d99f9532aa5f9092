package canary

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"
)

// Driver speaks to a hub's API and searches every answer.
type Driver struct {
	Base   string
	Key    string
	Finder *Finder
	// Secret is what stands in the place of every password and token of the document's examples.
	Secret string
	Hits   []Hit
	// Trouble lists answers of the kind 5xx, which nothing here should cause.
	Trouble []string

	client  http.Client
	targets map[string][]string // ids by the path of the list they come from
}

// callTime bounds one request.
const callTime = 20 * time.Second

// The stream has no end: this much of it is searched, from its beginning.
const (
	streamPath = "/api/v1/stream"
	streamTime = 2 * time.Second
)

// Do makes a request and searches the whole answer. A body that is no []byte is sent as JSON.
func (d *Driver) Do(ctx context.Context, method, path string, in any) (int, []byte) {
	return d.searched(ctx, method, path, in, http.Header{"X-Api-Key": {d.Key}})
}

// Stranger makes a request without a body that carries what is in the header instead of the key.
func (d *Driver) Stranger(ctx context.Context, method, path string, header http.Header) {
	d.searched(ctx, method, path, nil, header)
}

func (d *Driver) searched(ctx context.Context, method, path string, in any, header http.Header) (int, []byte) {
	status, answer, err := d.call(ctx, method, path, in, header)
	if err != nil {
		d.Trouble = append(d.Trouble, fmt.Sprintf("%s %s: %v", method, path, err))
		return 0, nil
	}
	d.Hits = append(d.Hits, d.Finder.Search(method+" "+path, answer)...)
	_, body, _ := bytes.Cut(answer, []byte("\n\n"))
	return status, body
}

// Secretly is Do for the one answer that shows a new secret: the values of the named members are searched for from then
// on, and may not stand anywhere else in this answer.
func (d *Driver) Secretly(ctx context.Context, method, path string, in any, members ...string) (int, []byte) {
	status, answer, err := d.call(ctx, method, path, in, http.Header{"X-Api-Key": {d.Key}})
	if err != nil {
		d.Trouble = append(d.Trouble, fmt.Sprintf("%s %s: %v", method, path, err))
		return 0, nil
	}
	_, body, _ := bytes.Cut(answer, []byte("\n\n"))
	var out map[string]any
	if json.Unmarshal(body, &out) == nil {
		for _, m := range members {
			if text, ok := out[m].(string); ok && text != "" {
				d.Finder.Add("the "+m+" that "+path+" gave", secretPart(text))
				answer = bytes.Replace(answer, []byte(text), nil, 1)
			}
		}
	}
	d.Hits = append(d.Hits, d.Finder.Search(method+" "+path, answer)...)
	return status, body
}

// secretPart is what is secret of a link or key: a link's token, a key without its visible beginning.
func secretPart(text string) string {
	if _, token, ok := strings.Cut(text, "token="); ok {
		return token
	}
	return text[len(text)/2:]
}

func (d *Driver) call(ctx context.Context, method, path string, in any, header http.Header) (int, []byte, error) {
	bound := callTime
	if path == streamPath {
		bound, path = streamTime, path+"?topics=events,deliveries,mailbox&since=2000-01-01T00:00:00Z"
	}
	ctx, cancel := context.WithTimeout(ctx, bound)
	defer cancel()
	var body io.Reader
	switch in := in.(type) {
	case nil:
	case []byte:
		body = bytes.NewReader(in)
	default:
		text, err := json.Marshal(in)
		if err != nil {
			return 0, nil, err
		}
		body = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, d.Base+path, body)
	if err != nil {
		return 0, nil, err
	}
	req.Header = header.Clone()
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := d.client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close() //nolint:errcheck // it was read to its end
	var answer bytes.Buffer
	fmt.Fprintf(&answer, "%s\n", resp.Status)
	if err := resp.Header.Write(&answer); err != nil {
		return 0, nil, err
	}
	answer.WriteByte('\n')
	if _, err := io.Copy(&answer, inflated(resp)); err != nil && bound == callTime { // a stream has no other end
		return 0, nil, err
	}
	if resp.StatusCode >= http.StatusInternalServerError && resp.StatusCode != http.StatusServiceUnavailable {
		d.Trouble = append(d.Trouble, fmt.Sprintf("%s %s: %s", method, path, resp.Status))
	}
	return resp.StatusCode, bytes.ReplaceAll(answer.Bytes(), []byte("\r\n"), []byte("\n")), nil
}

// inflated is the answer as it is before compression: an archive shows nothing otherwise.
func inflated(resp *http.Response) io.Reader {
	if !strings.Contains(resp.Header.Get("Content-Type"), "zst") {
		return resp.Body
	}
	r, err := zstd.NewReader(resp.Body, zstd.WithDecoderConcurrency(1))
	if err != nil {
		return resp.Body
	}
	return r
}

// Operation is one operation of the OpenAPI document.
type Operation struct {
	Method, Path string
	Query        []string // required parameters
	Example      json.RawMessage
	Elsewhere    bool // ingest: it is driven by sending events
}

// Operations reads the hub's OpenAPI document.
func (d *Driver) Operations(ctx context.Context) ([]Operation, error) {
	status, body := d.Do(ctx, http.MethodGet, "/api/openapi.json", nil)
	if status != http.StatusOK {
		return nil, fmt.Errorf("the OpenAPI document answered %d", status)
	}
	var doc struct {
		Paths map[string]map[string]json.RawMessage `json:"paths"`
	}
	if err := json.Unmarshal(body, &doc); err != nil {
		return nil, fmt.Errorf("reading the OpenAPI document: %w", err)
	}
	var list []Operation
	for _, path := range slices.Sorted(maps.Keys(doc.Paths)) {
		for method, raw := range doc.Paths[path] {
			var op struct {
				Parameters []struct {
					Name, In string
					Required bool
				} `json:"parameters"`
				RequestBody struct {
					Content map[string]struct {
						Example json.RawMessage `json:"example"`
					} `json:"content"`
				} `json:"requestBody"`
			}
			if json.Unmarshal(raw, &op) != nil {
				continue
			}
			o := Operation{Method: strings.ToUpper(method), Path: path, Example: op.RequestBody.Content["application/json"].Example}
			o.Elsewhere = strings.HasPrefix(path, "/api/v1/ingest") || path == "/v1/events" || path == "/api/v1/events" && o.Method == http.MethodPost
			for _, p := range op.Parameters {
				if p.In == "query" && p.Required {
					o.Query = append(o.Query, p.Name)
				}
			}
			list = append(list, o)
		}
	}
	return list, nil
}

var parameter = regexp.MustCompile(`\{[^}]+\}`)

// Address fills an operation's path and required parameters in, with real ids as far as there are any.
func (d *Driver) Address(ctx context.Context, o Operation) (list []string) {
	list = []string{o.Path}
	for parameter.MatchString(list[0]) {
		var next []string
		for _, path := range list {
			at := parameter.FindStringIndex(path)
			for _, id := range d.ids(ctx, path[:at[0]]) {
				next = append(next, path[:at[0]]+url.PathEscape(id)+path[at[1]:])
			}
		}
		list = next
	}
	query := url.Values{}
	for _, name := range o.Query {
		ids := d.ids(ctx, "/api/v1/"+name+"s/")
		query.Set(name, ids[0])
	}
	if len(query) > 0 {
		for i := range list {
			list[i] += "?" + query.Encode()
		}
	}
	return list
}

// maxTargets bounds how many things of one list are looked at one by one.
const maxTargets = 30

// ids are those of the list at a path that ends in a slash; something made up if there are none.
func (d *Driver) ids(ctx context.Context, list string) []string {
	if ids, known := d.targets[list]; known {
		return ids
	}
	_, body := d.Do(ctx, http.MethodGet, strings.TrimSuffix(list, "/")+"?limit=100", nil)
	if !bytes.Contains(body, []byte(`"items"`)) {
		_, body = d.Do(ctx, http.MethodGet, strings.TrimSuffix(list, "/"), nil)
	}
	var page struct {
		Items []map[string]any `json:"items"`
	}
	var ids []string
	if json.Unmarshal(body, &page) == nil {
		for _, item := range page.Items {
			for _, member := range []string{"id", "kind", "name"} {
				if id, ok := item[member].(string); ok {
					ids = append(ids, id)
					break
				}
			}
		}
	}
	if len(ids) == 0 {
		ids = []string{"none"}
	}
	if d.targets == nil {
		d.targets = map[string][]string{}
	}
	d.targets[list] = ids[:min(len(ids), maxTargets)]
	return d.targets[list]
}

// Known tells the driver an id that no list gives.
func (d *Driver) Known(list, id string) {
	if d.targets == nil {
		d.targets = map[string][]string{}
	}
	d.targets[list] = append(d.targets[list], id)
}

// ReadAll reads every GET operation of the document, and what stands beside it. It gives how many requests it made.
func (d *Driver) ReadAll(ctx context.Context, operations []Operation) (requests int) {
	for _, o := range operations {
		if o.Method != http.MethodGet {
			continue
		}
		for _, path := range d.Address(ctx, o) {
			d.Do(ctx, http.MethodGet, path, nil)
			requests++
		}
	}
	for _, path := range []string{"/metrics", "/healthz", "/readyz", "/api/docs", "/api/v1/nothing"} {
		d.Do(ctx, http.MethodGet, path, nil)
		requests++
	}
	return requests
}

var secretName = regexp.MustCompile(`(?i)password|secret|token|^code$`)

// example is the document's example of a body, with a canary for every password.
func (d *Driver) example(o Operation) any {
	var body any
	if json.Unmarshal(o.Example, &body) != nil {
		return []byte(o.Example)
	}
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, item := range v {
				walk(item)
			}
		case map[string]any:
			for name, member := range v {
				if text, ok := member.(string); ok && text != "" && secretName.MatchString(name) {
					v[name] = d.Secret
				}
				walk(member)
			}
		}
	}
	walk(body)
	return body
}

// WriteAll sends the document's own example to every operation that changes something, and a body that is none. What
// deletes, closes or ends comes last. Whether they succeed does not matter here.
func (d *Driver) WriteAll(ctx context.Context, operations []Operation) (requests int) {
	ending := func(o Operation) bool {
		return o.Method == http.MethodDelete || regexp.MustCompile(`/(close|revoke|disable|discard|sign-?out|logout)`).MatchString(o.Path)
	}
	for _, last := range []bool{false, true} {
		for _, o := range operations {
			if o.Method == http.MethodGet || o.Elsewhere || ending(o) != last {
				continue
			}
			path := d.Address(ctx, o)[0]
			var body any
			if len(o.Example) > 0 {
				body = d.example(o)
				d.Do(ctx, o.Method, path, []byte(`{"x": [`))
			}
			d.Secretly(ctx, o.Method, path, body, "key", "link", "secret", "token", "password")
			requests++
		}
	}
	return requests
}
