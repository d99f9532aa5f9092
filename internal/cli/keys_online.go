package cli

import (
	"context"
	"net/http"
	"net/url"

	"github.com/tocsin-hub/tocsin/internal/client"
)

// onlineKeys works over the API.
type onlineKeys struct{ hub *client.Client }

const keysPath = "/api/v1/api-keys"

func (k *onlineKeys) create(ctx context.Context, name string, scopes []string, days int) (keyRow, string, error) {
	request := struct {
		Name          string   `json:"name"`
		Scopes        []string `json:"scopes"`
		ExpiresInDays int      `json:"expires_in_days,omitempty"`
	}{name, scopes, days}
	var made struct {
		keyRow
		Key string `json:"key"`
	}
	err := k.hub.Do(ctx, http.MethodPost, keysPath, request, &made)
	return made.keyRow, made.Key, err
}

func (k *onlineKeys) list(ctx context.Context) (rows []keyRow, err error) {
	for cursor := ""; ; {
		var page struct {
			Items []keyRow `json:"items"`
			Next  string   `json:"next"`
		}
		if err := k.hub.Do(ctx, http.MethodGet, keysPath+"?limit=200&cursor="+url.QueryEscape(cursor), nil, &page); err != nil {
			return nil, err
		}
		rows = append(rows, page.Items...)
		if cursor = page.Next; cursor == "" {
			return rows, nil
		}
	}
}

func (k *onlineKeys) revoke(ctx context.Context, id string) error {
	return k.hub.Do(ctx, http.MethodDelete, keysPath+"/"+url.PathEscape(id), nil, nil)
}

func (k *onlineKeys) close() error {
	k.hub.Close()
	return nil
}
