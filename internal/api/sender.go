package api

import (
	"net/http"

	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/identity/user"
)

// SenderSession is the session of a person's browser that sends events: the one of its cookie, if the request carries the
// X-CSRF-Token that belongs to it. Without that there is none, whatever the cookie: a page of another site cannot send in
// a person's name. secure says that the hub is reached over HTTPS, as Deps.SecureCookies does.
func SenderSession(r *http.Request, secure bool) form.Secret {
	presented := r.Header.Get(headerCSRF)
	if presented == "" { // almost every sender: a program with a key
		return form.Secret{}
	}
	cookie, err := r.Cookie(cookieName(secure))
	if err != nil {
		return form.Secret{}
	}
	if token := form.NewSecret(cookie.Value); user.CheckCSRF(token, presented) {
		return token
	}
	return form.Secret{}
}
