package elastic

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
)

// mappings are those of the profile ecs. What the sender chose the names of (tocsin.data, geo, network) is one field each,
// so that no sender can make an index burst with fields; everything else that is new becomes a keyword.
//
//go:embed mappings.json
var mappings []byte

// templateVersion counts the changes of mappings.json. A template of an older version is replaced.
const templateVersion = 1

// templatePriority is above that of Elastic's own templates (100 and 200), so that ours is the one that counts.
const templatePriority = 500

// template is the body of PUT _index_template, which Elasticsearch and OpenSearch share.
type template struct {
	Patterns []string        `json:"index_patterns"`
	Stream   *struct{}       `json:"data_stream,omitempty"`
	Priority int             `json:"priority"`
	Version  int             `json:"version"`
	Meta     map[string]any  `json:"_meta"`
	Template templateContent `json:"template"`
}

type templateContent struct {
	Settings map[string]any `json:"settings"`
	Mappings map[string]any `json:"mappings"`
}

var nameRest = regexp.MustCompile(`[^a-z0-9]+`)

// templateName is what the template for a name is called.
func templateName(pattern string) string {
	return "tocsin-" + strings.Trim(nameRest.ReplaceAllString(pattern, "-"), "-")
}

// templateFor is the template for a name. OpenSearch has another word for a flattened field.
func templateFor(pattern string, stream, openSearch bool) ([]byte, error) {
	t := template{
		Patterns: []string{pattern}, Priority: templatePriority, Version: templateVersion,
		Meta:     map[string]any{"managed_by": "tocsin", "description": "Events of Tocsin in the Elastic Common Schema"},
		Template: templateContent{Settings: map[string]any{"index.mapping.total_fields.limit": 2000}},
	}
	if stream {
		t.Stream = &struct{}{}
	}
	text := string(mappings)
	if openSearch {
		text = strings.NewReplacer(`"type": "flattened", "ignore_above": 8191`, `"type": "flat_object"`).Replace(text)
	}
	if err := json.Unmarshal([]byte(text), &t.Template.Mappings); err != nil {
		return nil, fmt.Errorf("reading the mappings: %w", err)
	}
	body, err := json.Marshal(t)
	if err != nil {
		return nil, fmt.Errorf("writing the index template: %w", err)
	}
	return body, nil
}

// install puts the index template there before the first batch, if the settings ask for it and it is not there in this or a
// newer version. Until that works, events wait: documents with wrong mappings cannot be put right later.
func (c *Connector) install(ctx context.Context) error {
	if e := httpkit.ExchangeOf(ctx); c.settings.InstallTemplate == templateNone || e != nil && e.DryRun {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock() // of several first batches one installs, and the others wait for it
	if c.installed {
		return nil
	}
	if err := c.putTemplate(ctx); err != nil {
		return fmt.Errorf("installing the index template: %w", err)
	}
	c.installed = true
	return nil
}

func (c *Connector) putTemplate(ctx context.Context) error {
	pattern := c.format.index.pattern()
	path := "/_index_template/" + templateName(pattern)
	resp, err := c.ask(ctx, http.MethodGet, path, nil)
	if err != nil {
		return err
	}
	switch {
	case resp.Status == http.StatusOK && upToDate(resp.Body):
		return nil
	case resp.Status != http.StatusOK && resp.Status != http.StatusNotFound:
		return waiting(connector.ClassifyStatus(resp, c.now()))
	}
	if resp, err = c.ask(ctx, http.MethodGet, "/", nil); err != nil {
		return err
	}
	s, _ := readServer(resp, c.now) // who may not see the version is taken to be at Elasticsearch
	body, err := templateFor(pattern, c.settings.InstallTemplate == templateStream, s.openSearch)
	if err != nil {
		return err
	}
	if resp, err = c.ask(ctx, http.MethodPut, path, body); err != nil {
		return err
	}
	return waiting(connector.ClassifyStatus(resp, c.now()))
}

// upToDate reads the answer to GET _index_template: is it ours, and of this version or a newer one?
func upToDate(body []byte) bool {
	var a struct {
		Templates []struct {
			Template struct {
				Version int `json:"version"`
			} `json:"index_template"`
		} `json:"index_templates"`
	}
	return json.Unmarshal(body, &a) == nil && len(a.Templates) == 1 && a.Templates[0].Template.Version >= templateVersion
}

// waiting makes an error that would be final one that is tried again: it is the set-up that is wrong, and no event's fault.
func waiting(err error) error {
	if !connector.IsPermanent(err) {
		return err
	}
	return errors.New(err.Error() + " (events wait; it needs the cluster privilege manage_index_templates, or install_template must be none)")
}
