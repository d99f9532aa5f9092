// Package config holds the settings of one process: what they are called, what they mean, and where they come from.
//
// Every setting is declared once, in declare.go. The same declaration gives the default, reads the file, the
// environment and the command line (later ones win), checks the value, prints it, and writes docs/configuration.md.
package config

import (
	"log/slog"
	"net/netip"
	"time"

	"github.com/tocsin-hub/tocsin/internal/form"
)

// Config is the settings of one process. Load gives one that has passed every check; Default gives the defaults.
type Config struct {
	// Listen is the address of the HTTP server, host:port. Port 0 lets the system choose.
	Listen string
	// DataDir holds the journal, the store and the key file.
	DataDir string
	// PublicURL is where people reach this hub, without a trailing slash; empty when not configured.
	PublicURL string
	// AdminKey is automation's first admin key, at least MinAdminKey characters; empty when not given.
	AdminKey form.Secret
	// TrustedProxies may name the client in X-Forwarded-For; nobody else is believed.
	TrustedProxies []netip.Prefix

	Log      Log
	TLS      TLS
	Timeouts Timeouts
	Ingest   Ingest
	Journal  Journal
	Egress   Egress
	Ledger   Ledger
	Alerts   Alerts
	Mailbox  Mailbox
	Recent   Recent
	Limits   Limits
	Plans    Plans
	Keys     Keys
	Sessions Sessions
	Secrets  Secrets
	Audit    Audit
	Metrics  Metrics
	OTLP     OTLP
	Syslog   Syslog
	Response Response

	origins  map[string]string
	warnings []string
}

// Log says what is logged, and how.
type Log struct {
	Level  slog.Level
	Format string // "text" or "json"
}

// OTLP says where traces go.
type OTLP struct {
	// Endpoint is the collector's base URL; empty: no traces are made.
	Endpoint string
	// Headers are sent to the collector; their values may be credentials.
	Headers map[string]form.Secret
	// Sample is the share of the requests that are traced, 0 to 1.
	Sample float64
}

// TLS names the PEM files of the server's certificate and key; both empty means plain HTTP.
type TLS struct {
	Cert string
	Key  string
}

// Timeouts of the HTTP server.
type Timeouts struct {
	Read     time.Duration // one whole request
	Header   time.Duration // a request's header
	Idle     time.Duration // a kept-alive connection without a request
	Shutdown time.Duration // finishing what is in flight after a signal
}

// Ingest bounds what one request, and one event in it, may be.
type Ingest struct {
	MaxWireBytes     int64 // as received
	MaxInflatedBytes int64 // after decompression
	MaxRatio         int   // inflated to wire
	MaxInFlightBytes int64 // of all requests together
	MaxEvents        int   // per request
	MaxDepth         int   // of nesting in one event
	MaxKeys          int   // object members in one event, all levels together
	MaxStringBytes   int64 // of one string
}

// Journal bounds the log of frames.
type Journal struct {
	MaxBytes     int64
	MaxAge       time.Duration
	AccountQuota int64 // bytes an account may hold; 0 is no quota
	SegmentBytes int64
	BallastBytes int64 // preallocated, freed when the disk is low
}

// Egress is how connectors reach the outside. It is the operator's only.
type Egress struct {
	// Allow lists networks that may be reached although they are not public.
	Allow []netip.Prefix
	// Proxy is what outgoing HTTP goes through; empty is none. HTTP_PROXY and its like are never looked at.
	Proxy form.Secret // it may hold a password
	// Bind holds the local addresses that connections leave from, one for IPv4 and one for IPv6 at most.
	Bind []netip.Addr
	// Addresses are what receivers see, to be shown to those who look after their firewalls.
	Addresses []netip.Prefix
}

// Limits bound what one client address may ask for. 0 is no limit.
type Limits struct {
	AddressPerMinute  int // requests of one address
	FailuresPerMinute int // failed authentications of one address
	Connections       int // of all clients at a time
}

// Plans names the file that replaces the matrix of plans; empty for the built-in one.
type Plans struct{ File string }

// Keys says which API keys are taken.
type Keys struct {
	RefuseTest bool // test keys are refused
}

// Sessions bound how long somebody stays signed in.
type Sessions struct {
	Idle    time.Duration // without a request
	Longest time.Duration // in any case
}

// Secrets says what seals secrets, and which references settings may hold.
type Secrets struct {
	// Key and KeyPrevious are sealing keys given in the environment instead of the key file.
	Key, KeyPrevious form.Secret
	// AgeIdentity is the file of the age identity that opens secret.key.age.
	AgeIdentity string
	// References says who may use env:NAME and file:/path: "off", "operator" or "all".
	References string
	// Files lists the folders that file: may name, Env the names (with * at the end) that env: may; empty: any.
	Files, Env []string
}

// Metrics says who may read /metrics without a key.
type Metrics struct {
	Allow []netip.Prefix
}

// Audit bounds the audit record.
type Audit struct {
	MaxAge  time.Duration
	Forward bool // every act becomes an event audit.*, too
}

// Ledger bounds the recorded attempts.
type Ledger struct {
	MaxAge   time.Duration
	MaxBytes int64
}

// Alerts bounds the queue of alerts.
type Alerts struct {
	MaxAge time.Duration // of resolved ones, counted from then
}

// Response bounds what is blocked. It is the operator's only.
type Response struct {
	// NeverBlock are ranges that no block of any account touches, with the reasons.
	NeverBlock map[netip.Prefix]string
}

// Mailbox bounds the failure mailbox.
type Mailbox struct {
	MaxAge time.Duration // counted from entry
}

// Recent bounds the index that lists recent events.
type Recent struct {
	Events int
}

// MinAdminKey is the least length of the admin key, in characters.
const MinAdminKey = 24

// MinSealingKey is the least length of a sealing key as text, in characters: 32 bytes as base64 without padding.
const MinSealingKey = 43

// Default gives the settings of a process that was told nothing.
func Default() Config {
	var c Config
	if errs := c.apply(nil); len(errs) > 0 {
		panic("config: a default fails its own check: " + errs[0].Error())
	}
	return c
}

// Warnings lists what was accepted but is probably a mistake, one sentence each.
func (c *Config) Warnings() []string { return c.warnings }
