package email

import (
	"bytes"
	"encoding/json"
	"image/png"
	"mime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/form"
)

func TestSettings(t *testing.T) {
	t.Parallel()
	for patch, want := range map[string]string{
		`{}`: "",
		`{"from":"a@b.example\r\nBcc: x@y.example"}`:           "from",
		`{"from":"a@b.example, c@d.example"}`:                  "from",
		`{"to":["SOC <soc@example.com>","x@münchen.example"]}`: "to.1",
		`{"to":["\"a b\"@example.com"]}`:                       "to.0",
		`{"to":["a@example.com>\u0000"]}`:                      "to.0",
		`{"to":["soc@example.com","SOC <SOC@example.com>"]}`:   "to.1",
		`{"to":[]}`:                                            "to",
		`{"host":"mail.example.com:25"}`:                       "host",
		`{"host":"mail example"}`:                              "host",
		`{"username":""}`:                                      "username",
		`{"password":""}`:                                      "password",
		`{"username":"","password":"","auth":"plain"}`:         "username",
		`{"security":"opportunistic"}`:                         "security",
		`{"digest":{"daily_at":"25:00"}}`:                      "digest.daily_at",
		`{"digest":{"timezone":"Mars/Olympus"}}`:               "digest.timezone",
		`{"digest":{"timezone":"Europe/Berlin","daily":true}}`: "",
		`{"mode":"summary","batch":{"max_events":500}}`:        "batch.max_events",
		`{"helo":"a b"}`:                                       "helo",
		`{"host":"2001:db8::1","helo":"hub.example.com"}`:      "",
		`{"cc":["x"],"bcc":["y"],"reply_to":"z"}`:              "cc.0 bcc.0 reply_to",
		`{"from":"Größe <a@b.example>"}`:                       "",
		`{"from":"x\u202egpj <a@b.example>"}`:                  "from",
	} {
		raw, err := json.Marshal(settingsOf("mail.example.com:587", securitySTARTTLS))
		if err != nil {
			t.Fatal(err)
		}
		f := Definition().Settings()
		err = form.Decode(form.Merge(f, raw, json.RawMessage(patch)), f)
		errs, _ := form.AsErrors(err)
		var paths []string
		for _, e := range errs {
			paths = append(paths, e.Path)
		}
		if got := strings.Join(paths, " "); got != want {
			t.Errorf("%s: errors at %q, want %q (%v)", patch, got, want, err)
		}
	}
}

// TestDestination: another server does not get the stored password.
func TestDestination(t *testing.T) {
	t.Parallel()
	f := Definition().Settings()
	before := form.Destinations(f, json.RawMessage(`{"host":"a.example.com"}`))
	for patch, moved := range map[string]bool{
		`{"host":"A.example.com."}`: false, `{"host":"b.example.com"}`: true, `{"host":"a.example.com","port":26}`: true,
		`{"host":"a.example.com","security":"none"}`: true, `{"host":"a.example.com","verify_tls":false}`: true, `{"host":"a.example.com","from":"x@y.example"}`: false,
	} {
		if got := cmp.Diff(before, form.Destinations(f, json.RawMessage(patch))) != ""; got != moved {
			t.Errorf("%s: moved is %v", patch, got)
		}
	}
}

func TestMechanism(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		setting, offered string
		encrypted        bool
		want             string
	}{
		{authAuto, "CRAM-MD5 LOGIN PLAIN", true, "PLAIN"}, {authAuto, "CRAM-MD5 LOGIN PLAIN", false, "CRAM-MD5"},
		{authAuto, "login", true, "LOGIN"}, {authAuto, "XOAUTH2 GSSAPI", true, ""}, {authXOAUTH2, "PLAIN XOAUTH2", true, "XOAUTH2"},
		{authPlain, "LOGIN", true, ""}, {authAuto, "", true, ""}, {authAuto, "PLAINER", true, ""},
	} {
		got, err := mechanism(tt.setting, tt.offered, tt.encrypted)
		if got != tt.want || (err == nil) != (tt.want != "") {
			t.Errorf("%+v: %q, %v", tt, got, err)
		}
	}
}

func TestSubject(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"plain", "HIGH: a longer one that has to be folded because it does not fit into one line of a header at all, does it",
		"Ünï🔥", "=?utf-8?q?x?=", strings.Repeat("ü", 90), strings.Repeat("x", 180), "a =?b", "",
	} {
		header := encodeSubject(text)
		for _, l := range strings.Split("Subject: "+header, "\r\n") {
			if len(l) > 86 || strings.ContainsAny(l, "\r\n") {
				t.Errorf("%q: a line of %d bytes", text, len(l))
			}
		}
		got, err := new(mime.WordDecoder).DecodeHeader(strings.ReplaceAll(header, "\r\n", ""))
		if err != nil || got != text {
			t.Errorf("%q is read as %q, %v", text, got, err)
		}
	}
}

func TestShown(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"plain\ttab\nline": "plain\ttab\nline", "a\r\nb\rc\u2028d": "a\nb\nc\nd", "x\u202ey": `x\u202ey`, "\x00\x1b[31m": `\u0000\u001b[31m`,
		"\xff": "\ufffd", "👩‍👧": "👩‍👧", "\U000e0001": `\U000e0001`, "zero\u200bwidth\ufeff": `zero\u200bwidth\ufeff`,
	} {
		if got := shown(text); got != want {
			t.Errorf("%q is shown as %q, want %q", text, got, want)
		}
	}
	if got := clip("aüü", 2); got != "a… [cut: 2 more characters]" {
		t.Errorf("clipped to %q", got)
	}
}

func TestTrend(t *testing.T) {
	t.Parallel()
	for _, days := range [][]map[string]int{nil, {{}}, {{"critical": 1}, {"info": 100000}, nil}, make([]map[string]int, 31), {{"high": -5, "strange": 3}}} {
		img, err := png.Decode(bytes.NewReader(trend(days)))
		if err != nil || img.Bounds().Dx() != chartWidth || img.Bounds().Dy() != chartHeight {
			t.Errorf("%v: %v", days, err)
		}
	}
}

func TestSchedules(t *testing.T) {
	t.Parallel()
	d := Digest{Daily: true, DailyAt: "06:30", Weekly: true, WeeklyOn: "friday", WeeklyAt: "16:00", Timezone: "Europe/Berlin"}
	want := []connector.DigestSchedule{
		{Period: connector.Daily, At: "06:30", Timezone: "Europe/Berlin"},
		{Period: connector.Weekly, Weekday: time.Friday, At: "16:00", Timezone: "Europe/Berlin"},
	}
	if diff := cmp.Diff(want, d.schedules()); diff != "" {
		t.Error(diff)
	}
	if got := (&Digest{}).schedules(); len(got) > 0 {
		t.Errorf("none was asked for: %v", got)
	}
}

func FuzzWrite(f *testing.F) {
	f.Add("hello", "<b>\r\n.\r\n")
	w := testWriter(f)
	f.Fuzz(func(t *testing.T, title, text string) {
		r := goldenAlert(t, nil)
		e, err := r.Event()
		if err != nil {
			t.Fatal(err)
		}
		e.Title, e.Description, e.Actor, e.URL = title, text, text, text
		m, err := w.write(compose(r, &e, ""), title, noon)
		if err != nil {
			t.Fatal(err)
		}
		read(t, m.bytes)
	})
}
