package api

import (
	"context"
	"io"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/integration"
)

// Secrets is the care of secrets; *integration.Secrets is one.
type Secrets interface {
	Status(ctx context.Context) (integration.SecretsStatus, error)
	Rotate(ctx context.Context) (integration.RotationResult, error)
}

// backupType is the media type of a backup (RFC 8878 §7.1).
const backupType = "application/zstd"

// operatorOperations concern the whole hub.
func (a *server) operatorOperations() {
	register(a, op{
		id: "get-secrets", method: http.MethodGet, path: "/api/v1/secrets", tag: tagHub, scope: scopeAdmin, operator: true,
		summary: "Get the state of secrets at rest", about: "Which keys seal how many secrets, which references are in use, and which credentials are due. Never a secret.",
	}, func(ctx context.Context, _ *struct{}) (*body[integration.SecretsStatus], error) {
		return result(a.Secrets.Status(ctx))
	})
	register(a, op{
		id: "rotate-secrets", method: http.MethodPost, path: "/api/v1/secrets/rotate", tag: tagHub, scope: scopeAdmin, operator: true, act: "secrets.rotate",
		summary: "Seal all secrets with a new key", about: "A new key is added, everything is sealed anew and checked, and the old key is removed. It can be repeated after an interruption.",
		problems: []int{http.StatusConflict},
	}, func(ctx context.Context, _ *struct{}) (*body[integration.RotationResult], error) {
		return result(a.Secrets.Rotate(context.WithoutCancel(ctx))) // what was begun is finished, whoever waits for it
	})
	register(a, op{
		id: "get-backup", method: http.MethodGet, path: "/api/v1/backup", tag: tagHub, scope: scopeAdmin, operator: true, act: "backup.create",
		download: backupType, problems: []int{http.StatusConflict},
		summary: "Download a backup", about: "A consistent copy of everything, made while the hub runs, as a compressed tar. Secrets stay sealed: keep the key file elsewhere. tocsin restore takes it.",
	}, a.backup)
}

func (a *server) backup(ctx context.Context, in *struct {
	Events bool `query:"events" default:"true" doc:"Whether the journal is in it; without it, configuration, people and history only."`
}) (*huma.StreamResponse, error) {
	// It holds what all accounts have, whichever the operator acts in: it is the operator's own act.
	made := act.Act{Account: event.DefaultAccount, Action: "backup.create"}
	return a.stream(ctx, backupType, "tocsin-backup.tar.zst", func(w io.Writer) error {
		return act.Do(ctx, a.Recorder, made, func(ctx context.Context) error { return a.Backup(ctx, w, in.Events) })
	}), nil
}
