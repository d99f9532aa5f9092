package ocsf

import (
	"encoding/json"
	"flag"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/event/eventtest"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestGolden(t *testing.T) {
	t.Parallel()
	incident, _ := event.Sample("incident.created")
	user, _ := event.Sample("system.user_created")
	for name, r := range map[string]*event.Record{
		"full": eventtest.Full(t), "incident": eventtest.Record(t, string(incident)), "user": eventtest.Record(t, string(user)),
		"least": eventtest.Record(t, `{"type":"detection.brute_force"}`),
	} {
		eventtest.Golden(t, *update, name+".json", Append(nil, r, eventtest.Link))
	}
}

func TestProjection(t *testing.T) {
	t.Parallel()
	eventtest.Project(t, Append, eventtest.OCSF(t))
}

// TestClassification: which class, activity and status a type and status become.
func TestClassification(t *testing.T) {
	t.Parallel()
	for in, want := range map[string][4]int64{ // class_uid, activity_id, type_uid, status_id
		`{"type":"alert.created"}`:                                           {2004, 1, 200401, 1},
		`{"type":"alert.acknowledged"}`:                                      {2004, 2, 200402, 2},
		`{"type":"alert.updated","status":"false_positive"}`:                 {2004, 2, 200402, 3},
		`{"type":"alert.resolved"}`:                                          {2004, 3, 200403, 4},
		`{"type":"alert.created","status":"peculiar"}`:                       {2004, 1, 200401, 99},
		`{"type":"vulnerability.resolved"}`:                                  {2004, 3, 200403, 4},
		`{"type":"hit.detected"}`:                                            {2004, 1, 200401, 1},
		`{"type":"detection.ids_signature"}`:                                 {2004, 1, 200401, 1},
		`{"type":"incident.created"}`:                                        {2005, 1, 200501, 1},
		`{"type":"incident.updated","status":"on_hold"}`:                     {2005, 2, 200502, 3},
		`{"type":"incident.updated","status":"active"}`:                      {2005, 2, 200502, 2},
		`{"type":"incident.closed"}`:                                         {2005, 3, 200503, 5},
		`{"type":"incident.threshold_exceeded"}`:                             {2004, 1, 200401, 1},
		`{"type":"auth.login.failure"}`:                                      {0, 99, 99, 2},
		`{"type":"auth.login.success"}`:                                      {0, 99, 99, 1},
		`{"type":"auth.login.success","rule":{"name":"odd hour"}}`:           {2004, 1, 200401, 1},
		`{"type":"custom.x.y"}`:                                              {0, 99, 99, 0},
		`{"type":"custom.x.y","alert_type":"z"}`:                             {2004, 1, 200401, 1},
		`{"type":"ip.blocked","alert_type":"ip_blocked","status":"blocked"}`: {0, 99, 99, 99},
	} {
		var got struct {
			Class    int64 `json:"class_uid"`
			Activity int64 `json:"activity_id"`
			Type     int64 `json:"type_uid"`
			Status   int64 `json:"status_id"`
		}
		if err := json.Unmarshal(Append(nil, eventtest.Record(t, in), eventtest.Link), &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, [4]int64{got.Class, got.Activity, got.Type, got.Status}); diff != "" {
			t.Errorf("%s: %s", in, diff)
		}
	}
}

func BenchmarkAppend(b *testing.B) { eventtest.Benchmark(b, Append) }
