package ecs

import (
	"strings"

	"github.com/tocsin-hub/tocsin/internal/event/facts"
)

// rule says what the types below a prefix are. The longest prefix wins.
type rule struct {
	prefix          string
	category, types []string
}

// rules order the types of events into the schema's categories; what none of them knows has no category, which the schema
// allows. Which types go with which category is the schema's own table (event.category, "Expected event types").
var rules = []rule{
	{"alert", []string{"intrusion_detection"}, []string{"info"}},
	{"hit", []string{"intrusion_detection", "web"}, []string{"info"}},
	{"attack", []string{"intrusion_detection"}, []string{"info"}},
	{"incident", []string{"threat"}, []string{"indicator"}},
	{"detection", []string{"intrusion_detection"}, []string{"info"}},
	{"detection.malware", []string{"malware"}, []string{"info"}},
	{"detection.rootkit", []string{"malware"}, []string{"info"}},
	{"detection.file_integrity", []string{"file"}, []string{"change"}},
	{"detection.ids_signature", []string{"intrusion_detection", "network"}, []string{"info"}},
	{"vulnerability", []string{"vulnerability"}, []string{"info"}},
	{"secret", []string{"vulnerability"}, []string{"info"}},
	{"script", []string{"web"}, []string{"info"}},
	{"site", []string{"web"}, []string{"info"}},
	{"auth", []string{"authentication"}, []string{"info"}},
	{"auth.login", []string{"authentication"}, []string{"start"}},
	{"auth.logout", []string{"authentication"}, []string{"end"}},
	{"auth.session", []string{"session"}, []string{"info"}},
	{"auth.session.created", []string{"session"}, []string{"start"}},
	{"auth.session.revoked", []string{"session"}, []string{"end"}},
	{"auth.password", []string{"iam"}, []string{"change", "user"}},
	{"auth.token", []string{"iam"}, []string{"info"}},
	{"identity", []string{"iam"}, []string{"info"}},
	{"account", []string{"iam"}, []string{"change", "user"}},
	{"account.created", []string{"iam"}, []string{"creation", "user"}},
	{"account.deleted", []string{"iam"}, []string{"deletion", "user"}},
	{"account.group", []string{"iam"}, []string{"change", "group"}},
	{"system.user_created", []string{"iam"}, []string{"creation", "user"}},
	{"system.user_updated", []string{"iam"}, []string{"change", "user"}},
	{"system.user_deleted", []string{"iam"}, []string{"deletion", "user"}},
	{"system", []string{"configuration"}, []string{"info"}},
	{"admin", []string{"configuration"}, []string{"change"}},
	{"audit", []string{"configuration"}, []string{"info"}},
	{"data", []string{"database"}, []string{"access"}},
	{"data.deleted", []string{"database"}, []string{"change"}},
	{"api", []string{"api"}, []string{"access"}},
	{"api.error", []string{"web"}, []string{"error"}},
	{"server.process", []string{"process"}, []string{"start"}},
	{"server.file", []string{"file"}, []string{"change"}},
	{"server.ssh", []string{"authentication"}, []string{"start"}},
	{"server.container", []string{"host"}, []string{"start"}},
	{"network", []string{"network"}, []string{"info"}},
	{"network.flow", []string{"network"}, []string{"connection"}},
	{"network.drop", []string{"network"}, []string{"denied"}},
	{"network.dns", []string{"network"}, []string{"protocol"}},
	{"network.http", []string{"network", "web"}, []string{"access"}},
	{"network.tls", []string{"network"}, []string{"protocol"}},
	{"network.file", []string{"file", "network"}, []string{"info"}},
	{"ip", []string{"network"}, []string{"info"}},
	{"ip.blocked", []string{"network"}, []string{"denied"}},
	{"ip.unblocked", []string{"network"}, []string{"allowed"}},
	{"ip.allowed", []string{"network"}, []string{"allowed"}},
}

var byPrefix = func() map[string]*rule {
	m := make(map[string]*rule, len(rules))
	for i := range rules {
		m[rules[i].prefix] = &rules[i]
	}
	return m
}()

// categorise gives event.kind, event.category and event.type.
func categorise(f *facts.Facts) (kind string, category, types []string) {
	kind = "event"
	switch {
	case f.Finding():
		kind = "alert"
	case f.Event.Type == "telemetry.statistics", f.Event.Type == "telemetry.metrics", f.Event.Type == "telemetry.falco_metrics":
		kind = "metric"
	case f.Event.Type == "telemetry.heartbeat":
		kind = "state"
	}
	for prefix := f.Event.Type; ; {
		if r := byPrefix[prefix]; r != nil {
			return kind, r.category, r.types
		}
		dot := strings.LastIndexByte(prefix, '.')
		if dot < 0 {
			return kind, nil, nil
		}
		prefix = prefix[:dot]
	}
}
