package email

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/wneessen/go-mail/smtp"
)

// preferred are the mechanisms that auth "auto" tries, the best first. Over TLS the plain ones are: servers that offer
// CRAM-MD5 must keep passwords in clear text for it, and some offer it without being able to.
func preferred(encrypted bool) []string {
	if encrypted {
		return []string{"PLAIN", "LOGIN", "CRAM-MD5"}
	}
	return []string{"CRAM-MD5", "PLAIN", "LOGIN"}
}

var errNoAuth = errors.New("the server offers no authentication: leave username and password out, or check port and security")

// mechanism chooses how to authenticate from what the server offers (the parameters of its AUTH extension).
func mechanism(setting, offered string, encrypted bool) (string, error) {
	list := strings.Fields(strings.ToUpper(offered))
	if len(list) == 0 {
		return "", errNoAuth
	}
	want := []string{strings.ToUpper(setting)}
	if setting == authAuto {
		want = preferred(encrypted)
	}
	for _, name := range want {
		if slices.Contains(list, name) {
			return name, nil
		}
	}
	return "", fmt.Errorf("the server does not offer %s; it offers %s: set auth", strings.Join(want, ", "), inline(strings.Join(list, ", "), maxReply))
}

// credentials speaks a mechanism. Whether the connection may carry a password is for the setting "security" to say.
func (c *Connector) credentials(name string) smtp.Auth {
	user, password := c.settings.Username, c.settings.Password.Reveal()
	switch name {
	case "LOGIN":
		return smtp.LoginAuth(user, password, c.route.host, true)
	case "CRAM-MD5":
		return smtp.CRAMMD5Auth(user, password)
	case "XOAUTH2":
		return smtp.XOAuth2Auth(user, password)
	}
	return smtp.PlainAuth("", user, password, c.route.host, true)
}
