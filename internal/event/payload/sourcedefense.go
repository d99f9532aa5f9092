package payload

import (
	"encoding/json"
	"strings"
	"time"
)

// sourceDefenseCommon is what every event of Source Defense's webhook has
// (https://sourcedefense.zendesk.com/hc/en-us/articles/32445592602141).
type sourceDefenseCommon struct {
	Name        string `json:"event_name"`
	Type        *int64 `json:"event_type"` // null where the vendor's code is not published
	Timestamp   string `json:"timestamp"`  // UTC, without a zone
	AccountName string `json:"account_name"`
	AccountID   string `json:"account_id"`
	SiteName    string `json:"site_name"`
	SiteID      string `json:"site_id"`
	Tocsin      *back  `json:"tocsin,omitempty"`
}

type sourceDefenseScript struct {
	sourceDefenseCommon
	Script   string `json:"script_name"`
	ScriptID string `json:"site_script_id"`
}

type sourceDefenseBehavior struct {
	sourceDefenseCommon
	Script   string `json:"script_name"`
	Behavior string `json:"behavior_name"`
	ScriptID string `json:"site_script_id"`
}

type sourceDefenseHeader struct {
	sourceDefenseCommon
	PageID   *json.Number `json:"payment_page_id"`
	PageName string       `json:"payment_page_name"`
	HeaderID any          `json:"header_id"` // opaque; null in the vendor's example
	Header   string       `json:"header_name"`
	Baseline string       `json:"header_baseline_value"`
	Now      string       `json:"header_new_value"`
}

// sourceDefensePage is Data Missing, whose fields are not published.
type sourceDefensePage struct {
	sourceDefenseCommon
	PageID   *json.Number `json:"payment_page_id"`
	PageName *string      `json:"payment_page_name"`
}

// sourceDefenseDomain is Unknown Domains, whose fields are not published.
type sourceDefenseDomain struct {
	sourceDefenseCommon
	Domain string `json:"domain_name"`
}

// sourceDefenseOther is what the vendor has no event for.
type sourceDefenseOther struct {
	sourceDefenseCommon
	Summary  string `json:"summary"`
	Severity string `json:"severity"`
}

// sourceDefenseNames are the vendor's names and codes. The names of the last two and the codes of the last three are not
// published.
var sourceDefenseNames = map[string]struct {
	name string
	code int64
}{
	"script.detected":           {"site_script.new_script", 1},
	"script.behavior_changed":   {"site_script.new_behavior", 6},
	"site.header_changed":       {"site.header_change", 4},
	"script.policy_recommended": {"site_script.new_policy_rec", 0},
	"site.data_missing":         {"site.data_missing", 0},
	"site.unknown_domain":       {"site.unknown_domain", 0},
}

var sourceDefense = Profile{
	Name: "source-defense", Title: "Source Defense", Help: "The webhook of Source Defense: its six events; others as site.<type> with a summary.",
	Lossy: true, Open: form(asSourceDefense, "source-defense"),
}

func asSourceDefense(r *reading) any {
	common := sourceDefenseHead(r)
	script := first(r.own.text("script_name"), r.entity("source", "script"), r.headline())
	id := first(r.own.scalar("site_script_id"), r.Source.ID, r.record.ID.UUID())
	page := r.own.numberOrNull("payment_page_id")
	switch r.Type {
	case "script.detected", "script.policy_recommended":
		return &sourceDefenseScript{common, script, id}
	case "script.behavior_changed":
		return &sourceDefenseBehavior{common, script, first(r.own.text("behavior_name"), r.kind()), id}
	case "site.header_changed":
		return &sourceDefenseHeader{
			sourceDefenseCommon: common, PageID: page, PageName: first(r.own.text("payment_page_name"), r.Endpoint), HeaderID: r.own.scalarOrNull("header_id"),
			Header: first(r.own.text("header_name"), r.headline()), Baseline: r.own.text("header_baseline_value"), Now: r.own.text("header_new_value"),
		}
	case "site.data_missing":
		return &sourceDefensePage{common, page, orNull(r.own.text("payment_page_name"))}
	case "site.unknown_domain":
		return &sourceDefenseDomain{common, first(r.own.text("domain_name"), r.own.text("domain"), r.entity("source", "domain", "host"), r.headline())}
	}
	return &sourceDefenseOther{common, r.headline(), r.Severity.String()}
}

func sourceDefenseHead(r *reading) sourceDefenseCommon {
	head := sourceDefenseCommon{
		Name:        "site." + strings.ReplaceAll(r.Type, ".", "_"),
		Timestamp:   r.Time.UTC().Truncate(time.Second).Format("2006-01-02T15:04:05"),
		AccountName: first(r.own.text("account_name"), r.organisation()),
		AccountID:   first(r.own.scalar("account_id"), string(r.record.Account)),
		SiteName:    first(r.own.text("site_name"), r.Project, r.host()),
		SiteID:      first(r.own.scalar("site_id"), r.Project, r.host()),
		Tocsin:      r.back(),
	}
	if known, ok := sourceDefenseNames[r.Type]; ok {
		head.Name = known.name
		if known.code != 0 {
			head.Type = &known.code
		}
	}
	if name := r.own.text("event_name"); word.MatchString(name) {
		head.Name = name
	}
	if code, ok := r.own.integer("event_type"); ok {
		head.Type = &code
	}
	return head
}
