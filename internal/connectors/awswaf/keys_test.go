package awswaf

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/connectortest"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
	"github.com/tocsin-hub/tocsin/internal/connectors/awswaf/awswaftest"
	"github.com/tocsin-hub/tocsin/internal/form"
)

// TestMachineIsNotForTenants: without an access key, only the operator's own account may be opened.
func TestMachineIsNotForTenants(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	delete(b.settings, "access_key_id")
	delete(b.settings, "secret_access_key")
	for _, role := range []string{"", "arn:aws:iam::111122223333:role/tocsin"} {
		b.settings["role_arn"] = role
		raw, err := json.Marshal(b.settings)
		if err != nil {
			t.Fatal(err)
		}
		_, err = Definition().Open(raw, b.env)
		if of, ok := form.AsErrors(err); !ok || of[0].Path != "access_key_id" || !strings.Contains(of[0].Message, "operator's own account alone") {
			t.Errorf("role %q: %v", role, err)
		}
	}
}

func TestBadKeys(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ id, secret, want string }{
		"unknown":      {"AKIAIOSFODNN7UNKNOWN", secret, "the access key was refused"},
		"wrong secret": {keyID, "wrong-secret-" + connectortest.Canary, "the access key was refused"},
	} {
		b := newBench(t, map[string]any{"access_key_id": tt.id, "secret_access_key": tt.secret})
		for _, err := range []error{b.Test(t.Context()), func() error { _, err := b.Blocked(t.Context()); return err }()} {
			if class(err) != "permanent" || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%s: %v", name, err)
			}
			quietError(t, err)
		}
	}
}

// TestClock: a clock that is wrong is no fault of the key.
func TestClock(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	b.Now = func() time.Time { return time.Now().Add(time.Hour) }
	if _, err := b.Blocked(t.Context()); class(err) != "retryable" || !strings.Contains(err.Error(), "clock") {
		t.Error(err)
	}
}

// TestRole: a session is begun once, renewed before its end, and again when AWS says that it has ended.
func TestRole(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	b.settings["role_arn"], b.settings["external_id"] = b.AddRole("tocsin", "tenant-7c1f"), "tenant-7c1f"
	ahead := time.Duration(0)
	b.env.Now = func() time.Time { return time.Now().Add(ahead) }
	b.open(t)
	e := &httpkit.Exchange{Full: true}
	ctx := httpkit.WithExchange(t.Context(), e)
	sessions := func(want int) {
		t.Helper()
		if _, err := b.Blocked(ctx); err != nil {
			t.Fatal(err)
		}
		if n := len(b.Calls("AssumeRole")); n != want {
			t.Errorf("%d sessions, want %d", n, want)
		}
	}
	sessions(1)
	if e.RequestHeader.Get("X-Amz-Target") != "AWSWAF_20190729.GetIPSet" || e.RequestHeader.Get("X-Amz-Security-Token") != form.Mask {
		t.Errorf("what is shown is %v", e.RequestHeader)
	}
	quiet(t, "the exchange", fmt.Sprintf("%+v %s %s", *e, e.RequestBody, e.Answer))
	if _, err := b.Change(ctx, b.snapshot(t), []connector.BlockChange{add("203.0.113.7/32")}); err != nil {
		t.Fatal(err)
	}
	sessions(1)
	ahead = 54 * time.Minute
	sessions(1)
	ahead = 56 * time.Minute
	if _, err := b.readSet(ctx, b.sets[0]); err != nil {
		t.Fatal(err)
	}
	ahead = 0
	sessions(2)
	b.EndSessions()
	_, err := b.Blocked(ctx)
	if class(err) != "retryable" || !strings.Contains(err.Error(), "have ended") {
		t.Errorf("a session that has ended: %v", err)
	}
	quietError(t, err)
	sessions(3)
	body := string(b.Calls("AssumeRole")[0].Body)
	if !strings.Contains(body, "RoleSessionName=tocsin-int_test") || !strings.Contains(body, "ExternalId=tenant-7c1f") {
		t.Error(body)
	}
}

func TestRoleIsRefused(t *testing.T) {
	t.Parallel()
	for name, patch := range map[string]map[string]any{
		"no external id":      {},
		"another external id": {"external_id": "tenant-other"},
		"another role":        {"role_arn": "arn:aws:iam::111122223333:role/other", "external_id": "tenant-7c1f"},
	} {
		b := newBench(t, nil)
		b.settings["role_arn"] = b.AddRole("tocsin", "tenant-7c1f")
		maps.Copy(b.settings, patch)
		b.open(t)
		err := b.Test(t.Context())
		if class(err) != "permanent" || !strings.Contains(err.Error(), "sts:AssumeRole") || !strings.Contains(err.Error(), "trust policy") {
			t.Errorf("%s: %v", name, err)
		}
		quietError(t, err)
		if n := len(b.Calls("GetIPSet")); n != 0 {
			t.Errorf("%s: the sets were read all the same", name)
		}
	}
	b := newBench(t, nil)
	b.settings["role_arn"] = b.AddRole("tocsin", "")
	b.open(t)
	b.Fail("AssumeRole", awswaftest.Fault{Cut: true}, awswaftest.Fault{Status: 503, Body: "<html>"}, awswaftest.Fault{Code: "Throttling", Message: "Rate exceeded"})
	for _, want := range []string{"retryable", "retryable", "throttled", "none"} {
		if _, err := b.Blocked(t.Context()); class(err) != want {
			t.Errorf("%v, want it to be %s", err, want)
		}
	}
}

// TestEcho: an answer that repeats the whole request shows no secret, not even one that the settings do not hold.
func TestEcho(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	b.settings["role_arn"] = b.AddRole("tocsin", "")
	echo := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Amz-Target") == "" {
			b.ServeHTTP(w, r)
			return
		}
		w.WriteHeader(http.StatusBadRequest)
		text := fmt.Sprintf("%v %s", r.Header, secret)
		if strings.HasSuffix(r.Header.Get("X-Amz-Target"), "GetIPSet") {
			json.NewEncoder(w).Encode(map[string]string{"__type": "WAFInvalidOperationException", "Message": text}) //nolint:errcheck
			return
		}
		fmt.Fprint(w, text) //nolint:errcheck
	}))
	t.Cleanup(echo.Close)
	s := b.snapshot(t)
	b.settings["base_url"] = echo.URL
	b.open(t)
	e := &httpkit.Exchange{Full: true}
	ctx := httpkit.WithExchange(t.Context(), e)
	_, err := b.Blocked(ctx)
	quietError(t, err)
	quiet(t, "the exchange", fmt.Sprintf("%+v %s %s", *e, e.RequestBody, e.Answer))
	_, other := b.Change(ctx, s, []connector.BlockChange{add("203.0.113.7/32")})
	quietError(t, other)
	quiet(t, "the exchange", fmt.Sprintf("%+v %s %s", *e, e.RequestBody, e.Answer))
	if class(err) != "permanent" || class(other) != "permanent" || !strings.Contains(other.Error(), form.Mask) {
		t.Errorf("%v, %v", err, other)
	}
}

// TestEnvironmentIsNotLookedAt: what is set on the machine changes nothing for an account that has a key of its own.
func TestEnvironmentIsNotLookedAt(t *testing.T) {
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "AKIAOFTHEMACHINE", "AWS_SECRET_ACCESS_KEY": "x", "AWS_SESSION_TOKEN": "x", "AWS_PROFILE": "missing", "AWS_REGION": "eu-west-3",
		"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_ENDPOINT_URL_WAFV2": "http://127.0.0.1:1", "AWS_CA_BUNDLE": "/nowhere", "AWS_MAX_ATTEMPTS": "9",
		"HTTPS_PROXY": "http://127.0.0.1:1", "HTTP_PROXY": "http://127.0.0.1:1", "AWS_EXECUTION_ENV": "canary-of-the-machine", "AWS_USE_FIPS_ENDPOINT": "true",
		"AWS_LAMBDA_FUNCTION_NAME": "x", "_X_AMZN_TRACE_ID": "canary-of-the-machine",
	} {
		t.Setenv(name, value)
	}
	b := newBench(t, nil)
	var seen atomic.Value
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen.Store(fmt.Sprint(r.Header))
		b.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	b.settings["base_url"], b.settings["role_arn"] = server.URL, b.AddRole("tocsin", "")
	b.open(t)
	b.change(t, add("203.0.113.7/32"))
	if text := fmt.Sprint(seen.Load()); strings.Contains(text, "canary-of-the-machine") || !strings.Contains(text, "Tocsin/") || strings.Contains(text, "aws-sdk") {
		t.Error(text)
	}
}

// clearMachine takes away what the machine that runs the tests has.
func clearMachine(t *testing.T) {
	t.Helper()
	none := filepath.Join(t.TempDir(), "none")
	for _, name := range []string{
		"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
		"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CA_BUNDLE", "AWS_EC2_METADATA_DISABLED", "AWS_EC2_METADATA_SERVICE_ENDPOINT",
	} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_CONFIG_FILE", none)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", none)
}

// ambient opens a connector for the operator's own account, which has no access key.
func ambient(t *testing.T, b *bench, allow ...string) {
	t.Helper()
	prefixes := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	for _, text := range allow {
		prefixes = append(prefixes, netip.MustParsePrefix(text))
	}
	log := slog.New(slog.NewTextHandler(b.log, nil))
	b.env = connectortest.EnvOver(httpkit.NewMaker(httpkit.Config{Allow: prefixes, Log: log}), log)
	b.env.Ambient = true
	delete(b.settings, "access_key_id")
	delete(b.settings, "secret_access_key")
	b.open(t)
}

func TestMachineByEnvironment(t *testing.T) {
	clearMachine(t)
	t.Setenv("AWS_ACCESS_KEY_ID", keyID)
	t.Setenv("AWS_SECRET_ACCESS_KEY", secret)
	t.Setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1") // credentials are all that is taken from there
	b := newBench(t, nil)
	ambient(t, b)
	b.change(t, add("203.0.113.7/32"))
	b.settings["role_arn"] = b.AddRole("tocsin", "")
	b.open(t)
	b.change(t, remove("203.0.113.7/32"))
	if n := len(b.Calls("AssumeRole")); n != 1 {
		t.Errorf("%d sessions", n)
	}
}

// metadata is a service that hands out credentials: that of a container, or that of an instance.
func metadata(t *testing.T, agents chan<- string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		agents <- r.Header.Get("User-Agent")
		switch r.URL.Path {
		case "/latest/api/token":
			w.Header().Set("X-Aws-Ec2-Metadata-Token-Ttl-Seconds", "21600")
			fmt.Fprint(w, "token") //nolint:errcheck
		case "/latest/meta-data/iam/security-credentials/", "/latest/meta-data/iam/security-credentials-extended/":
			fmt.Fprint(w, "tocsin") //nolint:errcheck
		default:
			json.NewEncoder(w).Encode(map[string]any{ //nolint:errcheck
				"Code": "Success", "AccessKeyId": keyID, "SecretAccessKey": secret, "Expiration": time.Now().Add(time.Hour).UTC().Format(time.RFC3339),
			})
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// throughTheDoor says whether requests were made, and all of them by the hub's own client.
func throughTheDoor(t *testing.T, agents chan string) bool {
	t.Helper()
	close(agents)
	n := 0
	for a := range agents {
		if n++; !strings.HasPrefix(a, "Tocsin/") {
			t.Errorf("a request went past the door: %s", a)
		}
	}
	return n > 0
}

func TestMachineByContainer(t *testing.T) {
	clearMachine(t)
	agents := make(chan string, 100)
	t.Setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", metadata(t, agents)+"/credentials")
	b := newBench(t, nil)
	ambient(t, b)
	b.change(t, add("203.0.113.7/32"))
	if !throughTheDoor(t, agents) {
		t.Error("the container's service was not asked")
	}
}

// TestMachineByInstance: the instance's metadata service is asked only if the operator allows its address.
func TestMachineByInstance(t *testing.T) {
	clearMachine(t)
	for _, allowed := range []bool{false, true} {
		agents := make(chan string, 100)
		t.Setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", metadata(t, agents))
		b := newBench(t, nil)
		if allowed {
			ambient(t, b, "169.254.169.254/32")
		} else {
			ambient(t, b, "169.254.0.0/16") // a range that happens to hold it is not enough
		}
		_, err := b.Blocked(t.Context())
		if (err == nil) != allowed {
			t.Errorf("allowed %t: %v", allowed, err)
		}
		if !allowed && !strings.Contains(err.Error(), "has no AWS credentials") {
			t.Error(err)
		}
		if asked := throughTheDoor(t, agents); asked != allowed {
			t.Errorf("allowed %t, asked %t", allowed, asked)
		}
	}
}

// TestMachineWithoutKeys: a guard that is in the way makes it quick, and no secret gets out.
func TestMachineWithoutKeys(t *testing.T) {
	clearMachine(t)
	b := newBench(t, nil)
	ambient(t, b)
	start := time.Now()
	_, err := b.Blocked(t.Context())
	if class(err) != "retryable" || time.Since(start) > 2*time.Second {
		t.Errorf("after %s: %v", time.Since(start), err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := b.Blocked(ended); err == nil || !strings.Contains(err.Error(), "canceled") {
		t.Error(err)
	}
}

func TestSessionName(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"": "tocsin", "int_01kmb7a2v4e9zr6x3q8w5t0ysd": "tocsin-int_01kmb7a2v4e9zr6x3q8w5t0ysd", "a b/ü": "tocsin-a-b--",
		strings.Repeat("x", 99): "tocsin-" + strings.Repeat("x", 57),
	} {
		if got := sessionName(&connector.Env{Integration: in}); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
