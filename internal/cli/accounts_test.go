package cli

import (
	"fmt"
	"net/http"
)

// servePeople answers as a hub does about accounts and users.
func servePeople(w http.ResponseWriter, r *http.Request) {
	const (
		acme = `{"name":"acme","title":"ACME Ltd.","parent":"default","plan":"professional","created_at":"2026-01-02T03:04:05Z"}`
		gone = `{"name":"gone","parent":"default","closed_at":"2026-03-04T05:06:07Z"}`
		ada  = `{"id":"usr_1","email":"ada@example.com","name":"Ada","role":"owner","state":"active","second_factor":true,"last_login_at":"2026-01-02T03:04:05Z"}`
		bob  = `{"id":"usr_2","email":"bob@example.com","role":"viewer","state":"invited"}`
	)
	query := r.URL.Query()
	switch r.Method + " " + r.URL.Path {
	case "GET " + accountsPath:
		if query.Get("cursor") == "" {
			fmt.Fprintf(w, `{"items":[%s],"next":"p2"}`, acme)
			return
		}
		fmt.Fprintf(w, `{"items":[%s]}`, gone)
	case "POST " + accountsPath:
		w.WriteHeader(http.StatusCreated)
		fmt.Fprint(w, acme)
	case "GET " + accountsPath + "/acme", "PATCH " + accountsPath + "/acme", "POST " + accountsPath + "/acme/close", "POST " + accountsPath + "/acme/reopen":
		fmt.Fprint(w, acme)
	case "GET " + usersPath:
		if query.Get("search") == "nobody@example.com" {
			fmt.Fprint(w, `{"items":[]}`)
			return
		}
		fmt.Fprintf(w, `{"items":[%s,%s]}`, ada, bob)
	case "POST " + usersPath:
		w.WriteHeader(http.StatusCreated)
		fmt.Fprintf(w, `{"user":%s,"link":"https://hub.example.com/setup#token=abc","expires_at":"2026-01-05T03:04:05Z"}`, bob)
	case "POST " + usersPath + "/usr_2/reset":
		fmt.Fprint(w, `{"link":"https://hub.example.com/setup#token=def"}`)
	case "PATCH " + usersPath + "/usr_1":
		problem(w, http.StatusConflict, "the last owner cannot be disabled", "")
	case "PATCH " + usersPath + "/usr_2":
		fmt.Fprint(w, bob)
	case "DELETE " + usersPath + "/usr_2":
		w.WriteHeader(http.StatusNoContent)
	default:
		problem(w, http.StatusNotFound, "there is no such thing", "")
	}
}
