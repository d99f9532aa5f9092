// Package storetest is what every driver of the store must prove. A driver's test calls [Run].
package storetest

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/journal"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Place is where one test's data lives. Each call opens it again and finds what earlier ones stored.
type Place func() (store.Store, error)

// Run proves a driver. fresh gives an empty place each time.
func Run(t *testing.T, fresh func(t *testing.T) Place) {
	t.Helper()
	for _, part := range []struct {
		name string
		test func(t *testing.T, s *suite)
	}{
		{"Meta", testMeta},
		{"IntegrationRoundTrip", testIntegrationRoundTrip},
		{"IntegrationVersions", testIntegrationVersions},
		{"IntegrationNames", testIntegrationNames},
		{"IntegrationList", testIntegrationList},
		{"Sources", testSources},
		{"SourceVersions", testSourceVersions},
		{"SourceNames", testSourceNames},
		{"SourceList", testSourceList},
		{"SourceUse", testSourceUse},
		{"Accounts", testAccounts},
		{"AccountVersions", testAccountVersions},
		{"AccountNames", testAccountNames},
		{"Projects", testProjects},
		{"ProjectNames", testProjectNames},
		{"ProjectList", testProjectList},
		{"MappingRules", testMappingRules},
		{"Digests", testDigests},
		{"MappingRuleList", testMappingRuleList},
		{"Incidents", testIncidents},
		{"IncidentWrites", testIncidentWrites},
		{"IncidentLinks", testIncidentLinks},
		{"IncidentList", testIncidentList},
		{"Attachments", testAttachments},
		{"IncidentRules", testIncidentRules},
		{"Silences", testSilences},
		{"Blocks", testBlocks},
		{"BlocksAreUnique", testBlocksAreUnique},
		{"BlockPlacements", testBlockPlacements},
		{"BlockWritesAreAtomic", testBlockWritesAreAtomic},
		{"BlocksTell", testBlocksTell},
		{"BlockSteps", testBlockSteps},
		{"BlocksDue", testBlocksDue},
		{"BlocksActivated", testBlocksActivated},
		{"BlocksPrune", testBlocksPrune},
		{"BlockCounts", testBlockCounts},
		{"BlocksHostile", testBlocksHostile},
		{"BlockList", testBlockList},
		{"BlockFilters", testBlockFilters},
		{"Responder", testResponder},
		{"ResponsePolicies", testResponsePolicies},
		{"Protected", testProtected},
		{"ResponseRules", testResponseRules},
		{"RuleHits", testRuleHits},
		{"Suppressed", testSuppressed},
		{"Remembered", testRemembered},
		{"Usage", testUsage},
		{"UsageLatest", testUsageLatest},
		{"Keys", testKeys},
		{"KeyRevocation", testKeyRevocation},
		{"KeyTouch", testKeyTouch},
		{"KeyList", testKeyList},
		{"KeyRotation", testKeyRotation},
		{"Users", testUsers},
		{"UserVersions", testUserVersions},
		{"UserEmails", testUserEmails},
		{"UserList", testUserList},
		{"UserOwners", testUserOwners},
		{"UserWith", testUserWith},
		{"UserWithIsAtomic", testUserWithIsAtomic},
		{"UsersSealed", testUsersSealed},
		{"Sessions", testSessions},
		{"SessionsRecent", testSessionsRecent},
		{"SessionsEnd", testSessionsEnd},
		{"SessionsAreBounded", testSessionsAreBounded},
		{"SessionsPrune", testSessionsPrune},
		{"Links", testLinks},
		{"LinksPrune", testLinksPrune},
		{"Jobs", testJobs},
		{"JobList", testJobList},
		{"Pulses", testPulses},
		{"Runs", testRuns},
		{"RunsAreAtomic", testRunsAreAtomic},
		{"TailAndLanes", testTailAndLanes},
		{"TickIsAtomic", testTickIsAtomic},
		{"TickTwice", testTickTwice},
		{"TickOfManyRows", testTickOfManyRows},
		{"TickCancelled", testTickCancelled},
		{"Parked", testParked},
		{"ParkedTitles", testParkedTitles},
		{"ParkedKeepsRecord", testParkedKeepsRecord},
		{"ParkedFilters", testParkedFilters},
		{"ParkedCauses", testParkedCauses},
		{"ParkedList", testParkedList},
		{"ParkedPrune", testParkedPrune},
		{"Attempts", testAttempts},
		{"AttemptList", testAttemptList},
		{"Packs", testPacks},
		{"PackRanges", testPackRanges},
		{"PackList", testPackList},
		{"LedgerPruneByAge", testLedgerPruneByAge},
		{"LedgerPruneByBytes", testLedgerPruneByBytes},
		{"Idempotency", testIdempotency},
		{"IdempotencyForgets", testIdempotencyForgets},
		{"OutboxWithIntegration", testOutboxWithIntegration},
		{"OutboxWithTick", testOutboxWithTick},
		{"OutboxOrder", testOutboxOrder},
		{"OutboxDelete", testOutboxDelete},
		{"Audit", testAudit},
		{"AuditSays", testAuditSays},
		{"AuditFilters", testAuditFilters},
		{"AuditList", testAuditList},
		{"AuditSpan", testAuditSpan},
		{"AuditPrune", testAuditPrune},
		{"States", testStates},
		{"StateAdd", testStateAdd},
		{"StatesAreBounded", testStatesAreBounded},
		{"StatesPrune", testStatesPrune},
		{"Tickets", testTickets},
		{"TicketsAreUnique", testTicketsAreUnique},
		{"TicketList", testTicketList},
		{"ForgetIntegration", testForgetIntegration},
		{"Folds", testFolds},
		{"FoldIsAtomic", testFoldIsAtomic},
		{"AlertChanges", testAlertChanges},
		{"AlertEntries", testAlertEntries},
		{"AlertList", testAlertList},
		{"AlertFilters", testAlertFilters},
		{"AlertFacets", testAlertFacets},
		{"AlertSearchIsHarmless", testAlertSearchIsHarmless},
		{"AlertCounts", testAlertCounts},
		{"AlertsPrune", testAlertsPrune},
		{"Cursors", testCursors},
		{"PageLimits", testPageLimits},
		{"Reopen", testReopen},
		{"Concurrent", testConcurrent},
		{"HostileText", testHostileText},
		{"Invalid", testInvalid},
		{"Closed", testClosed},
	} {
		t.Run(part.name, func(t *testing.T) {
			t.Parallel()
			s := &suite{place: fresh(t), ctx: t.Context()}
			s.open(t)
			t.Cleanup(func() { _ = s.Close() })
			part.test(t, s)
		})
	}
}

// suite is an open store and what the tests do with it again and again.
type suite struct {
	store.Store
	place Place
	ctx   context.Context
}

func (s *suite) open(t *testing.T) {
	t.Helper()
	var err error
	if s.Store, err = s.place(); err != nil {
		t.Fatalf("opening the store: %v", err)
	}
}

func (s *suite) reopen(t *testing.T) {
	t.Helper()
	must(t, s.Close())
	s.open(t)
}

func (s *suite) tick(t *testing.T, tick store.Tick) {
	t.Helper()
	must(t, s.SaveTick(s.ctx, tick))
}

// Two accounts, so that each test can look for one's rows with the other's name.
const (
	acme  event.Account = "acme"
	other event.Account = "other"
)

// base is a time with microseconds, and not a round one.
var base = time.Date(2026, 3, 29, 0, 59, 59, 123456000, time.UTC)

// at is the n-th second after base.
func at(n int) time.Time { return base.Add(time.Duration(n) * time.Second) }

// pos is a position in frame n of the first epoch.
func pos(n uint64) journal.Position { return journal.Position{Epoch: 1, Frame: n, Item: 3} }

// newIDs gives ids in their order.
func newIDs(n int) []event.ID {
	block := event.NewIDs(n)
	ids := make([]event.ID, n)
	for i := range ids {
		ids[i] = block.At(i)
	}
	return ids
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantErr(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("%s: error is %v, want %v", what, err, want)
	}
}

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateComparable(netip.Prefix{})); diff != "" {
		t.Fatalf("%s (-want +got):\n%s", what, diff)
	}
}

// lister reads one page.
type lister[T any] func(p store.Page) (list []T, next string, err error)

// walk reads all pages of a list, calling between (if not nil) after each page.
func walk[T any](t *testing.T, limit int, list lister[T], between func(page int)) (all []T) {
	t.Helper()
	p := store.Page{Limit: limit}
	for n := 0; ; n++ {
		rows, next, err := list(p)
		must(t, err)
		if len(rows) > limit {
			t.Fatalf("a page of %d holds %d rows", limit, len(rows))
		}
		all = append(all, rows...)
		if next == "" {
			return all
		}
		if len(rows) != limit {
			t.Fatalf("page %d holds %d rows of %d and is not the last", n, len(rows), limit)
		}
		if between != nil {
			between(n)
		}
		p.After = next
	}
}

// checkWalk walks with several page sizes and compares with the whole list; then it inserts while walking and wants
// each of the first rows exactly once.
func checkWalk[T any](t *testing.T, list lister[T], key func(T) string, want []string, insert func(n int)) {
	t.Helper()
	keys := func(rows []T) []string {
		out := make([]string, len(rows))
		for i, r := range rows {
			out[i] = key(r)
		}
		return out
	}
	for _, limit := range []int{1, 2, 3, 7, store.MaxPage} {
		same(t, fmt.Sprintf("walk by %d", limit), keys(walk(t, limit, list, nil)), want)
	}
	seen := make(map[string]int)
	for _, k := range keys(walk(t, 3, list, insert)) {
		seen[k]++
	}
	for k, n := range seen {
		if n > 1 {
			t.Errorf("a walk during inserts met %s %d times", k, n)
		}
	}
	for _, k := range want {
		if seen[k] == 0 {
			t.Errorf("a walk during inserts missed %s", k)
		}
	}
}
