package ingest

import (
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// githubActions says what an action means for an alert: true when it is open (again), false when it is over. An action
// that is not here changes neither.
var githubActions = map[string]bool{
	"created": true, "create": true, "appeared_in_branch": true, "reopened": true, "reopen": true, "reopened_by_user": true,
	"reintroduced": true, "auto_reopened": true, "publicly_leaked": true, "validated": true, "published": true, "reported": true, "performed": true,
	"fixed": false, "closed_by_user": false, "dismissed": false, "dismiss": false, "auto_dismissed": false, "resolved": false, "resolve": false,
	"revoked": false, "withdrawn": false,
}

// state gives the type by the action.
func (c *githubCase) state(open, over string) string {
	switch isOpen, known := githubActions[c.action]; {
	case !known:
		return "alert.updated"
	case isOpen:
		return open
	}
	return over
}

// when is the time of the action, as far as the alert says.
func (c *githubCase) when() time.Time {
	names := []string{"updated_at", "created_at", "published_at"}
	switch isOpen, known := githubActions[c.action]; {
	case known && !isOpen:
		names = append([]string{"fixed_at", "dismissed_at", "auto_dismissed_at", "resolved_at", "withdrawn_at"}, names...)
	case c.action == "created" || c.action == "create":
		names = []string{"created_at", "updated_at"}
	}
	return remainderOf(c.alert).takeTime(names...)
}

// codeScanning reads what CodeQL or another scanner found.
func (c *githubCase) codeScanning(e *event.Event) {
	rule := c.alert.object("rule")
	e.Type, e.Time = c.state("vulnerability.detected", "vulnerability.resolved"), c.when()
	e.Severity = severityOf(event.Medium, rule.text("security_severity_level"), rule.text("severity"))
	what := firstText(rule, "description", "name", "id")
	e.Rule = &event.Rule{ID: event.Clip(rule.text("id"), event.MaxText), Name: event.Clip(what, event.MaxText)}
	e.AlertType = slug(rule.text("id"))
	e.Tags = tagsOf(rule.texts("tags"))
	e.Title = event.Clip(joinTexts(" ", "Code scanning: "+what, inRepo(c.repo), inFile(c.codePath())), event.MaxTitle)
	e.Description = event.Clip(firstText(rule, "full_description", "help"), event.MaxDescription)
}

// codePath is the file that the finding is in; older payloads list instances.
func (c *githubCase) codePath() string {
	if path := c.alert.digText("most_recent_instance.location.path"); path != "" {
		return path
	}
	for _, i := range c.alert.objects("instances") {
		return i.digText("location.path")
	}
	return ""
}

// inFile says in which file, if any.
func inFile(path string) string {
	if path == "" {
		return ""
	}
	return "(" + path + ")"
}

// secretScanning reads a secret that was found in a repository. The secret itself is not sent by GitHub.
func (c *githubCase) secretScanning(e *event.Event) {
	e.Type, e.Time = c.state("secret.leaked", "secret.resolved"), c.when()
	if c.kind == "secret_scanning_alert_location" {
		e.Type = "alert.updated"
	}
	e.Severity = event.High
	if c.action == "publicly_leaked" || c.alert.truth("publicly_leaked") || c.alert.text("validity") == "active" {
		e.Severity = event.Critical
	}
	what := firstText(c.alert, "secret_type_display_name", "secret_type")
	e.AlertType = slug(c.alert.text("secret_type"))
	e.Title = event.Clip(joinTexts(" ", "Secret scanning:", what, inRepo(c.repo), inFile(c.digText("location.details.path"))), event.MaxTitle)
}

// dependency reads a dependency with a known vulnerability.
func (c *githubCase) dependency(e *event.Event) {
	e.Type, e.Time = c.state("vulnerability.detected", "vulnerability.resolved"), c.when()
	e.Severity = severityOf(event.Medium, c.advice.text("severity"), c.alert.digText("security_vulnerability.severity"), c.alert.text("severity"))
	e.AlertType = "vulnerable_dependency"
	what := firstText(c.advice, "summary", "cve_id", "ghsa_id")
	if what == "" {
		what = joinTexts(" ", c.packageName(), firstText(c.alert, "external_identifier", "ghsa_id"))
	}
	id := firstText(c.advice, "ghsa_id", "cve_id")
	if id == "" {
		id = firstText(c.alert, "ghsa_id", "external_identifier")
	}
	e.Rule = &event.Rule{ID: event.Clip(id, event.MaxText), Name: event.Clip(what, event.MaxText)}
	e.Title = event.Clip(joinTexts(" ", "Dependabot: "+what, inRepo(c.repo), inFile(c.alert.digText("dependency.manifest_path"))), event.MaxTitle)
	e.Description = event.Clip(c.advice.text("description"), event.MaxDescription)
}

func (c *githubCase) packageName() string {
	return c.alert.digFirst("dependency.package.name", "security_vulnerability.package.name", "affected_package_name")
}

// advisory reads an advisory that GitHub or a repository published.
func (c *githubCase) advisory(e *event.Event) {
	e.Type, e.Time = c.state("vulnerability.detected", "vulnerability.resolved"), c.when()
	e.Severity = severityOf(event.Medium, c.alert.text("severity"))
	e.AlertType = slug(c.kind)
	what := firstText(c.alert, "summary", "ghsa_id")
	e.Rule = &event.Rule{ID: event.Clip(c.alert.text("ghsa_id"), event.MaxText), Name: event.Clip(what, event.MaxText)}
	e.Title = event.Clip(joinTexts(" ", "Security advisory: "+what, inRepo(c.repo)), event.MaxTitle)
	e.Description = event.Clip(c.alert.text("description"), event.MaxDescription)
}

// entities takes who did what where. GitHub is where it happened: all are observed.
//
//	user        sender.login (actor)
//	repository  repository.full_name (target)
//	file        where the finding is (target)
//	package     the dependency or the packages of an advisory (target); cve: its number (target)
func (c *githubCase) entities() *entities {
	list := &entities{}
	list.addKind("user", c.digText("sender.login"), "actor")
	list.addKind("repository", c.repo, "target")
	list.addKind("file", c.codePath(), "target")
	list.pick(c.alert, []pick{{"dependency.manifest_path", "file", "target"}})
	list.pick(c.object, []pick{{"location.details.path", "file", "target"}})
	list.addKind("package", c.packageName(), "target")
	for _, v := range append(c.alert.objects("vulnerabilities"), c.advice.objects("vulnerabilities")...) {
		list.pick(v, []pick{{"package.name", "package", "target"}})
	}
	list.pick(c.alert, []pick{{"cve_id", "cve", "target"}, {"security_advisory.cve_id", "cve", "target"}})
	if id := c.alert.text("external_identifier"); strings.HasPrefix(id, "CVE-") {
		list.add("cve", id, "target")
	}
	for _, id := range append(c.alert.objects("identifiers"), c.advice.objects("identifiers")...) {
		if id.text("type") == "CVE" {
			list.addKind("cve", id.text("value"), "target")
		}
	}
	return list
}
