package cli

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/tocsin-hub/tocsin/internal/client"
)

// onlineKeys works over the API.
type onlineKeys struct{ hub *client.Client }

const keysPath = "/api/v1/api-keys"

// madeKey is a new key with its secret.
type madeKey struct {
	keyRow
	Key string `json:"key"`
}

func (k *onlineKeys) create(ctx context.Context, w keyWish) (keyRow, string, error) {
	var made madeKey
	err := k.hub.Do(ctx, http.MethodPost, keysPath, w, &made)
	return made.keyRow, made.Key, err
}

func (k *onlineKeys) rotate(ctx context.Context, id string, overlap time.Duration) (keyRow, string, error) {
	var made madeKey
	err := k.hub.Do(ctx, http.MethodPost, keysPath+"/"+url.PathEscape(id)+"/rotate", map[string]string{"overlap": overlap.String()}, &made)
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
