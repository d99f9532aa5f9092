package elastic

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
	"github.com/tocsin-hub/tocsin/internal/event"
)

// maxAbout bounds a version or a cluster's name in a note, in bytes.
const maxAbout = 100

// server is what answers: its product and version, as far as it says.
type server struct {
	openSearch bool
	text       string // "Elasticsearch 9.1.2, cluster security"
}

// Test proves the credentials with reads alone: which product it is (GET /), and whether the privileges are there. Neither
// writes anything.
func (c *Connector) Test(ctx context.Context) error {
	resp, err := c.ask(ctx, http.MethodGet, "/", nil)
	if err != nil {
		return err
	}
	// What may write need not be allowed to see the version (the privilege monitor): then the privileges alone tell.
	blind := resp.Status == http.StatusForbidden
	var s server
	if !blind {
		if s, err = readServer(resp, c.now); err != nil {
			return err
		}
	}
	about := []string{}
	if s.text != "" {
		about = append(about, s.text+".")
	}
	if !blind {
		// The answer that is shown of the test is the first one; what follows is looked at only.
		ctx = httpkit.WithExchange(ctx, new(httpkit.Exchange))
	}
	more, err := c.allowed(ctx, s, blind)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.about = append(about, more...)
	return nil
}

// Notes says where events go, and what the last Test found out.
func (c *Connector) Notes() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append(slices.Clone(c.about), "Events are written to "+c.settings.Index+" with the operation create; the document's id is the event's.")
}

// ask makes a request without a body, or with one that is JSON.
func (c *Connector) ask(ctx context.Context, method, path string, body []byte) (*httpkit.Response, error) {
	req := c.request(method, c.base+path)
	if body != nil {
		req.Body = body
		req.Header["Content-Type"] = []string{"application/json"}
	}
	resp, err := c.client.Do(ctx, req)
	if err != nil {
		return nil, fmt.Errorf("reaching the cluster: %w", err)
	}
	return resp, nil
}

// readServer reads the answer to GET /. It is pure but for the clock.
func readServer(resp *httpkit.Response, now func() time.Time) (server, error) {
	if err := connector.ClassifyStatus(resp, now()); err != nil {
		return server{}, fmt.Errorf("the cluster %w", err)
	}
	var a struct {
		Cluster string `json:"cluster_name"`
		Version struct {
			Number       string `json:"number"`
			Distribution string `json:"distribution"`
		} `json:"version"`
	}
	if json.Unmarshal(resp.Body, &a) != nil || a.Version.Number == "" {
		return server{}, connector.Permanent(fmt.Errorf("what answers there is neither Elasticsearch nor OpenSearch; the answer begins: %s", resp.Excerpt(maxReason)))
	}
	s := server{openSearch: a.Version.Distribution == "opensearch"}
	product := "Elasticsearch"
	if s.openSearch {
		product = "OpenSearch"
	}
	s.text = product + " " + event.Clip(quote(resp, a.Version.Number), maxAbout)
	if a.Cluster != "" {
		s.text += ", cluster " + event.Clip(quote(resp, a.Cluster), maxAbout)
	}
	return s, nil
}

// privileges is what Elasticsearch is asked for.
type privileges struct {
	Cluster []string         `json:"cluster,omitempty"`
	Index   []indexPrivilege `json:"index"`
}

type indexPrivilege struct {
	Names      []string `json:"names"`
	Privileges []string `json:"privileges"`
}

// allowed asks whether the credentials may do what will be done, and gives notes on what they may not. Blind says that
// nothing is known yet, not even that the credentials are good.
func (c *Connector) allowed(ctx context.Context, s server, blind bool) ([]string, error) {
	if s.openSearch {
		return c.allowedOpenSearch(ctx)
	}
	name := c.format.index.pattern()
	want := privileges{Index: []indexPrivilege{{Names: []string{name}, Privileges: []string{"create_doc", "auto_configure"}}}}
	if c.settings.InstallTemplate != templateNone {
		want.Cluster = []string{"manage_index_templates"}
	}
	body, err := json.Marshal(want)
	if err != nil {
		return nil, fmt.Errorf("writing the question for privileges: %w", err)
	}
	resp, err := c.ask(ctx, http.MethodPost, "/_security/user/_has_privileges", body)
	if err != nil {
		return nil, err
	}
	if unknownThere(resp.Status) && !blind {
		return []string{"The cluster does not tell which privileges the credentials have: whether they may write shows with the first event."}, nil
	}
	if err := connector.ClassifyStatus(resp, c.now()); err != nil {
		return nil, fmt.Errorf("asking the cluster for the privileges: it %w", err)
	}
	return readPrivileges(resp.Body, name, c.settings.InstallTemplate != templateNone)
}

// readPrivileges reads the answer to the question for privileges.
func readPrivileges(body []byte, name string, template bool) ([]string, error) {
	var a struct {
		Cluster map[string]bool            `json:"cluster"`
		Index   map[string]map[string]bool `json:"index"`
	}
	if err := json.Unmarshal(body, &a); err != nil || a.Index[name] == nil {
		return nil, errors.New("the cluster does not answer which privileges the credentials have")
	}
	switch {
	case !a.Index[name]["create_doc"]:
		return nil, connector.Permanent(fmt.Errorf("the credentials are good, but may not write: they need the privilege create_doc on %s", name))
	case template && !a.Cluster["manage_index_templates"]:
		return nil, connector.Permanent(errors.New("the credentials may not install the index template: they need the cluster privilege " +
			"manage_index_templates, or install_template must be none"))
	case !a.Index[name]["auto_configure"]:
		return []string{"The credentials may write, but not create " + name + " (auto_configure): it must exist before the first event."}, nil
	}
	return []string{"The credentials may write to " + name + ", and create it."}, nil
}

// allowedOpenSearch asks the security plugin who the credentials are. It does not tell what they may do.
func (c *Connector) allowedOpenSearch(ctx context.Context) ([]string, error) {
	resp, err := c.ask(ctx, http.MethodGet, "/_plugins/_security/authinfo", nil)
	if err != nil {
		return nil, err
	}
	if unknownThere(resp.Status) || resp.Status == http.StatusForbidden {
		return nil, nil
	}
	if err := connector.ClassifyStatus(resp, c.now()); err != nil {
		return nil, fmt.Errorf("asking OpenSearch who the credentials are: it %w", err)
	}
	var a struct {
		User  string   `json:"user_name"`
		Roles []string `json:"roles"`
	}
	if err := json.Unmarshal(resp.Body, &a); err != nil {
		return nil, fmt.Errorf("reading who the credentials are: %w", err)
	}
	if a.User == "" {
		return nil, nil
	}
	roles := quote(resp, strings.Join(a.Roles, ", "))
	return []string{"The user " + event.Clip(quote(resp, a.User), maxAbout) + " has the roles " + roles +
		". Whether they allow indices:data/write/bulk and create on " + c.format.index.pattern() + " shows with the first event."}, nil
}

// unknownThere says that the other side does not know what it was asked: security is off, or it only looks like a
// cluster.
func unknownThere(status int) bool {
	return status == http.StatusBadRequest || status == http.StatusNotFound || status == http.StatusMethodNotAllowed || status == http.StatusNotImplemented
}
