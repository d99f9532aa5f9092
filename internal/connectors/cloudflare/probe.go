package cloudflare

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
)

// verified is what Cloudflare says of a token.
type verified struct {
	Status    string `json:"status"`
	ExpiresOn string `json:"expires_on"`
}

// expiresSoon is how long before a token's end people are told of it.
const expiresSoon = 30 * 24 * time.Hour

// Test proves that the token is in use, that it may read what blocking needs, and that it may write: by requests to change
// what cannot be there, for which the permission is looked at first. Nothing is changed.
func (c *Connector) Test(ctx context.Context) error {
	c.grade, c.about = connector.Unverifiable, nil
	unknown, err := c.verify(ctx)
	if err != nil {
		return err
	}
	if err := c.driver.read(ctx); err != nil {
		if unknown != nil && refused(asAPI(err)) {
			return fmt.Errorf("%w; if it is owned by an account, give account_id, so that it can be verified", unknown)
		}
		return err
	}
	if unknown != nil {
		c.about = append(c.about, "The token works, but is not one of a user: give account_id, so that it can be verified.")
	}
	// The answer that is shown of a test that went well is that to the last read: that something is not there, as it must not
	// be, would look like a fault.
	shown := httpkit.ExchangeOf(ctx)
	look := new(httpkit.Exchange)
	if shown != nil {
		look.Full, look.DryRun = shown.Full, shown.DryRun
	}
	why, err := c.driver.prove(httpkit.WithExchange(ctx, look))
	if err != nil {
		if shown != nil {
			*shown = *look
		}
		return err
	}
	if why != "" {
		c.about = append(c.about, why)
		return nil
	}
	c.grade = connector.Confirmed
	c.about = append(c.about, "The token may read and write what blocking needs.")
	return nil
}

// TestGrade is confirmed when the permission to write was proven.
func (c *Connector) TestGrade() connector.Grade { return c.grade }

// verify asks whether the token is in use. A token is one of a user or one of an account, which does not show, and each is
// verified elsewhere. If it is none of a user and no account is named, that is unknown, and the reads tell.
func (c *Connector) verify(ctx context.Context) (unknown, err error) {
	v, err := c.verifyAt(ctx, "/user/tokens/verify")
	if e := asAPI(err); e != nil && e.has(codeTokenFormat, codeAuth, codeBadHeaders, codeNotAllowed) {
		if c.settings.AccountID == "" {
			return err, nil
		}
		v, err = c.verifyAt(ctx, "/accounts/"+c.settings.AccountID+"/tokens/verify")
	}
	if err != nil {
		return nil, err
	}
	if v.Status != "active" {
		return nil, connector.Permanent(fmt.Errorf("verifying the token: it is %s", word(v.Status)))
	}
	if end, err := time.Parse(time.RFC3339, v.ExpiresOn); err == nil && end.Sub(c.api.env.Now()) < expiresSoon {
		c.about = append(c.about, "The token expires on "+end.UTC().Format(time.DateOnly)+".")
	}
	return nil, nil
}

func (c *Connector) verifyAt(ctx context.Context, path string) (verified, error) {
	var v verified
	_, err := c.api.do(ctx, call{method: http.MethodGet, path: path, doing: "verifying the token"}, &v)
	return v, err
}

// word is a status that Cloudflare has a word for.
func word(status string) string {
	switch status {
	case "disabled", "expired":
		return status
	}
	return "not active"
}

// prove changes the description of a list and takes away a custom rule, none of which can be there: no id is all zeros.
// Cloudflare looks at the permission first: without it the answer is 403, with it 404. Which permission a custom rule needs
// depends on its ruleset, so that one must be there.
func (d *listDriver) prove(ctx context.Context) (why string, err error) {
	_, err = d.api.do(ctx, call{
		method: http.MethodPut, path: d.listsPath() + "/" + nobody, doing: "proving that the token may change lists", needs: needList,
		body: map[string]string{"description": ""},
	}, nil)
	if !proven(err) {
		return "", err
	}
	state, err := d.rule(ctx)
	if err != nil {
		return "", err
	}
	if state.ruleset == "" {
		return "The zone has no custom rules yet: whether the token may make one (" + needWAF + ") shows with the first block.", nil
	}
	_, err = d.api.do(ctx, call{
		method: http.MethodDelete, path: "/zones/" + d.settings.ZoneID + "/rulesets/" + state.ruleset + "/rules/" + nobody,
		doing: "proving that the token may change custom rules", needs: needWAF,
	}, nil)
	if !proven(err) {
		return "", err
	}
	return "", nil
}

// proven says whether the answer to a request about what is not there shows that the token may make such requests.
func proven(err error) bool {
	e := asAPI(err)
	return err == nil || e != nil && !refused(e) && (e.status == http.StatusNotFound || e.status == http.StatusBadRequest) &&
		!errors.Is(err, httpkit.ErrDryRun)
}
