package jira

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
	"github.com/tocsin-hub/tocsin/internal/connector/ticketing"
)

// site is which Jira it is.
type site struct {
	cloud bool
	// base is where people read issues.
	base string
}

func (s *site) ref(id, key string) ticketing.Ref {
	return ticketing.Ref{ID: id, Key: key, URL: s.base + "/browse/" + url.PathEscape(key)}
}

// version is that of the REST API.
func (s *site) version() string {
	if s.cloud {
		return "3"
	}
	return "2"
}

// where finds out which Jira it is: by the settings, or by asking. It asks once.
func (c *Connector) where(ctx context.Context) (*site, error) {
	c.mu.Lock()
	known := c.site
	c.mu.Unlock()
	if known != nil {
		return known, nil
	}
	edition, sure := c.settings.guess()
	s := &site{cloud: edition == cloud, base: c.settings.URL}
	if e := httpkit.ExchangeOf(ctx); e != nil && e.DryRun {
		return s, nil
	}
	if scoped := strings.Contains(c.settings.URL, "//"+gateway+"/"); !sure || scoped {
		if err := c.ask(ctx, s, scoped); err != nil {
			return nil, err
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.site = s
	return s, nil
}

// ask has Jira say which it is. A gateway on the way that hides the question leaves it to the guess.
func (c *Connector) ask(ctx context.Context, s *site, scoped bool) error {
	for _, version := range []string{s.version(), "2"} {
		resp, err := c.do(ctx, http.MethodGet, "/rest/api/"+version+"/serverInfo", nil)
		if err != nil {
			return err
		}
		if err := c.judge(resp); err != nil {
			var refused *refusal
			if errors.As(err, &refused) && (refused.status == http.StatusNotFound || refused.status == http.StatusMethodNotAllowed) {
				continue
			}
			return fmt.Errorf("asking Jira which edition it is: %w", err)
		}
		var info struct{ BaseURL, DeploymentType string }
		if json.Unmarshal(resp.Body, &info) == nil && info.DeploymentType != "" {
			s.cloud = strings.EqualFold(info.DeploymentType, "Cloud")
		}
		if scoped && strings.HasPrefix(info.BaseURL, "https://") {
			s.base = strings.TrimRight(info.BaseURL, "/")
		}
		return nil
	}
	return nil
}

// do makes a request to a path below the URL.
func (c *Connector) do(ctx context.Context, method, path string, body []byte) (*httpkit.Response, error) {
	r := &httpkit.Request{Method: method, URL: c.settings.URL + path, Body: body,
		Header: http.Header{"Authorization": {c.settings.authorization()}, "Accept": {"application/json"}}}
	if body != nil {
		r.Header["Content-Type"] = []string{"application/json"}
	}
	return c.send(ctx, r)
}

func (c *Connector) send(ctx context.Context, r *httpkit.Request) (*httpkit.Response, error) {
	resp, err := c.client.Do(ctx, r)
	if err != nil {
		return nil, fmt.Errorf("calling Jira: %w", err)
	}
	return resp, nil
}

// call makes a request to the REST API and reads its answer into out, which may be nil.
func (c *Connector) call(ctx context.Context, method, path string, in, out any) error {
	s, err := c.where(ctx)
	if err != nil {
		return err
	}
	var body []byte
	if in != nil {
		if body, err = encode(in); err != nil {
			return connector.Permanent(err)
		}
	}
	resp, err := c.do(ctx, method, "/rest/api/"+s.version()+path, body)
	if err != nil {
		return err
	}
	if err := c.judge(resp); err != nil {
		return err
	}
	if out == nil {
		return nil
	}
	if resp.Truncated {
		return fmt.Errorf("the answer of Jira is more than %d bytes", maxAnswer)
	}
	if err := json.Unmarshal(resp.Body, out); err != nil {
		return fmt.Errorf("what answers is not Jira's REST API: check the URL (the answer begins: %s)", resp.Excerpt(120))
	}
	return nil
}

// encode writes JSON as it is, without escapes for HTML.
func encode(v any) ([]byte, error) {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("writing the request: %w", err)
	}
	return []byte(strings.TrimSuffix(b.String(), "\n")), nil
}

// ofIssue marks the answer that an issue is not there.
func ofIssue(err error) error {
	var refused *refusal
	if errors.As(err, &refused) && refused.status == http.StatusNotFound {
		return connector.Permanent(fmt.Errorf("%w (%w)", ticketing.ErrDeleted, err))
	}
	return err
}

func issuePath(id, rest string) string { return "/issue/" + url.PathEscape(id) + rest }
