package splunk

import (
	"time"

	"github.com/tocsin-hub/tocsin/internal/form"
)

// The values of the setting ack.
const (
	ackOff = "off"
	ackOn  = "on"
)

// Defaults and limits of acknowledgement.
const (
	defaultAckInterval = 10 * time.Second
	// defaultAckTimeout is below the ten minutes after which Splunk forgets a channel that nobody uses.
	defaultAckTimeout = 5 * time.Minute
	maxAckTimeout     = 30 * time.Minute
)

// ackSettings are those of indexer acknowledgement.
type ackSettings struct {
	Mode     string
	Interval time.Duration
	Timeout  time.Duration
}

func (s *ackSettings) fields(f *form.Set) {
	f.Choice("ack", &s.Mode, "Indexer acknowledgement", []string{ackOff, ackOn}, form.Default(ackOff), form.Group("Acknowledgement"),
		form.Help("on: a delivery counts only when Splunk has indexed it. The token must have indexer acknowledgement enabled."))
	f.Duration("ack_interval", &s.Interval, "Longest pause between questions", form.Default(defaultAckInterval),
		form.Min(100*time.Millisecond), form.Max(time.Minute), form.Group("Acknowledgement"), form.Advanced(),
		form.Help("A batch is asked for after 250 ms first, and then less and less often."))
	f.Duration("ack_timeout", &s.Timeout, "Acknowledgement timeout", form.Default(defaultAckTimeout),
		form.Min(time.Second), form.Max(maxAckTimeout), form.Group("Acknowledgement"), form.Advanced(),
		form.Help("After it, a batch counts as lost and is sent again."))
}

func (s *ackSettings) check(errs *form.Errors) {
	if s.Interval > s.Timeout {
		errs.Add("ack_interval", "must not be longer than ack_timeout")
	}
}
