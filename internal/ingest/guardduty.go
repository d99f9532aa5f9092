package ingest

import (
	"encoding/json"
	"iter"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// GuardDuty reads findings of Amazon GuardDuty: in EventBridge's envelope, inside a notification of SNS, bare, as an
// array or NDJSON (the export to S3), or as a list of findings (the answer of GetFindings; names may begin with capital
// letters, as the command line prints them).
//
//	type       detection.cloud_finding; detection.malware for a scan that found threats; other events of GuardDuty (the
//	           health of its agents) custom.guardduty.<detail-type>; a subscription that SNS wants confirmed is a
//	           system.notice with the address to open as its url
//	severity   severity: 9 to 10 critical, 7 to 8.9 high, 4 to 6.9 medium, below low, 0 info
//	           (https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_findings-severity.html)
//	time       service.eventLastSeen, else updatedAt, createdAt, and the envelope's time
//	title      title; description: description
//	rule       id and name: type ("UnauthorizedAccess:EC2/SSHBruteForce"); alert_type: the same in lower case with
//	           underscores
//	mitre      the techniques of an attack sequence
//	status     "archived" when service.archived says so
//	labels     aws_account and aws_region
//	source     vendor aws, product guardduty, instance account/region, id id
//	dedup_key  guardduty and id: the updates of a finding share it
//	entities   see guarddutyEntities
//	data       everything else; what stood around the finding under envelope
//
// A sample finding (service.additionalInfo.sample) is a test.
type GuardDuty struct{}

// Name is the last part of the path.
func (GuardDuty) Name() string { return "guardduty" }

// Decode reads what is described above.
func (GuardDuty) Decode(body []byte, _ http.Header, lim event.Limits) iter.Seq2[Item, error] {
	split := func(o object) (iter.Seq[[]byte], object, bool) {
		for _, name := range []string{"Findings", "findings"} {
			if list, ok := elements(o, name); ok {
				r := remainderOf(o)
				r.place(name)
				return list, r.rest(), true
			}
		}
		return nil, nil, false
	}
	decode := func(o, context object) (Item, error) { return guarddutyItem(o, context, lim) }
	return grouped{split: split, decode: decode}.items(body, lim)
}

// guarddutyItem unwraps what SNS and EventBridge put around a finding.
func guarddutyItem(o, around object, lim event.Limits) (Item, error) {
	around = remainderOf(around).rest()
	switch o.text("Type") {
	case "Notification":
		message := []byte(o.text("Message"))
		var inner object
		if event.NewScanner(lim).Document(message) != nil || json.Unmarshal(message, &inner) != nil {
			return Item{}, event.FieldErrors{{Field: "Message", Detail: "want a finding of GuardDuty as JSON, in a text"}}
		}
		r := remainderOf(o)
		r.place("Message")
		around.setObject("sns", r.rest())
		o = inner
	case "SubscriptionConfirmation", "UnsubscribeConfirmation":
		return snsNotice(o), nil
	}
	kind := ""
	if detail := o.object("detail"); detail != nil {
		kind = o.text("detail-type")
		r := remainderOf(o)
		r.place("detail")
		around.setObject("eventbridge", r.rest())
		o = detail
	}
	f := lowered(o)
	switch {
	case f.text("type") != "" && (f.has("severity") || f.has("service") || f.has("resource")):
		return guarddutyFinding(f, around), nil
	case kind != "":
		return guarddutyNotice(kind, f, around), nil
	}
	return Item{}, event.FieldErrors{{Field: "type", Detail: "is missing: not a finding of GuardDuty"}}
}

func guarddutyFinding(f, around object) Item {
	service, envelope := f.object("service"), around.object("eventbridge")
	r := remainderOf(f)
	kind := f.text("type")
	e := event.Event{
		Type:        "detection.cloud_finding",
		Severity:    guarddutySeverity(f),
		Title:       r.take("title", event.MaxTitle),
		Description: r.take("description", event.MaxDescription),
		Rule:        &event.Rule{ID: event.Clip(kind, event.MaxText), Name: r.take("type", event.MaxText)},
		AlertType:   slug(kind),
		Mitre:       guarddutyTechniques(service),
	}
	if e.Title == "" {
		e.Title = event.Clip(kind, event.MaxTitle)
	}
	if e.Time, _ = event.ParseTime(service.text("eventLastSeen")); e.Time.IsZero() {
		e.Time = r.takeTime("updatedAt", "createdAt")
	}
	if e.Time.IsZero() {
		e.Time, _ = event.ParseTime(envelope.text("time"))
	}
	if service.truth("archived") {
		e.Status = "archived"
	}
	id := r.take("id", event.MaxText)
	account, region := firstText(f, "accountId"), firstText(f, "region")
	guarddutyPlace(&e, account, region, envelope, id)
	list := guarddutyEntities(f)
	e.Entities = list.all
	e.Actor = event.Clip(list.firstOf("user", "actor"), event.MaxText)
	e.DedupKey = dedupKey("guardduty", id)
	if id == "" {
		e.DedupKey = dedupKey("guardduty", e.Source.Instance, kind, list.firstOf("resource", ""))
	}
	e.Data = withEnvelope(r.rest(), around).data()
	sample := service.object("additionalInfo")
	return Item{Event: e, Test: sample.truth("sample") || strings.Contains(sample.text("value"), `"sample":true`)}
}

// guarddutyPlace says which account and region an event is of.
func guarddutyPlace(e *event.Event, account, region string, envelope object, id string) {
	if account == "" {
		account = envelope.text("account")
	}
	if region == "" {
		region = envelope.text("region")
	}
	e.Labels = map[string]string{}
	for name, value := range map[string]string{"aws_account": account, "aws_region": region} {
		if value != "" {
			e.Labels[name] = event.Clip(value, event.MaxText)
		}
	}
	e.Source = sourceOf("aws", "guardduty", joinTexts("/", account, region), id)
}

// guarddutyNotice reads an event of GuardDuty that is no finding.
func guarddutyNotice(kind string, detail, around object) Item {
	envelope := around.object("eventbridge")
	e := event.Event{Type: customType("guardduty", strings.TrimPrefix(kind, "GuardDuty ")), Title: event.Clip(kind, event.MaxTitle)}
	if detail.digText("scanResultDetails.scanResultStatus") == "THREATS_FOUND" {
		e.Type, e.Severity = "detection.malware", event.High
	}
	e.Time, _ = event.ParseTime(envelope.text("time"))
	guarddutyPlace(&e, detail.text("accountId"), detail.text("region"), envelope, envelope.text("id"))
	list := &entities{}
	list.pick(detail, []pick{
		{"s3ObjectDetails.bucketName", "resource", "target"}, {"s3ObjectDetails.objectKey", "file", "target"},
		{"resourceDetails.instanceDetails.instanceId", "resource", "target"}, {"resourceArn", "resource", "target"},
	})
	e.Entities = list.all
	e.DedupKey = dedupKey("guardduty", e.Source.Instance, slug(kind), list.firstOf("resource", ""), list.firstOf("file", ""))
	e.Data = withEnvelope(detail, around).data()
	return Item{Event: e}
}

// withEnvelope puts what stood around a finding beside its members.
func withEnvelope(data, around object) object {
	data.setObject(freeMember(data, "envelope"), around)
	return data
}

// guarddutySeverity reads AWS' number, see GuardDuty.
func guarddutySeverity(f object) event.Severity {
	n, ok := f.number("severity")
	switch {
	case !ok:
		return event.Medium
	case n >= 9:
		return event.Critical
	case n >= 7:
		return event.High
	case n >= 4:
		return event.Medium
	case n > 0:
		return event.Low
	}
	return event.Info
}

// guarddutyTechniques reads the techniques of an attack sequence's indicators.
func guarddutyTechniques(service object) []string {
	var texts []string
	sequence := service.digObject("detection.sequence")
	for _, indicator := range sequence.objects("sequenceIndicators") {
		if indicator.text("key") == "ATTACK_TECHNIQUE" {
			texts = append(texts, indicator.texts("values")...)
		}
	}
	return techniques(texts...)
}

// snsNotice asks an operator to confirm the subscription. Tocsin does not open the address itself: it comes from
// outside, and whoever opens it makes the topic send here.
func snsNotice(o object) Item {
	r := remainderOf(o)
	e := event.Event{
		Type: "system.notice", Severity: event.Medium,
		Title:       event.Clip("Amazon SNS: "+o.text("Type")+" for "+o.text("TopicArn"), event.MaxTitle),
		Description: r.take("Message", event.MaxDescription),
		Time:        r.takeTime("Timestamp"),
		URL:         snsURL(r),
		DedupKey:    dedupKey("guardduty", "sns", o.text("Type"), o.text("TopicArn")),
	}
	e.Source = sourceOf("aws", "sns", o.text("TopicArn"), r.take("MessageId", event.MaxText))
	e.Data = r.rest().data()
	return Item{Event: e}
}

// snsURL is the address that confirms a subscription, if it is Amazon's: an operator is asked to open it.
func snsURL(r *remainder) string {
	u, err := url.Parse(r.text("SubscribeURL"))
	if err != nil || u.Scheme != "https" || u.User != nil || !snsHost.MatchString(u.Host) {
		return ""
	}
	return r.takeURL("SubscribeURL")
}

var snsHost = regexp.MustCompile(`^sns\.[a-z0-9-]+\.amazonaws\.com(\.cn)?$`)

// lowered gives an object whose members at all depths begin with small letters, as in EventBridge, when its own begin
// with capital ones, as the command line prints them.
func lowered(o object) object {
	if !o.has("Type") && !o.has("Id") && !o.has("Severity") {
		return o
	}
	var low object
	if json.Unmarshal(lowerNames(o.data()), &low) != nil || len(low) != len(o) {
		return o // two names that differ in that letter only: leave them
	}
	return low
}

func lowerNames(v json.RawMessage) json.RawMessage {
	var o object
	var list []json.RawMessage
	switch {
	case len(v) > 0 && v[0] == '{' && json.Unmarshal(v, &o) == nil:
		low := object{}
		for name, value := range o {
			first, n := utf8.DecodeRuneInString(name)
			small := string(unicode.ToLower(first)) + name[n:]
			if _, taken := o[small]; n == 0 || taken {
				small = name
			}
			low[small] = lowerNames(value)
		}
		if len(low) == 0 {
			return v
		}
		return low.data()
	case len(v) > 0 && v[0] == '[' && json.Unmarshal(v, &list) == nil:
		b := []byte{'['}
		for i, e := range list {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(b, lowerNames(e)...)
		}
		return append(b, ']')
	}
	return v
}
