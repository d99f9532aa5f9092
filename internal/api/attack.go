package api

import (
	"context"
	"net/http"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/event/attack"
)

// AttackTechnique is a technique or a sub-technique of ATT&CK.
type AttackTechnique struct {
	ID      string   `json:"id" doc:"Its id; that of a sub-technique has a dot." example:"T1110.001"`
	Name    string   `json:"name" doc:"Its name." example:"Password Guessing"`
	Tactics []string `json:"tactics" doc:"What it is used for." example:"[\"credential-access\"]"`
}

// AttackTechniques are the techniques of ATT&CK for enterprises.
type AttackTechniques struct {
	Version     string            `json:"version" doc:"The version of ATT&CK." example:"18.0"`
	Attribution string            `json:"attribution" doc:"Whose it is; show it with the names." example:"© 2025 The MITRE Corporation. …"`
	Tactics     []string          `json:"tactics" doc:"The tactics in the order of the matrix." example:"[\"reconnaissance\",\"resource-development\"]"`
	Items       []AttackTechnique `json:"items" doc:"The techniques by id."`
}

// attackCache lets a browser keep the list for a day: it changes with the version of the hub alone.
const attackCache = "private, max-age=86400"

type attackAnswer struct {
	Status int
	ETag   string `header:"ETag" doc:"Of this version of the list; send it back as If-None-Match."`
	Cache  string `header:"Cache-Control" doc:"How long it may be kept."`
	Body   AttackTechniques
}

func (a *server) attackOperations() {
	register(a, op{
		id: "list-attack-techniques", method: http.MethodGet, path: "/api/v1/attack/techniques", tag: tagAlerts, scope: scopeAny,
		summary: "List ATT&CK techniques",
		about: "The ids, names and tactics of MITRE ATT&CK's techniques and sub-techniques for enterprises, by which alerts' mitre can be shown. " +
			"An id that is not here is a sender's own, or a newer one: show it as it is. It may be kept for a day; with If-None-Match the answer is 304 while nothing has changed.",
		revalidates: true,
	}, listTechniques)
}

func listTechniques(_ context.Context, in *struct {
	IfNoneMatch string `header:"If-None-Match" maxLength:"1024" doc:"The ETag of the list that the caller has."`
}) (*attackAnswer, error) {
	out := &attackAnswer{Status: http.StatusOK, ETag: `"attack-` + attack.Version + `"`, Cache: attackCache}
	if in.IfNoneMatch == "*" || strings.Contains(in.IfNoneMatch, out.ETag) {
		out.Status = http.StatusNotModified
		return out, nil
	}
	techniques := attack.Techniques()
	out.Body = AttackTechniques{
		Version: attack.Version, Attribution: attack.Attribution, Tactics: attack.Tactics(), Items: make([]AttackTechnique, len(techniques)),
	}
	for i, t := range techniques {
		out.Body.Items[i] = AttackTechnique(t)
	}
	return out, nil
}
