package eventtest

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// udmFields are the fields of Google's UDM field list that a projection may use, "[]" for a repeated one.
var udmFields = map[string]bool{}

func init() {
	noun := []string{"hostname", "ip[]", "user.userid", "user.email_addresses[]", "process.command_line", "url", "email",
		"file.full_path", "file.md5", "file.sha1", "file.sha256", "resource.name", "resource.resource_type", "resource.resource_subtype",
		"location.city", "location.state", "location.country_or_region"}
	for _, n := range []string{"principal.", "target.", "observer.", "about[]."} {
		for _, f := range noun {
			udmFields[n+f] = true
		}
	}
	for _, f := range strings.Fields(`event_timestamp collected_timestamp event_type vendor_name product_name product_event_type product_log_id
		product_deployment_id description url_back_to_product`) {
		udmFields["metadata."+f] = true
	}
	for _, f := range strings.Fields(`summary description severity severity_details category_details[] threat_name alert_state rule_id rule_name
		url_back_to_product risk_score attack_details.tactics[].id attack_details.techniques[].id attack_details.techniques[].name
		attack_details.techniques[].subtechnique_id detection_fields[].key detection_fields[].value`) {
		udmFields["security_result[]."+f] = true
	}
	udmFields["extensions.auth.type"] = true
}

// UDM checks an event: known fields, enumerations, and what its event type demands.
func UDM(b []byte) error {
	if err := OneLine(b); err != nil {
		return err
	}
	var doc map[string]any
	if err := json.Unmarshal(b, &doc); err != nil {
		return err
	}
	delete(doc, "additional") // a Struct: anything
	leaves := map[string][]any{}
	if err := udmWalk("", doc, leaves); err != nil {
		return err
	}
	for path := range leaves {
		if !udmFields[path] {
			return fmt.Errorf("UDM has no field %s", path)
		}
	}
	for _, path := range []string{"metadata.event_timestamp", "metadata.collected_timestamp"} {
		if _, err := time.Parse(time.RFC3339Nano, udmText(leaves, path)); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	if s := udmText(leaves, "security_result[].severity"); !slices.Contains([]string{"INFORMATIONAL", "LOW", "MEDIUM", "HIGH", "CRITICAL"}, s) {
		return fmt.Errorf("severity %q", s)
	}
	for _, path := range []string{"principal.ip[]", "target.ip[]", "about[].ip[]"} {
		for _, v := range leaves[path] {
			if _, err := netip.ParseAddr(v.(string)); err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
		}
	}
	for _, path := range []string{"principal.email", "principal.url", "principal.file.full_path"} {
		if leaves[path] != nil {
			return fmt.Errorf("%s is not allowed", path)
		}
	}
	return udmDemands(leaves)
}

// udmDemands checks what each event type must have (UDM usage guide, required fields).
func udmDemands(leaves map[string][]any) error {
	has := func(paths ...string) bool {
		return slices.ContainsFunc(paths, func(p string) bool { return leaves[p] != nil })
	}
	ok := false
	switch kind := udmText(leaves, "metadata.event_type"); kind {
	case "GENERIC_EVENT":
		ok = true
	case "USER_LOGIN", "USER_LOGOUT":
		ok = has("target.user.userid", "target.user.email_addresses[]") && has("principal.ip[]", "principal.hostname") && has("extensions.auth.type")
	case "NETWORK_CONNECTION":
		ok = has("principal.ip[]") && has("target.ip[]")
	case "STATUS_HEARTBEAT":
		ok = has("principal.ip[]", "principal.hostname")
	}
	if !ok {
		return fmt.Errorf("event_type %q lacks what it demands, or is unknown", udmText(leaves, "metadata.event_type"))
	}
	return nil
}

func udmText(leaves map[string][]any, path string) string {
	if len(leaves[path]) == 0 {
		return ""
	}
	text, _ := leaves[path][0].(string)
	return text
}

func udmWalk(path string, v any, leaves map[string][]any) error {
	switch v := v.(type) {
	case map[string]any:
		if len(v) == 0 {
			return fmt.Errorf("%s is empty", path)
		}
		for name, e := range v {
			if err := udmWalk(strings.TrimPrefix(path+"."+name, "."), e, leaves); err != nil {
				return err
			}
		}
	case []any:
		if len(v) == 0 {
			return fmt.Errorf("%s is empty", path)
		}
		for _, e := range v {
			if err := udmWalk(path+"[]", e, leaves); err != nil {
				return err
			}
		}
	default:
		if v == "" {
			return fmt.Errorf("%s is empty", path)
		}
		leaves[path] = append(leaves[path], v)
	}
	return nil
}
