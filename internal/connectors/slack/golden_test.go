package slack

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"strings"
	"testing"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/connectortest"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/event/card"
)

const goldenAlert = `{"type":"alert.created","time":"2026-11-20T11:59:58Z","severity":"critical",
	"title":"57 failed logins for alice@example.com from 203.0.113.7, then one that worked",
	"description":"Password guessing against one account ended in a successful login from the same address.",
	"project":"production-api","alert_type":"brute_force","dedup_key":"brute_force/203.0.113.7/alice@example.com","endpoint":"/v1/login",
	"incident":"INC-1042","rule":{"id":"auth-017","name":"Failed logins followed by success"},"mitre":["T1110.001","T1078"],"risk_score":84,"status":"open",
	"actor":"alice@example.com","entities":[{"type":"ip","value":"203.0.113.7","role":"source","observed":true},
	{"type":"user","value":"alice@example.com","role":"target"},{"type":"host","value":"web-1.example.com","role":"target","observed":true}],
	"geo":{"country":"Netherlands","country_code":"NL","city":"Amsterdam"},"network":{"asn":64500,"isp":"Example Hosting","is_tor":false,"is_vpn":true},
	"tags":["auth","brute-force"],"tlp":"AMBER","url":"https://console.example.com/alerts/20931",
	"source":{"vendor":"example","product":"identity","instance":"eu-1","id":"a-20931"},
	"data":{"kill_chain_phase":"Credential access","recommended_action":"Lock the account and end its sessions."}}`

const goldenRunbook = `{"type":"incident.updated","time":"2026-11-20T12:10:00Z","severity":"high","title":"account takeover of alice@example.com",
	"incident":"INC-1042","status":"active","actor":"dana@example.com","project":"production-api",
	"data":{"incident":{"number":"INC-1042","status":"active","severity":"high","owner":"dana@example.com","alerts":3},
	"change":{"verb":"acknowledge","by":"dana@example.com","note":"Starting the runbook."},
	"runbook":{"name":"Account takeover","owner":"identity team","url":"https://runbooks.example.com/ato",
	"steps":["Lock the account","End its sessions","Reset the second factor"]}}}`

const goldenApproval = `{"type":"ip.block_pending","time":"2026-11-20T12:15:00Z","severity":"medium","title":"Block of 203.0.113.0/24 waits for approval",
	"dedup_key":"block/203.0.113.0/24","status":"pending_approval","actor":"erin@example.com",
	"entities":[{"type":"cidr","value":"203.0.113.0/24","role":"target","observed":true}],
	"data":{"block":{"id":"blk_01kmb7a2v4e9zr6x3q8w5t0ysd","target":"203.0.113.0/24","state":"pending_approval","reason":"Password guessing from many addresses",
	"requested_by":"erin@example.com","alert":"alr_01kmb7a2v4e9zr6x3q8w5t0ysd","created_at":"2026-11-20T12:15:00Z","ttl":"24h","approve_by":"2026-11-20T13:15:00Z"},
	"reason":"Password guessing from many addresses","expires_in":"24h","cause":"a /24 needs the approval of somebody else","responders":["edge"]}}`

// TestGolden are requests as Slack gets them; a preview shows the same.
func TestGolden(t *testing.T) {
	t.Parallel()
	bot := map[string]any{"bot_token": "xoxb-0-secret", "channel": "C0123456789", "signing_secret": testSecret,
		"mention": []string{"S0ONCALL"}, "thread_updates": true}
	for name, tt := range map[string]struct {
		settings map[string]any
		flags    event.Flags
		body     string
	}{
		"alert.http":    {bot, 0, goldenAlert},
		"runbook.http":  {bot, event.Internal, goldenRunbook},
		"approval.http": {bot, event.Internal, goldenApproval},
		"direct.http":   {map[string]any{"bot_token": "xoxb-0-secret", "channel": "U0123456789"}, 0, `{"type":"ip.blocked","severity":"info","title":"203.0.113.7 blocked","actor":"dana@example.com"}`},
		"webhook.http":  {map[string]any{"webhook_url": "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX"}, 0, goldenAlert},
		"least.http": {map[string]any{"webhook_url": "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX",
			"show": map[string]bool{"description": false, "details": false, "entities": false, "hosts": false, "attack": false, "advice": false, "runbook": false, "footer": false}}, 0, goldenAlert},
	} {
		r := record(t, tt.flags, strings.ReplaceAll(tt.body, "\n\t", ""))
		r.ID = event.ID{0x01, 0x9a, 0xa1, 0x5c, 0xb0, 0x00, 0x70, 0x01, 0x80, 15: 0x01}
		if n := maps.Clone(tt.settings); n["channel"] == nil {
			delete(n, "bot_token")
		}
		e := &httpkit.Exchange{Full: true, DryRun: true}
		err := openWith(t, tt.settings, connectortest.Env(nil)).Send(httpkit.WithExchange(t.Context(), e), connector.Delivery{Record: r, Attempt: 1})
		if !errors.Is(err, httpkit.ErrDryRun) {
			t.Fatal(err)
		}
		if err := valid(schema(t), e.RequestBody); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		var pretty bytes.Buffer
		if err := json.Indent(&pretty, e.RequestBody, "", " "); err != nil {
			t.Fatal(err)
		}
		e.RequestBody = pretty.Bytes()
		connectortest.Golden(t, name, connectortest.Text(e))
	}
}

// TestSettings: what cannot work is said setting by setting.
func TestSettings(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		`{}`:                                      "webhook_url",
		`{"bot_token":"xoxb-1"}`:                  "channel",
		`{"bot_token":"xoxb 1","channel":"C1"}`:   "bot_token",
		`{"bot_token":"x","channel":"a b"}`:       "channel",
		`{"webhook_url":"hooks.slack.com/x"}`:     "webhook_url",
		`{"webhook_url":"ftp://hooks.slack.com"}`: "webhook_url",
		`{"webhook_url":"https://hooks.slack.com/services/T/B/x","thread_updates":true}`:                  "thread_updates",
		`{"webhook_url":"https://hooks.slack.com/services/T/B/x","mention":["<!channel>"]}`:               "mention",
		`{"webhook_url":"https://hooks.slack.com/services/T/B/x","users":[{"slack_id":"U1"}]}`:            "users",
		`{"webhook_url":"https://hooks.slack.com/services/T/B/x","base_url":"https://slack.com/api#x"}`:   "base_url",
		`{"webhook_url":"https://hooks.slack.com/services/T/B/x"}`:                                        "",
		`{"bot_token":"xoxb-1","channel":"#alerts","base_url":"https://slack-gov.com/api/"}`:              "",
		`{"bot_token":"xoxb-1","channel":"alerts-é","users":[{"slack_id":"U1","email":"d@example.com"}]}`: "",
	} {
		_, err := Definition().Open(json.RawMessage(raw), connectortest.Env(nil))
		if (err != nil) != (want != "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", raw, err)
		}
	}
	policy, err := connector.ParsePolicy(nil, Kind())
	if err != nil || policy.PerSecond != 1 || policy.Order != connector.OrderByKey {
		t.Errorf("%v %+v", err, policy)
	}
	c := openWith(t, map[string]any{"bot_token": "xoxb-1", "channel": "C1", "signing_secret": "s"}, connectortest.Env(nil))
	if n := c.Notes(); len(n) != 1 || !strings.HasSuffix(n[0], "https://tocsin.example.com/api/v1/callbacks/slack/int_test") {
		t.Errorf("%q", n)
	}
}

// BenchmarkMessage is what a message costs without the network.
func BenchmarkMessage(b *testing.B) {
	c := &look{settings: new(Settings)}
	for name, r := range map[string]*event.Record{
		"ordinary": record(b, 0, goldenAlert), "longest": full(b, strings.Repeat("<é😀", 2000)),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				shown := card.Of(r, "https://tocsin.example.com")
				if _, err := c.message(&shown, true, true); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
