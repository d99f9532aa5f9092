package connector

import (
	"context"
	"sync"
	"time"
)

// Allowance is how many requests a vendor allows. Of a bucket with Burst at the beginning that fills by PerSecond, at most
// Burst + PerSecond × t requests are taken within any t seconds. Both must be above 0.
type Allowance struct {
	PerSecond float64
	Burst     int
}

// Allowances share the requests that vendors allow for a credential, or an account over there, among all instances of the
// process: lanes that send, responders that block, tests and plans.
type Allowances struct {
	// Since is when the process began. What one before it has taken is not known, so that every bucket is empty then. Zero:
	// nobody has taken anything.
	Since time.Time

	mu sync.Mutex
	by map[string]*allowance
}

// maxAllowances bounds how many are remembered; those that are full again are forgotten first.
const maxAllowances = 10_000

// Take waits until one more request is allowed under key, or for the end of ctx, whose cause is the error then. Who comes
// first goes first. When it would take longer than ctx allows it says so at once, with an error that is Throttled. A nil
// Allowances allows everything.
func (a *Allowances) Take(ctx context.Context, key string, of Allowance) error {
	if a == nil {
		return nil
	}
	return a.take(ctx, key, of)
}

// Pause lets nobody take under key for a time, because the vendor asked for it; those who wait already wait longer. A
// shorter pause does not end a longer one.
func (a *Allowances) Pause(key string, of Allowance, d time.Duration) {
	if a != nil {
		a.pause(key, of, d)
	}
}

// Allow waits for one more request of the integration's credential; see [Allowances.Take]. Name tells apart what one
// credential is allowed, such as "update us-east-1"; who shares it gives the same credential, which is hashed and not kept.
func (e *Env) Allow(ctx context.Context, credential, name string, of Allowance) error {
	return e.Allowances.Take(ctx, allowanceKey(e.Account, credential, name), of)
}

// AskedToPause notes that the vendor asked for a pause of that credential.
func (e *Env) AskedToPause(credential, name string, of Allowance, d time.Duration) {
	e.Allowances.Pause(allowanceKey(e.Account, credential, name), of, d)
}
