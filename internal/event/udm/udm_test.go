package udm

import (
	"encoding/json"
	"flag"
	"testing"

	"github.com/tocsin-hub/tocsin/internal/event/eventtest"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestGolden(t *testing.T) {
	t.Parallel()
	eventtest.Golden(t, *update, "full.json", Append(nil, eventtest.Full(t), eventtest.Link))
	eventtest.Golden(t, *update, "least.json", Append(nil, eventtest.Record(t, `{"type":"custom.event"}`), eventtest.Link))
}

func TestProjection(t *testing.T) {
	t.Parallel()
	eventtest.Project(t, Append, eventtest.UDM)
}

// TestEventType: a type is claimed only with what it demands.
func TestEventType(t *testing.T) {
	t.Parallel()
	const ip, user = `{"type":"ip","value":"203.0.113.7","role":"source"}`, `{"type":"user","value":"alice"}`
	for in, want := range map[string]string{
		`{"type":"auth.login.failure","entities":[` + ip + `,` + user + `]}`:                                             userLogin,
		`{"type":"auth.login.failure","entities":[` + ip + `]}`:                                                          genericEvent,
		`{"type":"auth.login.success","actor":"alice","entities":[` + ip + `]}`:                                          userLogin,
		`{"type":"auth.logout","entities":[` + user + `]}`:                                                               genericEvent,
		`{"type":"auth.logout","entities":[` + ip + `,` + user + `]}`:                                                    userLogout,
		`{"type":"network.flow","entities":[` + ip + `]}`:                                                                genericEvent,
		`{"type":"network.flow","entities":[` + ip + `,{"type":"ip","value":"198.51.100.9","role":"target"}]}`:           networkConnection,
		`{"type":"telemetry.heartbeat","entities":[{"type":"host","value":"node-1","role":"source"}]}`:                   statusHeartbeat,
		`{"type":"alert.created","entities":[` + ip + `,` + user + `,{"type":"ip","value":"::1","role":"destination"}]}`: genericEvent,
	} {
		b := Append(nil, eventtest.Record(t, in), eventtest.Link)
		var got struct {
			Metadata struct {
				EventType string `json:"event_type"`
			} `json:"metadata"`
		}
		if err := json.Unmarshal(b, &got); err != nil {
			t.Fatal(err)
		}
		if err := eventtest.UDM(b); err != nil || got.Metadata.EventType != want {
			t.Errorf("%s: %s, want %s (%v)", in, got.Metadata.EventType, want, err)
		}
	}
}

func BenchmarkAppend(b *testing.B) { eventtest.Benchmark(b, Append) }
