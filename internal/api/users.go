package api

import (
	"context"
	"net/http"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/identity"
	"github.com/tocsin-hub/tocsin/internal/identity/user"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// User is a person as they are shown.
type User struct {
	ID           string    `json:"id" doc:"The id." example:"usr_01kmb7a2v4e9zr6x3q8w5t0ysd"`
	Email        string    `json:"email" doc:"The e-mail address to sign in with." example:"ana@example.com"`
	Name         string    `json:"name" doc:"What to call the person." example:"Ana"`
	Role         string    `json:"role" enum:"viewer,analyst,responder,admin,owner" doc:"What they may do."`
	State        string    `json:"state" enum:"invited,active,disabled" doc:"invited until a password is chosen."`
	SecondFactor bool      `json:"second_factor" doc:"Whether signing in asks for a code."`
	Version      int64     `json:"version" doc:"Grows with each change; it is the ETag." example:"1"`
	CreatedAt    time.Time `json:"created_at" doc:"When they were invited."`
	LastLoginAt  time.Time `json:"last_login_at,omitzero" doc:"When they signed in last; absent if never."`
}

func newUser(u store.User) User {
	v := User{
		ID: u.ID.Text(event.PrefixUser), Email: u.Email, Name: u.Name, Role: u.Role, State: "active", SecondFactor: len(u.TOTP) > 0,
		Version: u.Version, CreatedAt: u.CreatedAt, LastLoginAt: u.LastLoginAt,
	}
	switch {
	case u.Disabled:
		v.State = "disabled"
	case u.Password == "":
		v.State = "invited"
	}
	return v
}

// Invitation is a new user with the link that lets them in.
type Invitation struct {
	User User   `json:"user" doc:"The new user."`
	Link string `json:"link" doc:"A one-time link, valid for three days, shown this once: hand it to the person." example:"https://tocsin.example.com/setup#token=tsl_…"`
}

// Link is a one-time link.
type Link struct {
	Link string `json:"link" doc:"A one-time link, valid for a day, shown this once." example:"https://tocsin.example.com/setup#token=tsl_…"`
}

// UserInput is an invitation.
type UserInput struct {
	Email string `json:"email" maxLength:"254" doc:"The e-mail address." example:"ana@example.com"`
	Name  string `json:"name,omitempty" maxLength:"100" doc:"What to call the person." example:"Ana"`
	Role  string `json:"role" doc:"viewer, analyst, responder, admin or owner." example:"analyst"`
}

// UserPatch is a change of a user.
type UserPatch struct {
	Name     *string `json:"name,omitempty" doc:"What to call the person."`
	Role     *string `json:"role,omitempty" doc:"viewer, analyst, responder, admin or owner."`
	Disabled *bool   `json:"disabled,omitempty" doc:"A disabled person cannot sign in; sessions end at once."`
}

// UserPath names a user in a path.
type UserPath struct {
	ID string `path:"id" maxLength:"64" doc:"The user's id." example:"usr_01kmb7a2v4e9zr6x3q8w5t0ysd"`
}

func (p UserPath) id() (event.ID, error) { return pathID(event.PrefixUser, p.ID) }

func (a *server) userOperations() {
	const base = "/api/v1/users"
	register(a, op{
		id: "list-users", method: http.MethodGet, path: base, tag: tagUsers, scope: scopeAdmin,
		summary: "List users", about: "The account's people, by address.",
	}, a.listUsers)
	register(a, op{
		id: "invite-user", method: http.MethodPost, path: base, tag: tagUsers, scope: scopeAdmin, act: "user.invite",
		summary: "Invite a user", status: http.StatusCreated, about: "The answer holds a one-time link; whoever opens it chooses the password. Nobody gives a role above their own.",
		body: object{{"email", "ana@example.com"}, {"role", "analyst"}}, problems: []int{http.StatusConflict},
	}, a.inviteUser)
	register(a, op{
		id: "get-user", method: http.MethodGet, path: base + "/{id}", tag: tagUsers, scope: scopeAdmin,
		summary: "Get a user", about: "One person with the ETag.", problems: []int{http.StatusNotFound},
	}, func(ctx context.Context, in *UserPath) (*userAnswer, error) {
		id, err := in.id()
		if err != nil {
			return nil, err
		}
		return newUserAnswer(a.Users.Get(ctx, accountOf(ctx), id))
	})
	register(a, op{
		id: "update-user", method: http.MethodPatch, path: base + "/{id}", tag: tagUsers, scope: scopeAdmin, act: "user.update",
		summary: "Change a user", about: "Name, role, and whether they may sign in. An account keeps at least one owner.", body: object{{"role", "responder"}},
		problems: []int{http.StatusNotFound, http.StatusConflict, http.StatusPreconditionFailed},
	}, a.updateUser)
	register(a, op{
		id: "delete-user", method: http.MethodDelete, path: base + "/{id}", tag: tagUsers, scope: scopeAdmin, act: "user.delete",
		summary: "Delete a user", status: http.StatusNoContent, about: "Their sessions end at once. What they did stays in the audit record.",
		problems: []int{http.StatusNotFound, http.StatusConflict},
	}, func(ctx context.Context, in *UserPath) (*struct{}, error) {
		id, err := in.id()
		if err != nil {
			return nil, err
		}
		return nil, a.Users.Delete(ctx, callerOf(ctx), accountOf(ctx), id)
	})
	register(a, op{
		id: "reset-user", method: http.MethodPost, path: base + "/{id}/reset", tag: tagUsers, scope: scopeAdmin, act: "user.reset",
		summary: "Make a link to choose a new password", status: http.StatusCreated, problems: []int{http.StatusNotFound, http.StatusConflict},
		about: "For somebody who cannot sign in any more. With second_factor the second factor is taken away, too.",
	}, a.resetUser)
	a.ownOperations()
}

type userAnswer struct {
	ETag string `header:"ETag" doc:"The version; send it back as If-Match."`
	Body User
}

func newUserAnswer(u store.User, err error) (*userAnswer, error) {
	if err != nil {
		return nil, err
	}
	return &userAnswer{ETag: etag(u.Version), Body: newUser(u)}, nil
}

func (a *server) listUsers(ctx context.Context, in *struct {
	Paging
	Search string `query:"search" maxLength:"100" doc:"Part of the address or the name."`
}) (*body[list[User]], error) {
	rows, next, err := a.Users.List(ctx, accountOf(ctx), in.Search, in.page())
	if err != nil {
		return nil, inQuery(err)
	}
	l := list[User]{Items: make([]User, len(rows)), Next: next}
	for i, u := range rows {
		l.Items[i] = newUser(u)
	}
	return answer(l), nil
}

func (a *server) inviteUser(ctx context.Context, in *struct{ Body UserInput }) (*body[Invitation], error) {
	u, ticket, err := a.Users.Invite(ctx, callerOf(ctx), accountOf(ctx), user.Invitation{
		Email: in.Body.Email, Name: in.Body.Name, Role: identity.Role(in.Body.Role),
	})
	if err != nil {
		return nil, err
	}
	return answer(Invitation{newUser(u), a.link(ctx, ticket)}), nil
}

func (a *server) updateUser(ctx context.Context, in *struct {
	UserPath
	Condition
	Body UserPatch
}) (*userAnswer, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	version, err := in.version()
	if err != nil {
		return nil, err
	}
	return newUserAnswer(a.Users.Update(ctx, callerOf(ctx), accountOf(ctx), id, version, user.Patch{
		Name: in.Body.Name, Role: (*identity.Role)(in.Body.Role), Disabled: in.Body.Disabled,
	}))
}

func (a *server) resetUser(ctx context.Context, in *struct {
	UserPath
	SecondFactor bool `query:"second_factor" doc:"Take the second factor away, too."`
}) (*body[Link], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	if in.SecondFactor {
		switch u, err := a.Users.Get(ctx, accountOf(ctx), id); {
		case err != nil:
			return nil, err
		case len(u.TOTP) == 0:
			return nil, user.ErrFactorOff
		}
	}
	// The link comes first: should the second step fail, there is one that nobody has seen, and nothing has changed.
	ticket, err := a.Users.ResetLink(ctx, callerOf(ctx), accountOf(ctx), id)
	if err != nil {
		return nil, err
	}
	if in.SecondFactor {
		if err := a.Users.ResetTOTP(ctx, callerOf(ctx), accountOf(ctx), id); err != nil {
			return nil, err
		}
	}
	return answer(Link{a.link(ctx, ticket)}), nil
}

// link puts a token behind the # of the setup page, which browsers send nowhere and no server logs.
func (a *server) link(ctx context.Context, t user.Ticket) string {
	base := a.PublicURL
	if base == "" {
		base = clientOf(ctx).origin
	}
	return base + "/setup#token=" + t.Token.Reveal()
}

func scopeTexts(list identity.Scopes) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = string(s)
	}
	return out
}
