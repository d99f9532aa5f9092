package payload

import (
	"strings"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// wardexCase is the generic webhook of Wardex: these eight fields and no other.
type wardexCase struct {
	CaseID     string   `json:"case_id"`
	Severity   string   `json:"severity"`
	Status     string   `json:"status"`
	Title      string   `json:"title"`
	EndpointID string   `json:"endpoint_id"`
	Rule       string   `json:"rule"`
	Mitre      []string `json:"mitre"`
	WardexURL  string   `json:"wardex_url"`
}

var wardex = Profile{
	Name: "wardex", Title: "Wardex", Help: "The case of Wardex's webhook: eight fields.", Lossy: true, Open: form(asWardex, "wardex"),
}

// asWardex makes a case of any event. The one link of the form leads to Tocsin, whose case it is; only the case of a Wardex
// keeps its own. What belongs to no case has the dedup key, else the event's id, as its case_id, so
// that what is one matter stays one case.
func asWardex(r *reading) any {
	return &wardexCase{
		CaseID:     first(r.Incident, r.DedupKey, r.id()),
		Severity:   first(r.own.text("severity"), max(r.Severity, event.Low).String()),
		Status:     r.wardexStatus(),
		Title:      r.headline(),
		EndpointID: r.wardexEndpoint(),
		Rule:       r.ruleName(),
		Mitre:      list(r.Mitre),
		WardexURL:  r.wardexURL(),
	}
}

func (r *reading) wardexURL() string {
	if r.own != nil {
		return r.link()
	}
	return first(r.home(), r.URL)
}

// wardexEndpoint is the machine: the endpoint, unless that is the path of a request and a machine is named besides.
func (r *reading) wardexEndpoint() string {
	if r.Endpoint != "" && r.Endpoint[0] != '/' {
		return r.Endpoint
	}
	return first(r.host(), r.entity("target", "container", "pod"), r.Endpoint)
}

// wardexStatus is Wardex's word for where a matter stands; a status that has no such word stays as it is.
func (r *reading) wardexStatus() string {
	switch status := strings.ToLower(r.Status); {
	case r.own != nil && status != "":
		return r.Status
	case r.over() || status == "resolved" || status == "closed":
		return "resolved"
	case status == "acknowledged":
		return "investigating"
	case status != "" && status != "open" && status != "new":
		return r.Status
	case r.Type == "alert.acknowledged", r.Type == "alert.updated", r.Type == "incident.updated":
		return "investigating"
	}
	return "triage"
}
