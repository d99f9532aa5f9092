package awswaftest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
)

// entity is a web ACL or a rule group.
type entity struct {
	name, id, scope, arn string
	rules                json.RawMessage
}

// AddWebACL makes a web ACL with rules as JSON (the list of GetWebACL's Rules), and gives its ARN.
func (s *Service) AddWebACL(scope, name, rules string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.entity("webacl", scope, name, rules)
	s.acls = append(s.acls, e)
	return e.arn
}

// AddRuleGroup makes a rule group with rules as JSON, and gives its ARN.
func (s *Service) AddRuleGroup(scope, name, rules string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.entity("rulegroup", scope, name, rules)
	s.groups = append(s.groups, e)
	return e.arn
}

func (s *Service) entity(kind, scope, name, rules string) *entity {
	if !json.Valid([]byte(rules)) {
		panic("awswaftest: rules that are no JSON: " + rules)
	}
	e := &entity{name: name, id: s.id(), scope: scope, rules: json.RawMessage(rules)}
	e.arn = arnOf(s.region(), scope, kind, name, e.id)
	return e
}

func (s *Service) listWebACLs(body []byte) (any, *Error) {
	var in struct {
		Scope, NextMarker *string
		Limit             *int
	}
	if wrong := strictly(body, &in); wrong != nil {
		return nil, wrong
	}
	if in.Scope == nil {
		return nil, null("scope")
	}
	most := 100
	if in.Limit != nil {
		if most = *in.Limit; most < 1 || most > 100 {
			return nil, refuse("com.amazon.coral.validate#ValidationException", "limit")
		}
	}
	from := 0
	if in.NextMarker != nil {
		n, err := strconv.Atoi(*in.NextMarker)
		if err != nil {
			return nil, invalid("NEXT_MARKER", *in.NextMarker, "The marker is not valid.")
		}
		from = n
	}
	mine := slices.DeleteFunc(slices.Clone(s.acls), func(e *entity) bool { return e.scope != *in.Scope })
	list := []map[string]any{}
	for _, e := range mine[min(from, len(mine)):min(from+most, len(mine))] {
		list = append(list, map[string]any{"Name": e.name, "Id": e.id, "ARN": e.arn, "Description": "", "LockToken": e.id})
	}
	out := map[string]any{"WebACLs": list}
	if from+most < len(mine) {
		out["NextMarker"] = fmt.Sprint(from + most)
	}
	return out, nil
}

// one finds an entity as the API does: by ARN, or by name, id and scope.
func one(list []*entity, body []byte) (*entity, *Error) {
	var in struct{ Name, Scope, Id, ARN *string } //nolint:revive // the API's names
	if wrong := strictly(body, &in); wrong != nil {
		return nil, wrong
	}
	for _, e := range list {
		byARN := in.ARN != nil && *in.ARN == e.arn
		byName := in.Name != nil && in.Id != nil && in.Scope != nil && *in.Name == e.name && *in.Id == e.id && *in.Scope == e.scope
		if byARN || byName {
			return e, nil
		}
	}
	return nil, refuse("WAFNonexistentItemException", "AWS WAF couldn’t perform the operation because your resource doesn’t exist.")
}

func (s *Service) getWebACL(body []byte) (any, *Error) {
	e, wrong := one(s.acls, body)
	if wrong != nil {
		return nil, wrong
	}
	return map[string]any{"LockToken": e.id, "WebACL": map[string]any{
		"Name": e.name, "Id": e.id, "ARN": e.arn, "DefaultAction": map[string]any{"Allow": map[string]any{}}, "Rules": e.rules, "Capacity": 1,
		"VisibilityConfig": map[string]any{"SampledRequestsEnabled": true, "CloudWatchMetricsEnabled": true, "MetricName": e.name},
	}}, nil
}

func (s *Service) getRuleGroup(body []byte) (any, *Error) {
	e, wrong := one(s.groups, body)
	if wrong != nil {
		return nil, wrong
	}
	return map[string]any{"LockToken": e.id, "RuleGroup": map[string]any{
		"Name": e.name, "Id": e.id, "ARN": e.arn, "Rules": e.rules, "Capacity": 1,
		"VisibilityConfig": map[string]any{"SampledRequestsEnabled": true, "CloudWatchMetricsEnabled": true, "MetricName": e.name},
	}}, nil
}
