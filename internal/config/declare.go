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

	d.group("TLS and proxies")
	d.path(&c.TLS.Cert, "tls.cert", "", "PEM file of the server's certificate chain. Empty: plain HTTP.")
	d.path(&c.TLS.Key, "tls.key", "", "PEM file of the certificate's private key.")
	d.prefixes(&c.TrustedProxies, "trusted_proxies", "",
		"Networks of the proxies in front of the hub: only their X-Forwarded-For is believed.")

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
		"Private or special networks that connectors may reach all the same. Everything public is always allowed.")

	d.group("Retention")
	d.duration(&c.Ledger.MaxAge, "ledger.max_age", "168h", time.Minute, 10*365*24*time.Hour,
		"Forget recorded attempts that are older than this.")
	d.size(&c.Ledger.MaxBytes, "ledger.max_bytes", "2GiB", mib, 1<<50,
		"Forget the oldest recorded attempts above this size.")
	d.duration(&c.Mailbox.MaxAge, "mailbox.max_age", "720h", time.Minute, 10*365*24*time.Hour,
		"Expire what has been in the mailbox for longer than this, counted from entry.")
	d.number(&c.Recent.Events, "recent.events", "10000", 100, 1_000_000,
		"How many of the latest events can be listed and filtered.")
}
