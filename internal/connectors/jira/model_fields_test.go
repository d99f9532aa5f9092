package jira

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// mFields are the fields of the issue type, as createmeta has them.
func (m *model) mFields() []map[string]any {
	list := []map[string]any{}
	add := func(id, name string, required bool, schema map[string]any, allowed ...map[string]string) {
		if !m.noScreen[id] {
			list = append(list, map[string]any{"fieldId": id, "key": id, "name": name, "required": required, "schema": schema, "allowedValues": allowed,
				"operations": []string{"set"}, "hasDefaultValue": false})
		}
	}
	custom := func(kind string) string { return "com.atlassian.jira.plugin.system.customfieldtypes:" + kind }
	add("summary", "Summary", true, map[string]any{"type": "string", "system": "summary"})
	add("issuetype", "Issue Type", true, map[string]any{"type": "issuetype", "system": "issuetype"})
	add("project", "Project", true, map[string]any{"type": "project", "system": "project"})
	add("customfield_1", "Risk score", false, map[string]any{"type": "number", "custom": custom("float")})
	add("customfield_2", "Source system", false, map[string]any{"type": "string", "custom": custom("textfield")})
	add("customfield_3", "Analysis", false, map[string]any{"type": "string", "custom": custom("textarea")})
	add("customfield_4", "Kind", false, map[string]any{"type": "option", "custom": custom("select")},
		map[string]string{"id": "100", "value": "Intrusion"}, map[string]string{"id": "101", "value": "Malware"})
	add("customfield_5", "Tactics", false, map[string]any{"type": "array", "items": "option", "custom": custom("multiselect")},
		map[string]string{"id": "200", "value": "TA0001"}, map[string]string{"id": "201", "value": "TA0006"})
	add("customfield_6", "Analyst", false, map[string]any{"type": "user", "custom": custom("userpicker")})
	add("customfield_7", "Seen on", false, map[string]any{"type": "date", "custom": custom("datepicker")})
	add("customfield_8", "Seen at", false, map[string]any{"type": "datetime", "custom": custom("datetime")})
	add("customfield_9", "Hosts", false, map[string]any{"type": "array", "items": "string", "custom": custom("labels")})
	add("customfield_10", "Sprint", false, map[string]any{"type": "array", "items": "json", "custom": "com.pyxis.greenhopper.jira:gh-sprint"})
	add("components", "Components", false, map[string]any{"type": "array", "items": "component", "system": "components"}, map[string]string{"id": "300", "name": "SOC"})
	return list
}

func (m *model) createmeta(parts []string) (int, any, *refused) {
	if len(parts) < 4 || parts[2] != "SEC" {
		return 0, nil, &refused{status: 404, text: "No project"}
	}
	names := []string{"issueTypes", "fields"}
	if !m.cloud {
		names = []string{"values", "values"}
	}
	if len(parts) == 4 {
		return 200, map[string]any{names[0]: []map[string]string{{"id": "1", "name": "Bug"}, {"id": "2", "name": "Task"}}, "total": 2, "startAt": 0, "maxResults": 50}, nil
	}
	f := m.mFields()
	return 200, map[string]any{names[1]: f, "total": len(f), "startAt": 0, "maxResults": 50}, nil
}

func (m *model) create(body []byte) (int, any, *refused) {
	var in struct {
		Fields map[string]json.RawMessage
		Update map[string]json.RawMessage
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return 0, nil, &refused{status: 400, text: "Unexpected character"}
	}
	i := &mIssue{ID: fmt.Sprint(10001 + len(m.issues)), Key: fmt.Sprintf("SEC-%d", 1+len(m.issues)), Status: "Backlog", Fields: map[string]json.RawMessage{},
		Files: map[string]string{}, Priority: "Medium", created: time.Now()}
	if no := m.apply(i, in.Fields, true); no != nil {
		return 0, nil, no
	}
	i.Updated = m.tick()
	m.issues = append(m.issues, i)
	m.hook("jira:issue_created", i, mine, nil)
	return 201, map[string]string{"id": i.ID, "key": i.Key, "self": m.url + "/rest/api/" + m.version() + "/issue/" + i.ID}, nil
}

// apply sets fields, all or none.
func (m *model) apply(i *mIssue, in map[string]json.RawMessage, creating bool) *refused {
	wrong := map[string]string{}
	next := *i
	for name, raw := range in {
		if m.noScreen[name] {
			wrong[name] = "Field '" + name + "' cannot be set. It is not on the appropriate screen, or unknown."
			continue
		}
		if why := m.setField(&next, name, raw, creating); why != "" {
			wrong[name] = why
		}
	}
	if creating && next.Summary == "" {
		wrong["summary"] = "You must specify a summary of the issue."
	}
	if len(wrong) > 0 {
		return &refused{status: 400, fields: wrong}
	}
	*i = next
	return nil
}

func (m *model) setField(i *mIssue, name string, raw json.RawMessage, creating bool) string {
	var text string
	object := map[string]string{} // null is as good as empty
	json.Unmarshal(raw, &text)    //nolint:errcheck // one of the two
	json.Unmarshal(raw, &object)  //nolint:errcheck
	switch name {
	case "project":
		if object["key"] != "SEC" || !creating {
			return "valid project is required"
		}
	case "issuetype":
		if object["name"] != "Task" && object["id"] != "2" {
			return "The issue type selected is invalid."
		}
	case "summary":
		if i.Summary = text; len([]rune(text)) > 255 {
			return "Summary must be less than 255 characters."
		}
		if strings.ContainsAny(text, "\r\n") {
			return "The summary is invalid because it contains newline characters."
		}
	case "description":
		i.Description = raw
		return m.text(raw)
	case "labels":
		return strings.Join(m.setLabels(i, raw), "; ")
	case "priority":
		if i.Priority = object["name"]; !slices.Contains([]string{"Lowest", "Low", "Medium", "High", "Highest"}, i.Priority) {
			return "Specify a valid 'id' or 'name' for Priority"
		}
	case "assignee":
		id := object["name"]
		if m.cloud {
			id = object["accountId"]
		}
		i.Assignee = ""
		for email, account := range accounts {
			if account == id {
				i.Assignee = email
			}
		}
		if id != "" && i.Assignee == "" {
			return "User '" + id + "' does not exist."
		}
	default:
		return m.setCustom(i, name, raw)
	}
	return ""
}

func (m *model) setLabels(i *mIssue, raw json.RawMessage) (wrong []string) {
	i.Labels = nil
	if json.Unmarshal(raw, &i.Labels) != nil {
		return []string{"not a list"}
	}
	for _, l := range i.Labels {
		if l == "" || strings.ContainsAny(l, " \t\n") || len(l) > 255 {
			wrong = append(wrong, "The label '"+l+"' contains spaces which is invalid.")
		}
	}
	return wrong
}

// text checks a description or a comment: a document in version 3, a text in version 2.
func (m *model) text(raw json.RawMessage) string {
	if len(raw) > 32767 {
		return "The entered text is too long. It exceeds the allowed limit of 32,767 characters."
	}
	if !m.cloud {
		if raw[0] != '"' {
			return "Operation value must be a string"
		}
		return ""
	}
	if raw[0] != '{' {
		return "Operation value must be an Atlassian Document (see the Atlassian Document Format)"
	}
	if m.spec != nil {
		if err := m.spec.document(raw); err != nil {
			m.t.Errorf("not a document: %v\n%.2000s", err, raw)
		}
	}
	return ""
}

// shapes are what the custom fields take.
var shapes = map[string]string{
	"customfield_1": `^-?[0-9.]+$`, "customfield_2": `^"[^\n]*"$`, "customfield_4": `^{"id":"10[01]"}$`, "customfield_5": `^\[({"id":"20[01]"},?)*\]$`,
	"customfield_7": `^"\d{4}-\d\d-\d\d"$`, "customfield_8": `^"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[-+]\d{4}"$`, "customfield_9": `^\["[^ ]*"(,"[^ ]*")*\]$`,
	"components": `^\[{"id":"300"}\]$`,
}

func (m *model) setCustom(i *mIssue, name string, raw json.RawMessage) string {
	i.Fields = mapsClone(i.Fields)
	i.Fields[name] = raw
	switch {
	case name == "customfield_3":
		return m.text(raw)
	case name == "customfield_6":
		if key := map[bool]string{true: "accountId", false: "name"}[m.cloud]; !strings.Contains(string(raw), `{"`+key+`":"acc-`) {
			return "data was not a user"
		}
	case shapes[name] == "":
		return "Field '" + name + "' cannot be set. It is not on the appropriate screen, or unknown."
	case !regexp.MustCompile(shapes[name]).Match(raw):
		return "Operation value is wrong: " + string(raw)
	}
	return ""
}

func mapsClone(in map[string]json.RawMessage) map[string]json.RawMessage {
	out := map[string]json.RawMessage{}
	for k, v := range in {
		out[k] = v
	}
	return out
}
