package jira

import (
	"bytes"
	"context"
	"fmt"
	"mime/multipart"
	"net/http"

	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
	"github.com/tocsin-hub/tocsin/internal/connector/ticketing"
)

// Attach adds a file to an issue.
func (c *Connector) Attach(ctx context.Context, r ticketing.Ref, name string, content []byte) error {
	s, err := c.where(ctx)
	if err != nil {
		return err
	}
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	part, err := w.CreateFormFile("file", name)
	if err == nil {
		_, err = part.Write(content)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return fmt.Errorf("writing the attachment: %w", err)
	}
	resp, err := c.send(ctx, &httpkit.Request{
		Method: http.MethodPost, URL: c.settings.URL + "/rest/api/" + s.version() + issuePath(r.ID, "/attachments"), Body: body.Bytes(),
		Header: http.Header{
			"Authorization": {c.settings.authorization()}, "Accept": {"application/json"}, "Content-Type": {w.FormDataContentType()},
			"X-Atlassian-Token": {"no-check"}, // otherwise Jira takes it for a forged form
		},
	})
	if err != nil {
		return err
	}
	return ofIssue(c.judge(resp))
}
