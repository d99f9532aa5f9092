package awswaftest

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"time"
)

// role is a role that keys of the account may assume.
type role struct {
	externalID string
	actions    []string
}

// AddRole makes a role that can be assumed with an external id (empty: without one), and gives its ARN.
func (s *Service) AddRole(name, externalID string, actions ...string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.roles == nil {
		s.roles = map[string]*role{}
	}
	arn := "arn:aws:iam::" + Account + ":role/" + name
	s.roles[arn] = &role{externalID: externalID, actions: actions}
	return arn
}

// SessionSecret and SessionToken are what the secrets of the nth session of a role begin with.
const (
	SessionSecret = "session-secret-canary-"
	SessionToken  = "session-token-canary-"
)

var sessionForm = regexp.MustCompile(`^[\w+=,.@-]{2,64}$`)

// session is the answer to AssumeRole.
type session struct {
	XMLName xml.Name `xml:"https://sts.amazonaws.com/doc/2011-06-15/ AssumeRoleResponse"`
	ID      string   `xml:"AssumeRoleResult>AssumedRoleUser>AssumedRoleId"`
	ARN     string   `xml:"AssumeRoleResult>AssumedRoleUser>Arn"`
	Key     string   `xml:"AssumeRoleResult>Credentials>AccessKeyId"`
	Secret  string   `xml:"AssumeRoleResult>Credentials>SecretAccessKey"`
	Token   string   `xml:"AssumeRoleResult>Credentials>SessionToken"`
	Ends    string   `xml:"AssumeRoleResult>Credentials>Expiration"`
	Request string   `xml:"ResponseMetadata>RequestId"`
}

func (s *Service) assumeRole(k *key, body []byte) (any, *Error) {
	form, err := url.ParseQuery(string(body))
	if err != nil || form.Get("Version") != "2011-06-15" || !sessionForm.MatchString(form.Get("RoleSessionName")) {
		return nil, refuse("ValidationError", "1 validation error detected")
	}
	lasts := time.Hour
	if text := form.Get("DurationSeconds"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 900 || n > 43200 {
			return nil, refuse("ValidationError", "DurationSeconds")
		}
		lasts = time.Duration(n) * time.Second
	}
	arn := form.Get("RoleArn")
	r := s.roles[arn]
	if r == nil || r.externalID != form.Get("ExternalId") || !k.may("AssumeRole") {
		return nil, &Error{Status: http.StatusForbidden, Code: "AccessDenied", Message: fmt.Sprintf("User: %s is not authorized to perform: sts:AssumeRole on resource: %s", k.arn, arn)}
	}
	s.n++
	x := session{
		ID: "AROAIOSFODNN7EXAMPLE:" + form.Get("RoleSessionName"), ARN: fmt.Sprintf("%s/%s", arn, form.Get("RoleSessionName")),
		Key: fmt.Sprintf("ASIA%012dTEST", s.n), Secret: SessionSecret + strconv.Itoa(s.n), Token: SessionToken + strconv.Itoa(s.n) + "/+==",
		Ends: s.now().Add(lasts).UTC().Format(time.RFC3339), Request: "c6104cbe-af31-11e0-8154-cbc7ccf896c7",
	}
	s.keys[x.Key] = &key{secret: x.Secret, token: x.Token, arn: x.ARN, ends: s.now().Add(lasts), actions: r.actions}
	return x, nil
}

type xmlError struct {
	XMLName xml.Name `xml:"https://sts.amazonaws.com/doc/2011-06-15/ ErrorResponse"`
	Type    string   `xml:"Error>Type"`
	Code    string   `xml:"Error>Code"`
	Message string   `xml:"Error>Message"`
	Request string   `xml:"RequestId"`
}

func writeXML(w http.ResponseWriter, answer any, wrong *Error) {
	w.Header().Set("Content-Type", "text/xml")
	if wrong != nil {
		w.WriteHeader(wrong.Status)
		answer = xmlError{Type: "Sender", Code: wrong.Code, Message: wrong.Message, Request: "c6104cbe-af31-11e0-8154-cbc7ccf896c7"}
	}
	xml.NewEncoder(w).Encode(answer) //nolint:errcheck // the client may have gone
}
