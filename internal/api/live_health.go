package api

import "time"

// StreamHealth is the data of a stream's message health: how the account does at this moment. What the caller may not read
// is absent.
type StreamHealth struct {
	At                 time.Time `json:"at" doc:"When that was."`
	ReceivedPerSecond  float64   `json:"received_per_second" doc:"Events a second, over the last ten to twenty seconds." example:"12.4"`
	DeliveredPerSecond float64   `json:"delivered_per_second" doc:"Deliveries that succeed a second, over the same time." example:"37.1"`
	Backlog            uint64    `json:"backlog" doc:"What waits, is parked or is still to be read."`
	Mailbox            uint64    `json:"mailbox" doc:"What is in the mailbox."`
	Failing            int       `json:"failing" doc:"Integrations that fail: their breaker is open, or their last attempt failed and something waits."`
	AlertsOpen         *int      `json:"alerts_open,omitempty" doc:"Alerts that are open; with alerts:read."`
	IncidentsOpen      *int      `json:"incidents_open,omitempty" doc:"Incidents that are not closed; with incidents:read."`
	BlocksActive       *int      `json:"blocks_active,omitempty" doc:"Blocks that are active; with blocks:read."`
	BlocksPending      *int      `json:"blocks_pending,omitempty" doc:"Blocks that wait for approval; with blocks:read."`
	JournalOK          bool      `json:"journal_ok" doc:"Whether the hub takes events."`
}
