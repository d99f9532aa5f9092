package awswaftest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Set is an IP set.
type Set struct {
	Name, ID    string
	Scope       string // "REGIONAL", "CLOUDFRONT"
	IPv6        bool
	Description string
	// Addresses are as they are shown. Those of an update are spelled as the service does it: IPv6 in full.
	Addresses []string
	LockToken string
	// Updates is how often it was written through the API.
	Updates int

	region string
}

// ARN is the set's.
func (s *Set) ARN() string {
	return arnOf(s.region, s.Scope, "ipset", s.Name, s.ID)
}

func arnOf(region, scope, kind, name, id string) string {
	place := "regional"
	if scope == "CLOUDFRONT" {
		place = "global"
	}
	return fmt.Sprintf("arn:aws:wafv2:%s:%s:%s/%s/%s/%s", region, Account, place, kind, name, id)
}

// AddSet makes a set, and gives its ARN. Scope is REGIONAL if empty.
func (s *Service) AddSet(x Set) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if x.Scope == "" {
		x.Scope = "REGIONAL"
	}
	x.region = s.region()
	if x.Addresses == nil {
		x.Addresses = []string{}
	}
	x.ID, x.LockToken = s.id(), s.id()
	s.sets = append(s.sets, &x)
	return x.ARN()
}

// Set gives a copy of a set.
func (s *Service) Set(arn string) Set {
	s.mu.Lock()
	defer s.mu.Unlock()
	x := *s.byARN(arn)
	x.Addresses = slices.Clone(x.Addresses)
	return x
}

// Edit changes a set as somebody else would: by the console, by Terraform.
func (s *Service) Edit(arn string, do func(*Set)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	x := s.byARN(arn)
	do(x)
	x.LockToken = s.id()
}

// Delete takes a set away.
func (s *Service) Delete(arn string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sets = slices.DeleteFunc(s.sets, func(x *Set) bool { return x.ARN() == arn })
}

func (s *Service) byARN(arn string) *Set {
	i := slices.IndexFunc(s.sets, func(x *Set) bool { return x.ARN() == arn })
	if i < 0 {
		panic("awswaftest: no set " + arn)
	}
	return s.sets[i]
}

// strictly reads a request, and refuses members that it does not know.
func strictly(body []byte, to any) *Error {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(to); err != nil {
		return refuse("SerializationException", "%v", err)
	}
	return nil
}

// null is the error for a member that is required and missing.
func null(name string) *Error {
	return refuse("com.amazon.coral.validate#ValidationException",
		"1 validation error detected: Value null at '%s' failed to satisfy constraint: Member must not be null", name)
}

func invalid(field, parameter, reason string) *Error {
	e := refuse("WAFInvalidParameterException", "Error reason: %s, field: %s, parameter: %s", reason, field, parameter)
	e.More = map[string]any{"Field": field, "Parameter": parameter, "Reason": reason}
	return e
}

func (s *Service) find(name, id, scope *string) (*Set, *Error) {
	switch {
	case name == nil:
		return nil, null("name")
	case scope == nil:
		return nil, null("scope")
	case id == nil:
		return nil, null("id")
	case *scope != "REGIONAL" && *scope != "CLOUDFRONT":
		return nil, invalid("SCOPE_VALUE", *scope, "The scope is not valid.")
	case *scope == "CLOUDFRONT" && s.region() != "us-east-1":
		return nil, invalid("SCOPE_VALUE", *scope, "The scope is not valid.")
	}
	for _, x := range s.sets {
		if x.ID == *id && x.Name == *name && x.Scope == *scope {
			return x, nil
		}
	}
	return nil, refuse("WAFNonexistentItemException", "AWS WAF couldn’t perform the operation because your resource doesn’t exist.")
}

func (s *Service) getIPSet(body []byte) (any, *Error) {
	var in struct{ Name, Scope, Id *string } //nolint:revive // the API's name
	if wrong := strictly(body, &in); wrong != nil {
		return nil, wrong
	}
	x, wrong := s.find(in.Name, in.Id, in.Scope)
	if wrong != nil {
		return nil, wrong
	}
	version := "IPV4"
	if x.IPv6 {
		version = "IPV6"
	}
	set := map[string]any{"Name": x.Name, "Id": x.ID, "ARN": x.ARN(), "IPAddressVersion": version, "Addresses": slices.Clone(x.Addresses)}
	if x.Description != "" {
		set["Description"] = x.Description
	}
	return map[string]any{"IPSet": set, "LockToken": x.LockToken}, nil
}

var descriptionForm = regexp.MustCompile(`^[\w+=:#@/\-,\.][\w+=:#@/\-,\.\s]+[\w+=:#@/\-,\.]$`)

func (s *Service) updateIPSet(body []byte) (any, *Error) {
	var in struct {
		Name, Scope, Id, Description, LockToken *string //nolint:revive // the API's names
		Addresses                               *[]*string
	}
	if wrong := strictly(body, &in); wrong != nil {
		return nil, wrong
	}
	if in.Addresses == nil {
		return nil, null("addresses")
	}
	if in.LockToken == nil {
		return nil, null("lockToken")
	}
	if in.Description != nil && (len(*in.Description) > 256 || !descriptionForm.MatchString(*in.Description)) {
		return nil, refuse("com.amazon.coral.validate#ValidationException", "1 validation error detected: Value at 'description' failed to satisfy constraint")
	}
	x, wrong := s.find(in.Name, in.Id, in.Scope)
	if wrong != nil {
		return nil, wrong
	}
	addresses, wrong := x.check(*in.Addresses)
	if wrong != nil {
		return nil, wrong
	}
	if *in.LockToken != x.LockToken {
		return nil, refuse("WAFOptimisticLockException",
			"AWS WAF couldn’t save your changes because someone changed the resource after you started to edit it. Reapply your changes.")
	}
	x.Addresses, x.Description, x.LockToken = addresses, "", s.id()
	if in.Description != nil {
		x.Description = *in.Description
	}
	x.Updates++
	return map[string]any{"NextLockToken": x.LockToken}, nil
}

// check reads the addresses of an update. Those that the set holds already are taken as they are.
func (s *Set) check(list []*string) ([]string, *Error) {
	if len(list) > MaxAddresses {
		return nil, refuse("WAFLimitsExceededException", "AWS WAF couldn’t perform the operation because you exceeded your resource limit.")
	}
	known, seen := map[string]bool{}, map[string]bool{}
	for _, text := range s.Addresses {
		known[text] = true
	}
	out := make([]string, 0, len(list))
	for _, text := range list {
		switch {
		case text == nil || strings.TrimSpace(*text) == "" || len(*text) > 50:
			return nil, refuse("com.amazon.coral.validate#ValidationException", "1 validation error detected: Value at 'addresses' failed to satisfy constraint")
		case seen[*text]:
			return nil, invalid("IP_ADDRESS", *text, "The address is there twice.")
		case known[*text]:
			seen[*text] = true
			out = append(out, *text)
			continue
		}
		p, err := netip.ParsePrefix(*text)
		if err != nil || p.Bits() == 0 || p != p.Masked() || p.Addr().Is6() != s.IPv6 {
			return nil, invalid("IP_ADDRESS", *text, "The address is not valid for the set: it must be in CIDR notation.")
		}
		seen[*text] = true
		out = append(out, p.Addr().StringExpanded()+"/"+strconv.Itoa(p.Bits()))
	}
	return out, nil
}
