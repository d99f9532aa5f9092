package cli

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// fakeThings are the integrations, sources, mapping rules, deliveries and jobs of the fake hub. What is changed of them is
// changed, as far as the commands look.
type fakeThings struct {
	rows map[string][]map[string]any // by path
	made int
	asks int // how often the job was looked at
}

func newFakeThings() fakeThings {
	read := func(texts ...string) (rows []map[string]any) {
		for _, text := range texts {
			var row map[string]any
			if err := json.Unmarshal([]byte(text), &row); err != nil {
				panic(err)
			}
			rows = append(rows, row)
		}
		return rows
	}
	return fakeThings{rows: map[string][]map[string]any{
		integrationsPath: read(
			`{"id":"int_1","kind":"webhook","name":"SOC","enabled":true,"paused":false,"version":3,"created_at":"2026-01-02T03:04:05Z","updated_at":"2026-01-02T03:04:05Z",
			"settings":{"url":"https://soc.example.com/hook","signing_secret":"********"},"subscription":{"types":["alert.*"]},"delivery":{"order":"none"},
			"warnings":[{"message":"the destination has \u001b[31mno TLS"}]}`,
			`{"id":"int_2","kind":"splunk","name":"SOC","enabled":false,"disabled_reason":"the receiver answered 410","version":1,"settings":{},"subscription":{},"delivery":{}}`,
			`{"id":"int_3","kind":"webhook","name":"two\u001b[2Jlines\u202e\nof text","enabled":true,"paused":true,"version":1,"settings":{},"subscription":{},"delivery":{}}`,
		),
		sourcesPath: read(
			`{"id":"src_1","name":"GitHub","dialect":"github","enabled":true,"auth":{"method":"github","secret":"********"},"url":"http://hub/api/v1/ingest/src_1",
			"version":2,"counts":{"accepted":7,"rejected":1,"refused":2},"last_received_at":"2026-11-20T10:00:00Z"}`,
		),
		mappingsPath: read(
			`{"id":"map_1","name":"drop noise","source":"src_1","position":100,"enabled":true,"when":"event.severity == \"info\"","drop":true,"version":1,"counts":{"matched":9,"dropped":9,"failed":0}}`,
			`{"id":"map_2","name":"project","source":"*","position":200,"enabled":true,"when":"true","set":{"project":"x"},"version":1,"counts":{"matched":3}}`,
		),
		deliveriesPath: read(
			`{"id":"dlv_1","integration":"int_1","event":"evt_1","type":"alert.created","severity":"high","status":"mailbox","attempts":2,"cause":"answered 500\u001b[31m",
			"cause_class":"exhausted","since":"2026-11-20T10:00:00Z","history":[
			{"number":1,"at":"2026-11-20T09:59:00Z","latency_ms":12.3,"outcome":"retry","status":500,"error":"answered 500","batched":1},
			{"number":2,"at":"2026-11-20T10:00:00Z","latency_ms":1234,"outcome":"mailbox","status":500,"error":"answered 500","answer":"try\nlater","batched":1}]}`,
		),
	}}
}

const fakeIncident = `{"id":"INC-12","incident_number":12,"title":"3 related\u202e alerts","severity":"high","status":"new","owner":"","alerts_count":3,"tags":["x"],
	"url":"https://hub/incidents/INC-12","created_at":"2026-11-20T10:00:00Z","updated_at":"2026-11-20T10:01:00Z",
	"tickets":[{"key":"SEC-12","status":"Done","url":"https://jira.example.com/SEC-12"}]}`

const fakeStats = `{"integrations":[{"integration":"int_1","breaker":"closed","counts":{"delivered":12,"mailbox":1,"waiting":2,"parked":1},"last_success_at":"2026-11-20T10:00:00Z"}]}`

// serve answers; false if there is nothing at the path.
func (f *fakeThings) serve(w http.ResponseWriter, r *http.Request, body []byte) bool {
	path := r.URL.Path
	switch r.Method + " " + path {
	case "GET /api/v1/stats":
		fmt.Fprint(w, fakeStats)
	case "GET /api/v1/me":
		fmt.Fprint(w, `{"id":"key_1","name":"laptop","account":"default","scopes":["admin"]}`)
	case "GET /api/v1/health":
		fmt.Fprint(w, `{"status":"ok","version":"1.2.3","uptime":"1h","journal":{"ok":true,"free_bytes":99999999999},"store":{"ok":true}}`)
	case "GET /api/v1/connectors":
		fmt.Fprint(w, `{"items":[{"kind":"splunk"},{"kind":"webhook"}]}`)
	case "GET /api/v1/connectors/webhook", "GET /api/v1/connectors/splunk":
		fmt.Fprint(w, `{"settings":{"properties":{"url":{},"signing_secret":{"x-secret":true}},"additionalProperties":false},"delivery":{"properties":{"order":{"default":"none"}}}}`)
	case "GET " + respondersPath:
		fmt.Fprint(w, `{"items":[{"id":"int_4","name":"edge","kind":"cloudflare","enabled":true,"ready":true,"used":12,"ours":2,"capacity":100,"warnings":[],"placements":{"verified":2}},
			{"id":"int_5","name":"waf\u001b[31m","kind":"awswaf","enabled":true,"ready":true,"used":1,"ours":1,"warnings":["no web ACL uses the IP set"],"placements":{}}]}`)
	case "GET " + mailboxPath:
		f.list(w, deliveriesPath)
	case "POST " + mailboxPath + "/replay", "POST " + integrationsPath + "/int_1/backfill":
		w.WriteHeader(http.StatusAccepted)
		fmt.Fprint(w, `{"id":"job_1","kind":"replay","state":"queued","total":4}`)
	case "POST " + mailboxPath + "/discard":
		fmt.Fprint(w, `{"discarded":3}`)
	case "GET " + jobsPath:
		fmt.Fprint(w, `{"items":[{"id":"job_1","kind":"replay","state":"running","total":4,"done":1,"created_at":"2026-11-20T10:00:00Z"}]}`)
	case "GET " + jobsPath + "/job_1":
		f.job(w)
	case "POST " + jobsPath + "/job_1/cancel":
		w.WriteHeader(http.StatusNoContent)
	case "POST " + deliveriesPath + "/dlv_1/retry":
		fmt.Fprint(w, `{"id":"dlv_1","status":"waiting"}`)
	case "POST " + mappingsPath + "/try":
		fmt.Fprint(w, `{"looked":7,"matched":3,"changed":1,"dropped":1,"failed":1,"items":[{"event":"evt_1","title":"x","dropped":true},`+
			`{"event":"evt_2","title":"y","before":{"severity":"high"},"after":{"severity":"low"}},{"event":"evt_3","error":"no such key"}]}`)
	case "GET " + incidentsPath:
		fmt.Fprintf(w, `{"items":[%s]}`, fakeIncident)
	case "GET " + incidentsPath + "/INC-12", "PATCH " + incidentsPath + "/INC-12", "POST " + incidentsPath + "/INC-12/notes", "POST " + incidentsPath + "/INC-12/alerts":
		fmt.Fprint(w, fakeIncident)
	case "POST " + incidentsPath:
		w.WriteHeader(http.StatusCreated)
		fmt.Fprint(w, fakeIncident)
	case "DELETE " + incidentsPath + "/INC-12/alerts/alr_1":
		w.WriteHeader(http.StatusNoContent)
	case "GET " + incidentsPath + "/INC-12/alerts":
		fmt.Fprint(w, `{"items":[{"id":"alr_1","severity":"high","status":"open","title":"Ten\u001b[31m logins"}]}`)
	case "GET " + incidentsPath + "/INC-12/timeline":
		fmt.Fprint(w, `{"items":[{"at":"2026-11-20T10:00:00Z","verb":"create","by":"Related alerts","via":"rule","changed":{"alerts":["","alr_1"]}},`+
			`{"at":"2026-11-20T10:01:00Z","verb":"note","by":"dana@example.com","note":"looked\nat it"}]}`)
	case "GET /api/v1/stream":
		serveStream(w, r)
	case "POST " + integrationsPath + "/int_1/test":
		fmt.Fprint(w, `{"ok":true,"latency_ms":41.3,"grade":"confirmed","request":{"method":"POST","url":"https://soc.example.com/hook","headers":{"X-A":"b"},"body":"{}"},"response":{"status":200,"headers":{},"body":"ok\u001b[31m"}}`)
	case "POST " + integrationsPath + "/int_3/test":
		fmt.Fprint(w, `{"ok":false,"error":"answered\n401","latency_ms":1}`)
	case "POST " + integrationsPath + "/int_1/preview":
		fmt.Fprint(w, `{"wanted":false,"why":"its severity is below the minimum","request":{"method":"POST","url":"https://soc.example.com/hook","headers":{"Content-Type":"application/json"},"body":"{\"type\":1}"}}`)
	case "GET " + integrationsPath + "/int_1/stats":
		fmt.Fprint(w, `{"integration":"int_1","breaker":"closed","counts":{"matched":15,"delivered":12,"mailbox":1,"waiting":2}}`)
	default:
		return f.thing(w, r, body)
	}
	return true
}

func (f *fakeThings) list(w http.ResponseWriter, path string) {
	_ = json.NewEncoder(w).Encode(map[string]any{"items": f.rows[path]})
}

// job ends when it is looked at for the second time.
func (f *fakeThings) job(w http.ResponseWriter) {
	if f.asks++; f.asks == 1 {
		fmt.Fprint(w, `{"id":"job_1","kind":"replay","state":"running","total":4,"done":1}`)
		return
	}
	fmt.Fprint(w, `{"id":"job_1","kind":"replay","state":"done","total":4,"done":3,"failed":1,"problems":[{"delivery":"dlv_9","error":"newer"}]}`)
}

// thing answers about one list or one of its things.
func (f *fakeThings) thing(w http.ResponseWriter, r *http.Request, body []byte) bool {
	for path, rows := range f.rows {
		rest, ok := strings.CutPrefix(r.URL.Path, path)
		id, verb, _ := strings.Cut(strings.TrimPrefix(rest, "/"), "/")
		switch {
		case !ok || rest != "" && rest[0] != '/':
			continue
		case rest == "" && r.Method == http.MethodGet:
			f.list(w, path)
			return true
		case rest == "" && r.Method == http.MethodPost:
			f.create(w, path, body)
			return true
		}
		for i, row := range rows {
			if row["id"] == id {
				f.one(w, r, path, i, verb, body)
				return true
			}
		}
	}
	return false
}

func (f *fakeThings) create(w http.ResponseWriter, path string, body []byte) {
	var row map[string]any
	if err := json.Unmarshal(body, &row); err != nil {
		panic(err)
	}
	if row["name"] == "refused" {
		problem(w, http.StatusUnprocessableEntity, "settings.url: is no URL", `,"errors":[{"field":"body.settings.url","message":"is no URL"}]`)
		return
	}
	if s, ok := row["settings"].(map[string]any); ok && s["signing_secret"] != nil {
		s["signing_secret"] = "********"
	}
	f.made++
	prefix := map[string]string{integrationsPath: "int", sourcesPath: "src", mappingsPath: "map"}[path]
	row["id"], row["version"], row["url"] = fmt.Sprintf("%s_made%d", prefix, f.made), 1, "http://hub/api/v1/ingest/new"
	if row["enabled"] == nil {
		row["enabled"] = true
	}
	f.rows[path] = append(f.rows[path], row)
	w.WriteHeader(http.StatusCreated)
	_ = json.NewEncoder(w).Encode(row)
}

func (f *fakeThings) one(w http.ResponseWriter, r *http.Request, path string, i int, verb string, body []byte) {
	row := f.rows[path][i]
	version, _ := json.Marshal(row["version"])
	if tag := r.Header.Get("If-Match"); tag != "" && tag != `"`+string(version)+`"` || row["name"] == "moved" && r.Method == http.MethodPatch {
		problem(w, http.StatusPreconditionFailed, "it has changed", "")
		return
	}
	switch {
	case r.Method == http.MethodDelete && row["id"] == "int_1" && !r.URL.Query().Has("force"):
		problem(w, http.StatusConflict, "3 deliveries wait; delete with ?force=true to give them up", "")
		return
	case r.Method == http.MethodDelete:
		f.rows[path] = append(f.rows[path][:i], f.rows[path][i+1:]...)
		w.WriteHeader(http.StatusNoContent)
		return
	case r.Method == http.MethodPatch:
		var patch map[string]any
		if err := json.Unmarshal(body, &patch); err != nil {
			panic(err)
		}
		merge(row, patch)
		row["version"] = 99
	}
	switch verb {
	case "enable", "disable":
		row["enabled"] = verb == "enable"
	case "pause", "resume":
		row["paused"] = verb == "pause"
	}
	_ = json.NewEncoder(w).Encode(row)
}

func merge(row, patch map[string]any) {
	for name, v := range patch {
		change, object := v.(map[string]any)
		was, ok := row[name].(map[string]any)
		switch {
		case v == nil:
			delete(row, name)
		case object && ok:
			merge(was, change)
		case name == "signing_secret":
			row[name] = "********"
		default:
			row[name] = v
		}
	}
}

// serveStream gives a few messages; who comes back with their place gets one more.
func serveStream(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	if r.Header.Get("Last-Event-ID") == "b" {
		fmt.Fprint(w, "event: event\nid: c\ndata: {\"id\":\"evt_3\",\"type\":\"alert.resolved\",\"severity\":\"info\",\"received_at\":\"2026-11-20T10:00:02Z\"}\n\n")
		return
	}
	fmt.Fprint(w, ": tocsin\nid: a\n\n"+
		"event: event\nid: a\ndata: {\"id\":\"evt_1\",\"type\":\"alert.created\",\"severity\":\"high\",\"received_at\":\"2026-11-20T10:00:00.5Z\",\"title\":\"red \\u001b[31m\\u202e title\","+
		"\"source\":{\"vendor\":\"falco\"},\"project\":\"prod\",\"entities\":[{\"type\":\"ip\",\"value\":\"203.0.113.7\"}]}\n\n"+
		"event: delivery\ndata: {\"id\":\"dlv_1\",\"integration\":\"int_1\",\"type\":\"alert.created\",\"severity\":\"high\",\"status\":\"delivered\",\"history\":[{\"number\":1,\"at\":\"2026-11-20T10:00:01Z\",\"latency_ms\":12.5,\"outcome\":\"delivered\",\"status\":200,\"batched\":3}]}\n\n"+
		"event: mailbox\ndata: {\"id\":\"dlv_2\",\"integration\":\"int_9\",\"type\":\"alert.created\",\"cause_class\":\"permanent\",\"cause\":\"no\\nway\",\"since\":\"2026-11-20T10:00:01Z\"}\n\n"+
		"event: lost\ndata: {\"topic\":\"events\",\"count\":12}\n\n"+
		"event: news\ndata: of a newer hub\n\n"+
		"event: event\nid: b\ndata: {\"id\":\"evt_2\",\"type\":\"custom.x\u202e\",\"severity\":\"low\",\"received_at\":\"2026-11-20T10:00:02Z\"}\n\n"+
		"event: end\ndata: {\"reason\":\"the hub is stopping\"}\n\n")
}
