package api

import (
	"github.com/danielgtaylor/huma/v2"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// socwardenIntake describes the intake that speaks as SOCWarden's does.
func socwardenIntake(security []map[string][]string, responses map[string]*huma.Response) *huma.Operation {
	text := func(doc string) *huma.Schema { return &huma.Schema{Type: huma.TypeString, Description: doc} }
	responses["202"] = &huma.Response{
		Description: "Accepted, after the journal is on disk",
		Content: map[string]*huma.MediaType{"application/json": {Schema: &huma.Schema{
			Type: huma.TypeObject, Required: []string{"status"}, AdditionalProperties: true,
			Properties: map[string]*huma.Schema{"status": {Type: huma.TypeString, Enum: []any{"accepted"}}},
		}}},
	}
	return &huma.Operation{
		OperationID: "send-socwarden-event", Method: "POST", Path: "/v1/events", Tags: []string{tagEvents}, Security: security,
		Summary: "Send events as SOCWarden's SDKs do",
		Description: "Takes the event, or an array of events, that SOCWarden's SDKs and agent post to SOCWarden, and answers as it does. " +
			"A field that is not listed is refused.",
		RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"application/json": {
			Schema: &huma.Schema{Type: huma.TypeObject, Required: []string{"event"}, AdditionalProperties: false, Properties: map[string]*huma.Schema{
				"event":       {Type: huma.TypeString, Pattern: event.TypePattern, Description: "What happened, at most 100 bytes."},
				"source":      {Type: huma.TypeString, Enum: []any{"sdk", "agent", "browser"}},
				"actor_id":    text("Who did it."),
				"actor_email": text("Who did it, by mail address."),
				"user_agent":  text("What they did it with."),
				"ip":          text("Where from, an address."),
				"timestamp":   {Type: huma.TypeString, Format: "date-time", Description: "When; else the time of receipt."},
				"metadata":    {Type: huma.TypeObject, AdditionalProperties: true},
				"context":     {Type: huma.TypeObject, AdditionalProperties: true, Description: "Kept for people to read; nothing is concluded from it."},
			}},
			Example: map[string]any{"event": "auth.login.failure", "source": "sdk", "actor_email": "alice@example.com", "ip": "203.0.113.7"},
		}}},
		Responses:  responses,
		Extensions: map[string]any{servedElsewhere: "ingest"},
	}
}
