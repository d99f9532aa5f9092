package connector

import "time"

// The periods of a digest.
const (
	Daily  = "daily"
	Weekly = "weekly"
)

// DigestSchedule says when an instance wants a digest: an event of type event.TypeDigest with "data.digest", which the hub
// makes and gives to this integration alone.
type DigestSchedule struct {
	Period  string       // Daily or Weekly
	Weekday time.Weekday // of Weekly
	// At is the local time of the day, "07:00".
	At string
	// Timezone is a name of the IANA database, "Europe/Berlin"; empty is UTC.
	Timezone string
}

// Digester is implemented by an instance whose settings ask for digests.
type Digester interface {
	Digests() []DigestSchedule
}
