// Package incident keeps incidents: alerts under one number, made by hand, over the API or by rules, with an owner, a
// status, notes, attachments and a timeline.
//
// [Service] is the door: every change goes through it, is written down in the audit record, and becomes a fact that
// integrations can follow. Rules ([Rule]) are asked by [Service.Decide] while alerts are folded; what they decide is stored
// by the fold's own transaction. The decision itself is pure: alerts and a bounded window of earlier ones in, writes out.
package incident

import (
	"errors"
	"strconv"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// Limits.
const (
	MaxTitle       = 500      // characters of a title
	MaxDescription = 16 << 10 // bytes of a description
	MaxReason      = 2000     // bytes of the reason for which an incident was closed
	MaxNote        = 16 << 10 // bytes of a note
	MaxOwner       = 254      // bytes of an owner's address
	MaxTags        = 50       // tags of an incident
	MaxEntities    = 20       // entities that an incident keeps of its alerts
	MaxMitre       = 20       // techniques that an incident keeps of its alerts
	// MaxEntityValue bounds the value of an entity that an incident keeps, in bytes: longer ones stay with their alerts.
	MaxEntityValue = 300
	// MaxAlerts is how many alerts an incident takes. A rule begins another incident beyond it.
	MaxAlerts = 5000
	// MaxLink is how many alerts one request links or unlinks.
	MaxLink = 500
)

// Classifications are what a closed incident was.
var Classifications = []string{TruePositive, BenignPositive, FalsePositive, Undetermined}

// The classifications.
const (
	TruePositive   = "true_positive"
	BenignPositive = "benign_positive"
	FalsePositive  = "false_positive"
	Undetermined   = "undetermined"
)

// Statuses are the states of an incident.
var Statuses = []string{event.IncidentNew, event.IncidentActive, event.IncidentClosed}

// Errors that callers match with errors.Is.
var (
	ErrNotFound = errors.New("there is no such incident in this account")
	// ErrVersion: the incident, or the rule, is not at the version that the caller has seen.
	ErrVersion = errors.New("it has changed since it was read")
	// ErrTooMany: the incident has MaxAlerts alerts.
	ErrTooMany = errors.New("an incident takes at most " + strconv.Itoa(MaxAlerts) + " alerts")
	// ErrClosed: what was asked for is not done to a closed incident.
	ErrClosed = errors.New("the incident is closed: reopen it first")

	ErrAttachment = errors.New("the incident has no such attachment")
	// ErrNoRoom: the incident or the account has as many attachments as it may.
	ErrNoRoom = errors.New("an incident has at most " + strconv.Itoa(MaxAttachments) + " attachments, and those of an account at most 1 GiB together")

	ErrRuleNotFound = errors.New("there is no such incident rule in this account")
	ErrNameTaken    = errors.New("another incident rule has this name")
	// ErrRulesFull: the account has MaxRules rules.
	ErrRulesFull = errors.New("the account has as many incident rules as it may have")
)

// Number is an incident's number as people and events say it: "INC-1042".
func Number(n int64) string { return "INC-" + strconv.FormatInt(n, 10) }

// ParseNumber reads "INC-1042" in any letter case, or "1042"; 0 for anything else.
func ParseNumber(text string) int64 {
	if len(text) > 4 && (text[0]|0x20) == 'i' && (text[1]|0x20) == 'n' && (text[2]|0x20) == 'c' && text[3] == '-' {
		text = text[4:]
	}
	return event.IncidentNumber("INC-" + text)
}

// minTime bounds what a caller may give as a time, so that it fits the store.
var minTime = time.Unix(0, 0)
