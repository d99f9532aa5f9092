package ingest

import "strings"

// oktaTypes maps the beginnings of Okta's event types (https://developer.okta.com/docs/reference/api/event-types/); the
// longest that fits counts. The second type is for what failed.
var oktaTypes = map[string][2]string{
	"user.session.start":                   {"auth.login.success", "auth.login.failure"},
	"user.session.end":                     {"auth.logout"},
	"user.session.clear":                   {"auth.session.revoked"},
	"user.session.expire":                  {"auth.session.revoked"},
	"user.authentication.auth":             {"auth.login.success", "auth.login.failure"},
	"user.authentication.sso":              {"auth.login.success", "auth.login.failure"},
	"user.authentication.slo":              {"auth.logout"},
	"user.authentication.verify":           {"auth.mfa.challenge", "auth.mfa.failure"},
	"user.authentication.auth_via_mfa":     {"auth.mfa.challenge", "auth.mfa.failure"},
	"user.authentication.universal_logout": {"auth.session.revoked"},
	"user.mfa.attempt_bypass":              {"auth.mfa.failure", "auth.mfa.failure"},
	"user.mfa.okta_verify.deny_push":       {"auth.mfa.failure", "auth.mfa.failure"},
	"user.mfa.factor.activate":             {"auth.mfa.enabled"},
	"user.mfa.factor.unsuspend":            {"auth.mfa.enabled"},
	"user.mfa.factor.deactivate":           {"auth.mfa.disabled"},
	"user.mfa.factor.reset_all":            {"auth.mfa.disabled"},
	"user.mfa.factor.suspend":              {"auth.mfa.disabled"},
	"user.account.update_password":         {"auth.password.changed"},
	"user.account.reset_password":          {"auth.password.reset"},
	"user.account.lock":                    {"account.locked", "account.locked"}, // its outcome is that of the login
	"user.account.unlock":                  {"account.unlocked"},
	"user.account.privilege":               {"account.role.changed"},
	"group.privilege":                      {"account.role.changed"},
	"iam.resourceset":                      {"account.role.changed"},
	"iam.role":                             {"account.role.changed"},
	"user.account.update":                  {"account.updated"},
	"user.account.report_suspicious":       {"detection.suspicious_login", "detection.suspicious_login"},
	"security.threat.detected":             {"detection.suspicious_login", "detection.suspicious_login"},
	"user.lifecycle.create":                {"account.created"},
	"user.lifecycle.delete":                {"account.deleted"},
	"user.lifecycle.suspend":               {"account.suspended"},
	"user.lifecycle.deactivate":            {"account.suspended"},
	"user.lifecycle.activate":              {"account.updated"},
	"user.lifecycle.reactivate":            {"account.updated"},
	"user.lifecycle.unsuspend":             {"account.updated"},
	"group.user_membership.add":            {"account.group.added"},
	"group.user_membership.remove":         {"account.group.removed"},
	"policy.lifecycle":                     {"admin.policy.changed"},
	"policy.rule":                          {"admin.policy.changed"},
	"application.policy.sign_on.update":    {"admin.policy.changed"},
	"application.policy.sign_on.rule":      {"admin.policy.changed"},
	"application.lifecycle":                {"admin.app.changed"},
	"app.oauth2.client.lifecycle":          {"admin.app.changed"},
	"zone":                                 {"admin.setting.changed"},
	"network_zone":                         {"admin.setting.changed"},
	"security.authenticator.lifecycle":     {"admin.setting.changed"},
	"security.trusted_origin":              {"admin.setting.changed"},
	"system.idp.lifecycle":                 {"admin.setting.changed"},
	"system.mfa.factor":                    {"admin.setting.changed"},
	"org.":                                 {"admin.setting.changed"},
	"system.api_token.create":              {"admin.api_key.created"},
	"system.api_token.revoke":              {"admin.api_key.revoked"},
	"app.oauth2.token.grant":               {"auth.token.created"},
	"app.oauth2.as.token.grant":            {"auth.token.created"},
	"app.oauth2.token.revoke":              {"auth.token.revoked"},
	"app.oauth2.as.token.revoke":           {"auth.token.revoked"},
}

// oktaType gives the type of an event of Okta. What was tried and failed did not happen: without a type of its own it is
// an identity.event.
func oktaType(kind string, failed bool) string {
	best, types := "", [2]string{"identity.event", "identity.event"}
	for prefix, t := range oktaTypes {
		if len(prefix) > len(best) && strings.HasPrefix(kind, prefix) {
			best, types = prefix, t
		}
	}
	switch {
	case !failed:
		return types[0]
	case types[1] != "":
		return types[1]
	}
	return "identity.event"
}
