package config

import (
	"time"
)

const (
	kib = 1 << 10
	mib = 1 << 20
	gib = 1 << 30
)

// declare names every setting. It is the only place that does.
func (c *Config) declare(d *declarer) {
	d.group("Where")
	d.address(&c.Listen, "listen", "127.0.0.1:8080",
		"Address of the HTTP server (API, ingest, metrics). Port 0 takes any free one.")
	d.path(&c.DataDir, "data_dir", "./data",
		"Directory of the journal, the store and the key file. One process per directory.")
	d.url(&c.PublicURL, "public_url", "",
		"Where people reach this hub, for links in what it sends: `https://tocsin.example.com`.")
	d.secret(&c.AdminKey, "admin_key", MinAdminKey,
		"The first admin key, for automation; set it in the environment rather than in a file. "+
			"Without it the first start makes one and prints it once.")

	d.group("Logs")
	d.level(&c.Log.Level, "log.level", "info", "Least level that is logged.")
	d.choice(&c.Log.Format, "log.format", "text", []string{"text", "json"}, "Format of the logs on standard error.")

	d.group("Traces")
	d.url(&c.OTLP.Endpoint, "otlp.endpoint", "",
		"OpenTelemetry collector that takes traces over OTLP/HTTP: `http://localhost:4318`. Empty: no traces.")
	d.headers(&c.OTLP.Headers, "otlp.headers",
		"Headers for the collector, such as `Authorization=Bearer TOKEN`; several with commas between.")
	d.share(&c.OTLP.Sample, "otlp.sample", "1",
		"Share of the requests that are traced, 0 to 1. Where a sender decided (traceparent), its decision stands.")

	d.group("TLS and proxies")
	d.path(&c.TLS.Cert, "tls.cert", "", "PEM file of the server's certificate chain. Empty: plain HTTP.")
	d.path(&c.TLS.Key, "tls.key", "", "PEM file of the certificate's private key.")
	d.prefixes(&c.TrustedProxies, "trusted_proxies", "",
		"Networks of the proxies in front of the hub: only their X-Forwarded-For is believed.")

	d.prefixes(&c.Metrics.Allow, "metrics.allow", "127.0.0.0/8,::1/128",
		"Networks that may read `/metrics` without a key. Others need an administrator's key of the account `default`.")

	d.group("Timeouts")
	d.duration(&c.Timeouts.Read, "timeouts.read", "30s", time.Second, time.Hour, "Longest time to read one request.")
	d.duration(&c.Timeouts.Header, "timeouts.header", "5s", 100*time.Millisecond, time.Minute,
		"Longest time to read a request's header.")
	d.duration(&c.Timeouts.Idle, "timeouts.idle", "2m", time.Second, time.Hour,
		"How long a kept-alive connection may wait for its next request.")
	d.duration(&c.Timeouts.Shutdown, "timeouts.shutdown", "20s", time.Second, 10*time.Minute,
		"How long a stop waits for what is in flight.")

	d.group("Ingest limits")
	d.size(&c.Ingest.MaxWireBytes, "ingest.max_wire_bytes", "10MiB", kib, gib, "Largest request body as received.")
	d.size(&c.Ingest.MaxInflatedBytes, "ingest.max_inflated_bytes", "32MiB", kib, gib,
		"Largest request body after decompression.")
	d.number(&c.Ingest.MaxRatio, "ingest.max_ratio", "200", 2, 10_000, "Largest ratio of inflated to received bytes.")
	d.size(&c.Ingest.MaxInFlightBytes, "ingest.max_in_flight_bytes", "64MiB", mib, 16*gib,
		"Bodies of all requests being served, together; above it senders are answered 503.")
	d.number(&c.Ingest.MaxEvents, "ingest.max_events", "10000", 1, 100_000, "Most events in one request.")
	d.number(&c.Ingest.MaxDepth, "ingest.max_depth", "64", 4, 1000, "Deepest nesting in one event.")
	d.number(&c.Ingest.MaxKeys, "ingest.max_keys", "10000", 16, 100_000,
		"Most object members in one event, all levels together.")
	d.size(&c.Ingest.MaxStringBytes, "ingest.max_string_bytes", "256KiB", kib, 512*kib, "Longest string in one event.")

	c.declareSyslog(d)

	d.group("Journal")
	d.size(&c.Journal.MaxBytes, "journal.max_bytes", "50GiB", 64*mib, 1<<50, "Trim the oldest events above this size.")
	d.duration(&c.Journal.MaxAge, "journal.max_age", "168h", time.Minute, 10*365*24*time.Hour,
		"Trim events that are older than this.")
	d.optionalSize(&c.Journal.AccountQuota, "journal.account_quota", mib, 1<<50,
		"Bytes that one account may hold in the journal; above it that account is answered 429.")
	d.size(&c.Journal.SegmentBytes, "journal.segment_bytes", "64MiB", mib, gib,
		"Size of the journal's files; trimming frees whole files.")
	d.optionalSizeWith(&c.Journal.BallastBytes, "journal.ballast_bytes", "64MiB", mib, 16*gib,
		"File that is kept in reserve and freed when the disk is low, so that settling can go on.")

	d.group("Egress")
	d.prefixes(&c.Egress.Allow, "egress.allow", "",
		"Private or special networks that connectors may reach all the same. Everything public is always allowed; a cloud's metadata address is only when it is named by itself.")
	d.proxy(&c.Egress.Proxy, "egress.proxy",
		"URL of the HTTP proxy for what connectors send, with its name and password if it wants them. HTTP_PROXY and its like are ignored. Through a proxy the hub can check only what a name resolves to here.")
	d.addresses(&c.Egress.Bind, "egress.bind", "",
		"Local addresses that connections leave from: at most one for IPv4 and one for IPv6.")
	d.prefixes(&c.Egress.Addresses, "egress.addresses", "",
		"The addresses that receivers see, for their firewalls; shown at /api/v1/egress-addresses and in the console.")

	d.group("Response")
	d.reasons(&c.Response.NeverBlock, "response.never_block",
		"Ranges that no block of any account ever touches, each with its reason: `198.51.100.0/24 The office, 203.0.113.7 Our proxy`. Private, special, Cloudflare's and public resolvers' ranges and the hub's own addresses are exempt anyway.")

	d.group("Limits and plans")
	d.count(&c.Limits.AddressPerMinute, "limits.address_per_minute", off, 1, 10_000_000,
		"Most requests a minute from one client address (an IPv6 /64 counts as one).")
	d.count(&c.Limits.FailuresPerMinute, "limits.failures_per_minute", "120", 5, 1_000_000,
		"Most failed authentications a minute from one client address, before it is refused unheard for a while.")
	d.number(&c.Limits.Connections, "limits.connections", "8192", 16, 1_000_000,
		"Most connections of clients at a time, and never more than half of the files that the process may open. Further ones wait to be accepted.")
	d.path(&c.Plans.File, "plans.file", "", "JSON file that replaces the built-in matrix of plans (`tocsin plans` prints it).")

	d.group("Keys and sessions")
	d.flag(&c.Keys.RefuseTest, "keys.refuse_test", "false", "Refuse test keys (tsk_test_…): for a hub in production.")
	d.duration(&c.Sessions.Idle, "sessions.idle", "12h", time.Minute, 30*24*time.Hour,
		"A person is signed out after so long without a request.")
	d.duration(&c.Sessions.Longest, "sessions.longest", "168h", 5*time.Minute, 90*24*time.Hour,
		"A person is signed out after so long in any case.")

	d.group("Secrets")
	d.secret(&c.Secrets.Key, "secret_key", MinSealingKey,
		"Key that seals secrets at rest, instead of the file `secret.key`: 32 bytes as base64, from `tocsin secrets new-key --bare`. Set it in the environment.")
	d.secret(&c.Secrets.KeyPrevious, "secret_key_previous", MinSealingKey,
		"The key before that one, until `tocsin secrets rotate` has sealed everything anew.")
	d.path(&c.Secrets.AgeIdentity, "age_identity", "",
		"File of the age identity that opens `secret.key.age` in the data directory.")
	d.choice(&c.Secrets.References, "secrets.references", "operator", []string{"off", "operator", "all"},
		"Who may write `env:NAME` or `file:/path` for a secret: nobody, administrators of the account `default`, or administrators of every account.")
	d.words(&c.Secrets.Files, "secrets.files", "Folders that `file:` references may point into; empty: any.")
	d.words(&c.Secrets.Env, "secrets.env", "Variables that `env:` references may name, `*` at the end for any ending; empty: any but TOCSIN_*.")

	d.group("Retention")
	d.duration(&c.Ledger.MaxAge, "ledger.max_age", "168h", time.Minute, 10*365*24*time.Hour,
		"Forget recorded attempts that are older than this.")
	d.size(&c.Ledger.MaxBytes, "ledger.max_bytes", "2GiB", mib, 1<<50,
		"Forget the oldest recorded attempts above this size.")
	d.duration(&c.Mailbox.MaxAge, "mailbox.max_age", "720h", time.Minute, 10*365*24*time.Hour,
		"Expire what has been in the mailbox for longer than this, counted from entry.")
	d.duration(&c.Alerts.MaxAge, "alerts.max_age", "8760h", time.Hour, 20*365*24*time.Hour,
		"Forget alerts that were resolved longer ago than this, with their history. One under an incident stays.")
	d.duration(&c.Audit.MaxAge, "audit.max_age", "9600h", 24*time.Hour, 20*365*24*time.Hour,
		"Forget audit entries that are older than this.")
	d.flag(&c.Audit.Forward, "audit.forward", "false",
		"Make every audited act an event `audit.*`, too, for integrations that name it.")
	d.number(&c.Recent.Events, "recent.events", "10000", 100, 1_000_000,
		"How many of the latest events can be listed and filtered.")
}
