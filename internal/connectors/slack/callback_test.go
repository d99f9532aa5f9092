package slack

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/connectortest"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/event/card"
)

func readAll(r *http.Request) string {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		return err.Error()
	}
	return string(raw)
}

// TestSignature is the example of Slack's own documentation (verifying-requests-from-slack).
func TestSignature(t *testing.T) {
	t.Parallel()
	const body = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar" +
		"&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands" +
		"%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
	want := "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
	if got := signature(testSecret, "1531420618", []byte(body)); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// signed makes a call as Slack makes it.
func signed(at time.Time, body string) connector.Call {
	ts := strconv.FormatInt(at.Unix(), 10)
	return connector.Call{At: testTime, Body: []byte(body), Header: http.Header{
		"Content-Type":    {"application/x-www-form-urlencoded"},
		headerTimestamp:   {ts},
		headerSignature:   {signature(testSecret, ts, []byte(body))},
		"X-Slack-Other":   {"x"},
		"Accept-Encoding": {"gzip"},
	}}
}

// click is the form of a click on a button.
func click(user, action, value, responseURL string) string {
	raw, err := json.Marshal(map[string]any{
		"type": "block_actions", "user": map[string]any{"id": user, "username": "dana", "team_id": "T1"}, "api_app_id": "A1",
		"container":  map[string]any{"type": "message", "message_ts": "1700000000.000001", "channel_id": testChannel, "is_ephemeral": false},
		"trigger_id": "12321423423.333649436676.d8c1bb837935619ccad0f624c448ffb3", "team": map[string]any{"id": "T1", "domain": "example"},
		"channel": map[string]any{"id": testChannel, "name": "alerts"}, "message": map[string]any{"text": "x"}, "response_url": responseURL,
		"actions": []any{map[string]any{"action_id": action, "block_id": "b", "value": value, "type": "button", "action_ts": "1548426417.840180"}},
	})
	if err != nil {
		panic(err)
	}
	return url.Values{"payload": {string(raw)}}.Encode()
}

var testAlert = event.AlertID(event.DefaultAccount, "k1")

const dana = `{"ok":true,"user":{"id":"UDANA","team_id":"T1","deleted":false,"is_bot":false,"is_email_confirmed":true,"profile":{"email":"dana@example.com"}}}`

// TestVerify: who did not prove to be Slack, just now and for the first time, is refused.
func TestVerify(t *testing.T) {
	t.Parallel()
	body := click("UDANA", "tocsin_acknowledge", testAlert.Text(event.PrefixAlert), "")
	change := func(name, value string) func(*connector.Call) {
		return func(c *connector.Call) { c.Header[name] = []string{value} }
	}
	for name, tt := range map[string]struct {
		call   connector.Call
		change func(*connector.Call)
		status int
	}{
		"good":              {signed(testTime, body), nil, 0},
		"at the edge":       {signed(testTime.Add(-tolerance), body), nil, 0},
		"ahead":             {signed(testTime.Add(tolerance), body), nil, 0},
		"stale":             {signed(testTime.Add(-tolerance-time.Second), body), nil, 401},
		"from the future":   {signed(testTime.Add(tolerance+time.Second), body), nil, 401},
		"another body":      {signed(testTime, body), func(c *connector.Call) { c.Body = append(c.Body, '&') }, 401},
		"another time":      {signed(testTime, body), change(headerTimestamp, strconv.FormatInt(testTime.Unix()+1, 10)), 401},
		"no time":           {signed(testTime, body), change(headerTimestamp, ""), 401},
		"odd time":          {signed(testTime, body), change(headerTimestamp, "0x5b46d4ca"), 401},
		"time of an age":    {signed(testTime, body), change(headerTimestamp, "9223372036854775807"), 401},
		"no signature":      {signed(testTime, body), change(headerSignature, ""), 401},
		"version alone":     {signed(testTime, body), change(headerSignature, "v0="), 401},
		"another version":   {signed(testTime, body), change(headerSignature, strings.Replace(signed(testTime, body).Header[headerSignature][0], "v0", "v1", 1)), 401},
		"upper case":        {signed(testTime, body), change(headerSignature, strings.ToUpper(signed(testTime, body).Header[headerSignature][0])), 401},
		"another's secret":  {signed(testTime, body), change(headerSignature, signature("other", strconv.FormatInt(testTime.Unix(), 10), []byte(body))), 401},
		"no content type":   {signed(testTime, body), change("Content-Type", ""), 400},
		"another type":      {signed(testTime, body), change("Content-Type", "text/plain"), 400},
		"no form":           {signed(testTime, "%zz"), nil, 400},
		"no payload":        {signed(testTime, "a=b"), nil, 400},
		"payload no JSON":   {signed(testTime, "payload=%7B"), nil, 400},
		"a value of others": {signed(testTime, click("UDANA", "tocsin_resolve", "'; DROP TABLE alerts; --", "")), nil, 400},
		"an id of another":  {signed(testTime, click("UDANA", "tocsin_resolve", event.NewID().Text(event.PrefixUser), "")), nil, 400},
		"nobody":            {signed(testTime, click("", "tocsin_resolve", "INC-7", "")), nil, 400},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newModel(t)
			m.users["UDANA"] = dana
			c := m.open(t, nil)
			if tt.change != nil {
				tt.change(&tt.call)
			}
			reply, err := c.Receive(t.Context(), tt.call)
			status, refused := connector.IsRefused(err)
			if status != tt.status || refused != (err != nil) || (err == nil) != (len(reply.Wishes) == 1) {
				t.Fatalf("%d %v, %d wishes", status, err, len(reply.Wishes))
			}
			if err == nil {
				if _, err := c.Receive(t.Context(), tt.call); err == nil {
					t.Error("the same request is taken twice")
				}
			} else if len(m.seen()) > 0 || strings.Contains(err.Error(), testSecret) {
				t.Errorf("a refused call made requests, or its answer tells the secret: %v", err)
			}
		})
	}
}

// TestWishes: what a click asks for.
func TestWishes(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.users["UDANA"] = dana
	c := m.open(t, nil)
	response := "https://hooks.slack.com/actions/T1/1/abc"
	for i, tt := range []struct {
		action, value string
		want          *connector.Wish
	}{
		{"tocsin_acknowledge", testAlert.Text(event.PrefixAlert), &connector.Wish{Verb: connector.Acknowledge, Alert: testAlert}},
		{"tocsin_resolve", testAlert.Text(event.PrefixAlert), &connector.Wish{Verb: connector.Resolve, Alert: testAlert}},
		{"tocsin_reopen", "INC-7", &connector.Wish{Verb: connector.Reopen, Incident: "INC-7"}},
		{"tocsin_open", "", nil}, {"somebody_elses", "INC-7", nil},
	} {
		reply, err := c.Receive(t.Context(), signed(testTime.Add(time.Duration(i)*time.Second), click("UDANA", tt.action, tt.value, response)))
		if err != nil {
			t.Fatal(err)
		}
		var want []connector.Wish
		if tt.want != nil {
			w := *tt.want
			w.ID = "12321423423.333649436676.d8c1bb837935619ccad0f624c448ffb3/1548426417.840180/UDANA"
			w.Personal, w.Person = true, connector.Person{ID: "UDANA", Name: "dana", Email: "dana@example.com"}
			w.At = time.Date(2019, 1, 25, 14, 26, 57, 840180000, time.UTC)
			w.Token = `{"response_url":"` + response + `","at":{"channel":"C0123456789","ts":"1700000000.000001"}}`
			want = []connector.Wish{w}
		}
		if diff := cmp.Diff(connector.Reply{Wishes: want}, reply); diff != "" {
			t.Errorf("%s: %s", tt.action, diff)
		}
	}
	if diff := cmp.Diff([]string{"users.info", "auth.test"}, m.seen()); diff != "" {
		t.Errorf("Slack is asked once who somebody is: %s", diff)
	}
}

// TestOtherCalls: what else Slack sends to the address.
func TestOtherCalls(t *testing.T) {
	t.Parallel()
	c := newModel(t).open(t, nil)
	call := signed(testTime, `{"token":"x","challenge":"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P","type":"url_verification"}`)
	call.Header.Set("Content-Type", "application/json; charset=utf-8")
	if reply, err := c.Receive(t.Context(), call); err != nil || string(reply.Body) != "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P" || !strings.HasPrefix(reply.ContentType, "text/plain") {
		t.Errorf("%v %+v", err, reply)
	}
	call = signed(testTime, `{"type":"event_callback"}`)
	call.Header.Set("Content-Type", "application/json")
	if _, err := c.Receive(t.Context(), call); err == nil {
		t.Error("an event is taken")
	}
	for _, body := range []string{"ssl_check=1&token=x", url.Values{"payload": {`{"type":"shortcut","user":{"id":"U1"}}`}}.Encode()} {
		if reply, err := c.Receive(t.Context(), signed(testTime, body)); err != nil || len(reply.Wishes) > 0 {
			t.Errorf("%s: %v %+v", body, err, reply)
		}
	}
	hook := openWith(t, map[string]any{"webhook_url": "https://hooks.slack.com/services/T/B/x"}, connectortest.Env(nil))
	if _, err := hook.Receive(t.Context(), signed(testTime, "ssl_check=1")); err == nil {
		t.Error("a call is taken without a signing secret")
	}
}

// TestPerson: whose address is believed.
func TestPerson(t *testing.T) {
	t.Parallel()
	user := func(more string) string {
		return `{"ok":true,"user":{"id":"U1","profile":{"email":"dana@example.com"}` + more + `}}`
	}
	for name, tt := range map[string]struct {
		answer string
		users  []map[string]string
		want   string
	}{
		"own":                 {user(`,"team_id":"T1"`), nil, "dana@example.com"},
		"of another company":  {user(`,"team_id":"T2"`), nil, ""},
		"a stranger":          {user(`,"team_id":"T1","is_stranger":true`), nil, ""},
		"a bot":               {user(`,"team_id":"T1","is_bot":true`), nil, ""},
		"gone":                {user(`,"team_id":"T1","deleted":true`), nil, ""},
		"not confirmed":       {user(`,"team_id":"T1","is_email_confirmed":false`), nil, ""},
		"may not ask":         {`{"ok":false,"error":"missing_scope","needed":"users:read"}`, nil, ""},
		"may not see":         {`{"ok":true,"user":{"id":"U1","team_id":"T1","profile":{}}}`, nil, ""},
		"set by hand":         {"", []map[string]string{{"slack_id": "U1", "email": "erin@example.com"}}, "erin@example.com"},
		"somebody else's set": {"", []map[string]string{{"slack_id": "U2", "email": "erin@example.com"}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newModel(t)
			m.users["U1"] = tt.answer
			c := m.open(t, map[string]any{"users": tt.users})
			reply, err := c.Receive(t.Context(), signed(testTime, click("U1", "tocsin_acknowledge", "INC-7", "")))
			if err != nil || len(reply.Wishes) != 1 || !reply.Wishes[0].Personal || reply.Wishes[0].Person.Email != tt.want {
				t.Errorf("%v %+v", err, reply)
			}
		})
	}
}

// TestPersonIsSlow: Slack gets its answer in time even if it does not say who somebody is.
func TestPersonIsSlow(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.stuck = true
	c := m.open(t, nil)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	reply, err := c.Receive(ctx, signed(testTime, click("U1", "tocsin_acknowledge", "INC-7", "")))
	if err != nil || ctx.Err() != nil || len(reply.Wishes) != 1 || reply.Wishes[0].Person.Email != "" {
		t.Errorf("%v %v %+v", err, ctx.Err(), reply)
	}
}

// TestAnswer: what became of a click is shown in the message, or to who clicked.
func TestAnswer(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.users["UDANA"] = dana
	c := m.open(t, nil)
	send(t, c, record(t, 0, created))
	reply, err := c.Receive(t.Context(), signed(testTime, click("UDANA", "tocsin_acknowledge", testAlert.Text(event.PrefixAlert), m.url+"/response/1")))
	if err != nil {
		t.Fatal(err)
	}
	w := reply.Wishes[0]
	fact := record(t, event.Internal, told("acknowledge", "acknowledged", "dana@example.com"))
	if err := c.Answer(t.Context(), w, connector.Outcome{By: "dana@example.com", Record: fact}); err != nil {
		t.Fatal(err)
	}
	list := m.shown()
	if len(list) != 1 || !list[0].shows("👀 Acknowledged by dana@example.com · 20 Nov 2026 12:00 UTC") || len(list[0].buttons()) != 3 || len(m.replies) != 0 {
		t.Errorf("%d messages, %q", len(list), list[0].plain())
	}
	for _, o := range []connector.Outcome{{Refusal: "dana@example.com <!channel> may not\u202e do this"}, {By: "dana@example.com"}} {
		if err := c.Answer(t.Context(), w, o); err != nil {
			t.Error(err)
		}
	}
	want := []string{
		`{"response_type":"ephemeral","replace_original":false,"text":"Not done: dana@example.com &lt;!channel&gt; may not` + "\ufffd" + ` do this"}`,
		`{"response_type":"ephemeral","replace_original":false,"text":"Nothing to do: it is so already."}`,
	}
	if diff := cmp.Diff(want, m.replies); diff != "" || list[0].edits != 1 {
		t.Error(diff)
	}
}

// TestAnswerOfAnUnknownMessage: the message that was clicked is changed, even if nothing is remembered of it.
func TestAnswerOfAnUnknownMessage(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	c := m.open(t, nil)
	send(t, c, record(t, 0, created))
	if err := c.state.Delete(t.Context(), subjectKey(event.DefaultAccount, &card.Card{Ref: testAlert.Text(event.PrefixAlert)})); err != nil {
		t.Fatal(err)
	}
	at := m.shown()[0]
	w := connector.Wish{Alert: testAlert, Token: fmt.Sprintf(`{"at":{"channel":%q,"ts":%q}}`, at.Channel, at.TS)}
	fact := record(t, event.Internal, told("resolve", "resolved", "dana@example.com"))
	if err := c.Answer(t.Context(), w, connector.Outcome{Record: fact}); err != nil {
		t.Fatal(err)
	}
	if list := m.shown(); len(list) != 1 || list[0].field("Status") != "Resolved" {
		t.Errorf("%d messages", len(list))
	}
}

// TestResponseURL: the hub answers to Slack and to nobody else.
func TestResponseURL(t *testing.T) {
	t.Parallel()
	c := openWith(t, map[string]any{"base_url": "https://gateway.example.com:8443/slack", "bot_token": testToken, "channel": testChannel}, connectortest.Env(nil))
	for address, want := range map[string]bool{
		"https://hooks.slack.com/actions/T1/1/x": true, "https://HOOKS.slack.com/app/x": true, "https://hooks.slack-gov.com/x": true,
		"https://gateway.example.com:8443/response/1": true,
		"": false, "http://hooks.slack.com/x": false, "https://hooks.slack.com.evil.example/x": false, "https://evil.example/hooks.slack.com": false,
		"https://hooks.slack.com@evil.example/x": false, "https://hooks.slack.com:8443/x": false, "https://gateway.example.com/x": false,
		"http://gateway.example.com:8443/x": false, "//hooks.slack.com/x": false, "https:hooks.slack.com/x": false, "https://hooks.slack.com\\@evil.example/": false,
		"http://169.254.169.254/": false, "https://hooks.slack.com/" + strings.Repeat("x", maxResponseURL): false,
	} {
		if got := c.answerable(address); got != want {
			t.Errorf("%s: %t", address, got)
		}
	}
}
