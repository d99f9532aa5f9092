package api

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/silence"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Silence is a silence as it is shown.
type Silence struct {
	ID           string           `json:"id" doc:"Its id." example:"sil_01kmb7a2v4e9zr6x3q8w5t0ysd"`
	State        string           `json:"state" enum:"active,pending,expired" doc:"Where it stands."`
	Matchers     []SilenceMatcher `json:"matchers" doc:"What it is about; all of them must hold."`
	Where        string           `json:"where,omitempty" doc:"An expression that must hold as well."`
	Integrations []string         `json:"integrations" doc:"The integrations that it is for; none: all of the account."`
	Reason       string           `json:"reason,omitempty" doc:"Why, for people." example:"Planned work on the mail servers"`
	Author       string           `json:"author" doc:"Who made it." example:"dana@example.com"`
	StartsAt     time.Time        `json:"starts_at" doc:"When it begins."`
	EndsAt       time.Time        `json:"ends_at" doc:"When it ends."`
	Version      int64            `json:"version" doc:"Grows with each change; it is the ETag." example:"1"`
	CreatedAt    time.Time        `json:"created_at" doc:"When it was made."`
	UpdatedAt    time.Time        `json:"updated_at" doc:"When it was changed last."`
}

// SilenceMatcher compares one field of an event.
type SilenceMatcher struct {
	Field  string   `json:"field" enum:"type,severity,alert_type,project,rule,source,entity,tag,label,dedup_key,endpoint,account" doc:"The field. Of rule, id or name; of source, vendor, product or instance; of entity, the value, or type:value. Of several, one is enough."`
	Name   string   `json:"name,omitempty" maxLength:"256" doc:"The label's name, for field label."`
	Op     string   `json:"op,omitempty" enum:"=,!=,one_of,glob" default:"=" doc:"How it is compared. In a glob, * stands for any text and ? for one character."`
	Value  string   `json:"value,omitempty" maxLength:"1024" doc:"The value." example:"mail-*"`
	Values []string `json:"values,omitempty" maxItems:"100" doc:"The values of one_of."`
}

// SilenceInput is a silence as it is made.
type SilenceInput struct {
	Matchers     []SilenceMatcher `json:"matchers,omitempty" maxItems:"20" doc:"What it is about; all of them must hold. Without any, where is required."`
	Where        string           `json:"where,omitempty" maxLength:"4096" doc:"An expression that must hold as well." example:"event.severity_level < HIGH"`
	Integrations []string         `json:"integrations,omitempty" maxItems:"100" doc:"The integrations that it is for; none: all of the account."`
	Reason       string           `json:"reason,omitempty" maxLength:"1000" doc:"Why, for people."`
	StartsAt     time.Time        `json:"starts_at,omitzero" doc:"When it begins; now if left out."`
	EndsAt       time.Time        `json:"ends_at" doc:"When it ends: at most 366 days after it begins."`
}

// SilencePatch is a change of a silence.
type SilencePatch struct {
	Matchers     []SilenceMatcher `json:"matchers,omitempty" maxItems:"20" doc:"What it is about."`
	Where        string           `json:"where,omitempty" maxLength:"4096" doc:"An expression that must hold as well."`
	Integrations []string         `json:"integrations,omitempty" maxItems:"100" doc:"The integrations that it is for."`
	Reason       string           `json:"reason,omitempty" maxLength:"1000" doc:"Why, for people."`
	StartsAt     time.Time        `json:"starts_at,omitzero" doc:"When it begins."`
	EndsAt       time.Time        `json:"ends_at,omitzero" doc:"When it ends."`
}

// SilenceTrialInput is a silence to be tried.
type SilenceTrialInput struct {
	Silence SilenceInput `json:"silence" doc:"The silence, as it would be made; its times and integrations are not asked."`
	Last    int          `json:"last,omitempty" minimum:"1" maximum:"1000" default:"100" doc:"On how many of the account's newest events."`
}

// SilencePath names a silence in a path.
type SilencePath struct {
	ID string `path:"id" maxLength:"64" doc:"The silence's id." example:"sil_01kmb7a2v4e9zr6x3q8w5t0ysd"`
}

func (p SilencePath) id() (event.ID, error) { return pathID(event.PrefixSilence, p.ID) }

func (a *server) newSilence(row store.Silence) (Silence, error) {
	matchers, err := silence.Matchers(row)
	if err != nil {
		return Silence{}, err
	}
	out := Silence{
		ID: row.ID.Text(event.PrefixSilence), State: string(a.Silences.StateOf(row, time.Time{})), Matchers: make([]SilenceMatcher, len(matchers)),
		Where: row.Where, Integrations: make([]string, len(row.Integrations)), Reason: row.Reason, Author: row.Author,
		StartsAt: row.StartsAt, EndsAt: row.EndsAt, Version: row.Version, CreatedAt: row.CreatedAt, UpdatedAt: row.UpdatedAt,
	}
	for i, m := range matchers {
		out.Matchers[i] = SilenceMatcher(m)
	}
	for i, id := range row.Integrations {
		out.Integrations[i] = id.Text(event.PrefixIntegration)
	}
	return out, nil
}

func exampleSilence() object {
	return object{
		{"matchers", []object{{{"field", "entity"}, {"op", "glob"}, {"value", "host:mail-*"}}, {{"field", "severity"}, {"op", "one_of"}, {"values", []string{"low", "medium"}}}}},
		{"reason", "Planned work on the mail servers"}, {"ends_at", "2126-11-20T22:00:00Z"},
	}
}

func (a *server) silenceOperations() {
	const base = "/api/v1/silences"
	register(a, op{
		id: "list-silences", method: http.MethodGet, path: base, tag: tagSilences, scope: scopeAlerts,
		summary: "List silences", about: "The account's silences, the one that ends last first. Those that ended more than 30 days ago are gone.",
	}, a.listSilences)
	register(a, op{
		id: "create-silence", method: http.MethodPost, path: base, tag: tagSilences, scope: scopeAlertsWrite, act: "silence.create",
		summary: "Create a silence", status: http.StatusCreated, ownBody: true, body: exampleSilence(),
		about: "While it is in force, deliveries of the account's integrations that it matches are left out, from the next one on; they are counted, and listed as held back. " +
			"Events stay in the journal and among the alerts. News of an alert that was announced before goes out all the same.",
		problems: []int{http.StatusConflict},
	}, a.createSilence)
	register(a, op{
		id: "get-silence", method: http.MethodGet, path: base + "/{id}", tag: tagSilences, scope: scopeAlerts,
		summary: "Get a silence", about: "One silence with its ETag.", problems: []int{http.StatusNotFound},
	}, func(ctx context.Context, in *SilencePath) (*silenceAnswer, error) {
		id, err := in.id()
		if err != nil {
			return nil, err
		}
		return a.silenceAnswer(a.Silences.Get(ctx, accountOf(ctx), id))
	})
	register(a, op{
		id: "update-silence", method: http.MethodPatch, path: base + "/{id}", tag: tagSilences, scope: scopeAlertsWrite, act: "silence.update",
		summary: "Change a silence", ownBody: true, about: "A JSON merge patch: what is left out stays, null removes. It holds at once. One that has ended is not changed any more.",
		body: object{{"reason", "It takes longer"}}, problems: []int{http.StatusNotFound, http.StatusConflict, http.StatusPreconditionFailed},
	}, a.updateSilence)
	register(a, op{
		id: "expire-silence", method: http.MethodDelete, path: base + "/{id}", tag: tagSilences, scope: scopeAlertsWrite, act: "silence.expire",
		summary: "End a silence", status: http.StatusNoContent, about: "It ends now, and can still be looked up for 30 days.",
		problems: []int{http.StatusNotFound, http.StatusPreconditionFailed},
	}, a.expireSilence)
	register(a, op{
		id: "try-silence", method: http.MethodPost, path: base + "/try", tag: tagSilences, scope: scopeAlertsWrite,
		summary: "Try a silence", ownBody: true, body: object{{"silence", exampleSilence()}, {"last", 100}},
		about: "Which of the account's newest events the silence is about; nothing is done.",
	}, a.trySilence)
}

type silenceAnswer struct {
	ETag     string `header:"ETag" doc:"The version; send it back as If-Match."`
	Location string `header:"Location" doc:"Where a new silence is."`
	Body     Silence
}

func (a *server) silenceAnswer(row store.Silence, err error) (*silenceAnswer, error) {
	if err != nil {
		return nil, err
	}
	s, err := a.newSilence(row)
	return &silenceAnswer{ETag: etag(row.Version), Body: s}, err
}

func (a *server) listSilences(ctx context.Context, in *struct {
	Paging
	State string `query:"state" enum:"active,pending,expired" doc:"Only those that stand there."`
}) (*body[list[Silence]], error) {
	rows, err := a.Silences.List(ctx, accountOf(ctx), silence.State(in.State))
	if err != nil {
		return nil, err
	}
	rows, next, err := pageOfSilences(rows, &in.Paging)
	if err != nil {
		return nil, err
	}
	l := list[Silence]{Items: make([]Silence, len(rows)), Next: next}
	for i, row := range rows {
		if l.Items[i], err = a.newSilence(row); err != nil {
			return nil, err
		}
	}
	return answer(l), nil
}

// pageOfSilences cuts a page out of the silences of an account, which are few. The cursor is the last of the page before.
func pageOfSilences(rows []store.Silence, p *Paging) (page []store.Silence, next string, err error) {
	if p.Cursor != "" {
		i := slices.IndexFunc(rows, func(r store.Silence) bool { return r.ID.Text(event.PrefixSilence) == p.Cursor })
		if i < 0 {
			return nil, "", store.ErrCursor
		}
		rows = rows[i+1:]
	}
	if len(rows) <= p.Limit {
		return rows, "", nil
	}
	return rows[:p.Limit], rows[p.Limit-1].ID.Text(event.PrefixSilence), nil
}

func (a *server) createSilence(ctx context.Context, in *struct{ Body raw[SilenceInput] }) (*silenceAnswer, error) {
	out, err := a.silenceAnswer(a.Silences.Create(ctx, accountOf(ctx), in.Body.RawMessage))
	if err != nil {
		return nil, err
	}
	out.Location = "/api/v1/silences/" + out.Body.ID
	return out, nil
}

func (a *server) updateSilence(ctx context.Context, in *struct {
	SilencePath
	Condition
	Body raw[SilencePatch]
}) (*silenceAnswer, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	version, err := in.version()
	if err != nil {
		return nil, err
	}
	return a.silenceAnswer(a.Silences.Update(ctx, accountOf(ctx), id, version, in.Body.RawMessage))
}

func (a *server) expireSilence(ctx context.Context, in *struct {
	SilencePath
	Condition
}) (*struct{}, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	version, err := in.version()
	if err != nil {
		return nil, err
	}
	_, err = a.Silences.Expire(ctx, accountOf(ctx), id, version)
	return nil, err
}

func (a *server) trySilence(ctx context.Context, in *struct{ Body raw[SilenceTrialInput] }) (*body[silence.SilenceTrial], error) {
	trial, err := readTrial(in.Body.RawMessage, "silence", 100, mostTried)
	if err != nil {
		return nil, err
	}
	records, err := a.newest(ctx, trial.last, func(*event.Record) bool { return true })
	if err != nil {
		return nil, err
	}
	t, err := a.Silences.Try(trial.what, records)
	return result(t, below(err, "silence"))
}
