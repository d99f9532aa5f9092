// Package awswaftest is a model of AWS WAF's API (WAFV2, awsJson1_1) and of AssumeRole of STS, as far as the connector uses
// them: signatures, lock tokens, quotas, rates, shapes of errors and pages. It is strict: what the service refuses, it
// refuses too. What it knows is from the service's published model and the developer guide's page of quotas.
package awswaftest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Limits of the service.
const (
	// MaxAddresses is how many addresses an IP set holds.
	MaxAddresses = 10_000
	// UpdatesPerSecond is how many requests of one action that updates an account may make in a region.
	UpdatesPerSecond = 1
	// ReadsPerSecond is how many of one action that reads.
	ReadsPerSecond = 5
)

// Account and Region are where all of a Service's things are.
const (
	Account = "111122223333"
	Region  = "eu-central-1"
)

// Service is the model. It is safe for concurrent use.
type Service struct {
	// Throttle has it keep to the rates of requests. Now is its clock, time.Now if nil.
	Throttle bool
	Now      func() time.Time
	// Region is the region whose endpoint it is; Region (the constant) if empty.
	Region string
	// Check, if set, holds each request and each answer of 200 against something else: a published model. Its errors are
	// what Faults gives.
	Check func(action string, request, answer []byte) error

	mu     sync.Mutex
	n      int // counts what has an id
	keys   map[string]*key
	roles  map[string]*role
	sets   []*Set
	acls   []*entity
	groups []*entity
	calls  []Call
	taken  map[string][]time.Time
	faults map[string][]Fault
	before map[string]func()
	wrong  []error
}

// Call is a request that was made.
type Call struct {
	Action string
	At     time.Time
	Body   []byte
	Status int
	Code   string // of an error: "WAFOptimisticLockException"
}

// Fault is what happens to one request instead of what it asks for.
type Fault struct {
	// Code and Message make an error of the service, with Status (400 if 0). Without a Code, Status and Body are the answer
	// as it stands: somebody else's. Header goes with any answer.
	Status        int
	Code, Message string
	Body          string
	Header        map[string]string
	// Cut closes the connection without an answer. Do has the request be done all the same, before any of these.
	Do, Cut bool
}

// Error is an error of the service.
type Error struct {
	Status        int
	Code, Message string
	More          map[string]any
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// refuse makes an error of the client's.
func refuse(code, format string, args ...any) *Error {
	return &Error{Status: http.StatusBadRequest, Code: code, Message: fmt.Sprintf(format, args...)}
}

func (s *Service) now() time.Time {
	if s.Now == nil {
		return time.Now()
	}
	return s.Now()
}

func (s *Service) region() string {
	if s.Region == "" {
		return Region
	}
	return s.Region
}

// Fail has the next requests of an action meet faults, one each.
func (s *Service) Fail(action string, faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.faults == nil {
		s.faults = map[string][]Fault{}
	}
	s.faults[action] = append(s.faults[action], faults...)
}

// Before has something happen once, right before the next request of an action is looked at: an edit of somebody else's.
func (s *Service) Before(action string, do func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.before == nil {
		s.before = map[string]func(){}
	}
	s.before[action] = do
}

// Calls gives the requests of some actions, or of all, in their order.
func (s *Service) Calls(actions ...string) []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := slices.Clone(s.calls)
	return slices.DeleteFunc(list, func(c Call) bool { return len(actions) > 0 && !slices.Contains(actions, c.Action) })
}

// Faults gives what Check has found.
func (s *Service) Faults() []error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.wrong)
}

// id counts ids of the service's form.
func (s *Service) id() string {
	s.n++
	return fmt.Sprintf("a1b2c3d4-5678-90ab-cdef-%012x", s.n)
}

// ServeHTTP implements http.Handler.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client has gone
	}
	action, isSTS := s.actionOf(r, body)
	s.mu.Lock()
	before, fault := s.before[action], Fault{}
	delete(s.before, action)
	if list := s.faults[action]; len(list) > 0 {
		fault, s.faults[action] = list[0], list[1:]
	}
	s.mu.Unlock()
	if before != nil {
		before()
	}
	answer, wrong := s.answer(r, action, isSTS, body, fault)
	if fault.Cut {
		panic(http.ErrAbortHandler)
	}
	for name, value := range fault.Header {
		w.Header().Set(name, value)
	}
	switch {
	case fault.Code == "" && (fault.Status != 0 || fault.Body != ""):
		w.WriteHeader(max(fault.Status, http.StatusOK))
		io.WriteString(w, fault.Body) //nolint:errcheck // the client may have gone
	case isSTS:
		writeXML(w, answer, wrong)
	default:
		writeJSON(w, answer, wrong)
	}
}

// answer does what a request asks for, unless a fault comes before, and keeps it in mind.
func (s *Service) answer(r *http.Request, action string, isSTS bool, body []byte, fault Fault) (answer any, wrong *Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	instead := fault.Code != "" || fault.Status != 0 || fault.Body != "" || fault.Cut
	if !instead || fault.Do {
		answer, wrong = s.do(r, action, isSTS, body)
	}
	if fault.Code != "" {
		wrong = &Error{Status: max(fault.Status, http.StatusBadRequest), Code: fault.Code, Message: fault.Message}
	}
	c := Call{Action: action, At: s.now(), Body: bytes.Clone(body), Status: http.StatusOK}
	if wrong != nil {
		c.Status, c.Code = wrong.Status, wrong.Code
	}
	s.calls = append(s.calls, c)
	return answer, wrong
}

// do does what a request asks for.
func (s *Service) do(r *http.Request, action string, isSTS bool, body []byte) (any, *Error) {
	service := "wafv2"
	if isSTS {
		service = "sts"
	}
	k, wrong := s.authenticate(r, service, body)
	if wrong != nil {
		return nil, wrong
	}
	if isSTS {
		return s.assumeRole(k, body)
	}
	if r.URL.Path != "/" || r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/x-amz-json-1.1" {
		return nil, refuse("UnknownOperationException", "%s %s, %s", r.Method, r.URL.Path, r.Header.Get("Content-Type"))
	}
	if !k.may(action) {
		return nil, refuse("AccessDeniedException", "User: %s is not authorized to perform: wafv2:%s on resource: arn:aws:wafv2:%s:%s:regional/ipset/tocsin "+
			"because no identity-based policy allows the wafv2:%s action", k.arn, action, s.region(), Account, action)
	}
	if s.Throttle && !s.admit(action) {
		return nil, refuse("ThrottlingException", "Rate exceeded")
	}
	answer, wrong := s.operation(action, body)
	if wrong == nil && s.Check != nil {
		raw, err := json.Marshal(answer)
		if err == nil {
			err = s.Check(action, body, raw)
		}
		if err != nil {
			s.wrong = append(s.wrong, err)
		}
	}
	return answer, wrong
}

func (s *Service) operation(action string, body []byte) (any, *Error) {
	switch action {
	case "GetIPSet":
		return s.getIPSet(body)
	case "UpdateIPSet":
		return s.updateIPSet(body)
	case "ListWebACLs":
		return s.listWebACLs(body)
	case "GetWebACL":
		return s.getWebACL(body)
	case "GetRuleGroup":
		return s.getRuleGroup(body)
	}
	return nil, refuse("UnknownOperationException", "%s", action)
}

// admit says whether one more request is allowed within the last second.
func (s *Service) admit(action string) bool {
	if s.taken == nil {
		s.taken = map[string][]time.Time{}
	}
	now, most := s.now(), ReadsPerSecond
	if strings.HasPrefix(action, "Update") {
		most = UpdatesPerSecond
	}
	recent := slices.DeleteFunc(s.taken[action], func(at time.Time) bool { return now.Sub(at) >= time.Second })
	if len(recent) < most {
		s.taken[action] = append(recent, now)
		return true
	}
	s.taken[action] = recent
	return false
}

// actionOf says what a request asks for: by its header, or STS by its form.
func (s *Service) actionOf(r *http.Request, body []byte) (action string, isSTS bool) {
	if target, ok := strings.CutPrefix(r.Header.Get("X-Amz-Target"), "AWSWAF_20190729."); ok {
		return target, false
	}
	if bytes.HasPrefix(body, []byte("Action=AssumeRole&")) {
		return "AssumeRole", true
	}
	return "", false
}

func writeJSON(w http.ResponseWriter, answer any, wrong *Error) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.Header().Set("X-Amzn-Requestid", "b25f48e8-84fd-11e6-80d9-574e0c4664cb")
	if wrong != nil {
		w.WriteHeader(wrong.Status)
		answer = map[string]any{"__type": wrong.Code, "Message": wrong.Message}
		for name, value := range wrong.More {
			answer.(map[string]any)[name] = value
		}
		if wrong.Code == "ThrottlingException" || wrong.Code == "AccessDeniedException" || wrong.More != nil { // as the service spells it there
			delete(answer.(map[string]any), "Message")
			answer.(map[string]any)["message"] = wrong.Message
		}
	}
	json.NewEncoder(w).Encode(answer) //nolint:errcheck // the client may have gone
}
