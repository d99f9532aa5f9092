// Package failpoint names the moments at which losing the process hurts most, so that the torture can end it there.
//
// In an ordinary build [Hit] is an empty function that the compiler inlines away. Built with the tag "failpoint" it
// reads TOCSIN_FAILPOINTS once and does what that says, a list of name=action[@when] with semicolons between:
//
//	journal-after-write=kill@3;ingest-decoded=sleep:200ms@0.01
//
// The actions are kill (SIGKILL to the own process, as a power cut would), sleep:DURATION and, at the points of the disk,
// error:EIO and error:ENOSPC. When is a whole number n for the n-th hit only, a fraction between 0 and 1 for that
// probability at each hit, or left out for every hit.
//
// Such a build can also be given another name server and a wrong clock; see [EnvDNS] and [EnvClock].
package failpoint

// The environment variables that a build with the tag "failpoint" reads.
const (
	// Env holds what to do at the failpoints.
	Env = "TOCSIN_FAILPOINTS"
	// EnvDNS names the name server to ask, host:port over UDP, instead of the system's.
	EnvDNS = "TOCSIN_FAILPOINT_DNS"
	// EnvClock names a file that holds by how much the wall clock is wrong, as a Go duration. It is read once at the
	// start and after each SIGUSR1. Only a build with the tag "failpointclock" has it; see [harness.Build].
	EnvClock = "TOCSIN_FAILPOINT_CLOCK"
)

// The failpoints, in the order in which an event meets them.
const (
	IngestDecoded      = "ingest-decoded"       // a request is decoded, nothing is appended yet
	JournalBeforeWrite = "journal-before-write" // a frame is built, nothing is written yet
	JournalMidWrite    = "journal-mid-write"    // half of a frame is written
	JournalAfterWrite  = "journal-after-write"  // a frame is written; where the driver syncs within, the same as after-sync
	JournalAfterSync   = "journal-after-sync"   // a frame is durable, nobody knows yet
	IngestBeforeAnswer = "ingest-before-answer" // the request is durable, its 202 is not written yet
	SegmentRotate      = "segment-rotate"       // the journal begins a new segment
	JournalTrim        = "journal-trim"         // old frames are about to be let go of
	TailRouted         = "tail-routed"          // a frame is matched and handed to the lanes
	DeliverInFlight    = "deliver-in-flight"    // a request to a receiver is about to leave
	DeliverAnswered    = "deliver-answered"     // the receiver said 2xx, nothing is settled yet
	SettleBeforeCommit = "settle-before-commit" // a tick is built, its transaction has not begun
	SettleAfterCommit  = "settle-after-commit"  // a tick is durable, memory does not know yet
	ParkBeforeCommit   = "park-before-commit"   // a tick that parks deliveries is about to be committed
	ReplayStep         = "replay-step"          // a replay job is about to take its next deliveries
)

// The points of the disk: [Fault] is called there instead of [Hit], before what the name says is done.
const (
	DiskWrite = "disk-write" // bytes are written to a file of the journal
	DiskSync  = "disk-sync"  // a file of the journal is made durable
)

// Disk lists the points of the disk.
var Disk = []string{DiskWrite, DiskSync}

// The points of a reconciler, between each pair of its steps.
const (
	RespondSnapshot = "respond-snapshot"  // what the vendor holds was read, nothing is decided
	RespondIntents  = "respond-intents"   // what is about to be asked for is durable, the vendor was not asked
	RespondChanged  = "respond-changed"   // the vendor has answered, nothing of that is durable
	RespondResults  = "respond-results"   // what the vendor answered is durable, it was not read back
	RespondReadBack = "respond-read-back" // it was read back, nothing of that is durable
	RespondVerified = "respond-verified"  // what was read back is durable
)

// Respond lists the points of a reconciler. They are not among Names, as a torture without a responder never comes there.
var Respond = []string{RespondSnapshot, RespondIntents, RespondChanged, RespondResults, RespondReadBack, RespondVerified}

// Names lists the failpoints of an event's way. Hit may be called with no other name but those of Respond.
var Names = []string{
	IngestDecoded, JournalBeforeWrite, JournalMidWrite, JournalAfterWrite, JournalAfterSync, IngestBeforeAnswer, SegmentRotate,
	JournalTrim, TailRouted, DeliverInFlight, DeliverAnswered, SettleBeforeCommit, SettleAfterCommit,
	ParkBeforeCommit, ReplayStep,
}
