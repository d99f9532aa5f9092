package awswaf

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/endpointcreds"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/logging"
	"github.com/aws/smithy-go/middleware"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
)

const (
	// renewBefore is how long before its end a role's session is renewed.
	renewBefore = 5 * time.Minute
	// maxSessionName bounds the name of a role's session (RoleSessionName of AssumeRole).
	maxSessionName = 64
)

// metadataAddresses are where a machine of EC2 gets its credentials.
var metadataAddresses = []netip.Addr{netip.MustParseAddr("169.254.169.254"), netip.MustParseAddr("fd00:ec2::254")}

// keys are what requests are signed with: those of the settings, or the machine's, or those of a role that is assumed with
// them.
type keys struct {
	settings *Settings
	door     *door
	maker    *httpkit.Maker
	region   string
	session  string
	now      func() time.Time

	mu      sync.Mutex
	machine aws.CredentialsProvider // the machine's own; nil: not looked for yet
	role    aws.Credentials         // of the role's session
}

// noKeys is what is said to an account that may not use the machine's credentials.
const noKeys = "is required: the credentials of the machine that the hub runs on are for the operator's own account alone"

// get gives credentials that are valid now. What it asks for is not recorded, since the answers are secrets; for a dry run
// nothing is asked for, and nothing is signed by what it gives.
func (k *keys) get(ctx context.Context) (aws.Credentials, error) {
	if e := httpkit.ExchangeOf(ctx); e != nil && e.DryRun {
		return aws.Credentials{AccessKeyID: "DRYRUN", SecretAccessKey: "DRYRUN"}, nil
	}
	ctx = httpkit.WithExchange(ctx, nil)
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.settings.RoleARN == "" {
		return k.own(ctx)
	}
	if k.role.HasKeys() && k.now().Before(k.role.Expires.Add(-renewBefore)) {
		return k.role, nil
	}
	own, err := k.own(ctx)
	if err != nil {
		return aws.Credentials{}, err
	}
	k.role, err = k.assume(ctx, own)
	return k.role, err
}

// renew forgets credentials that AWS says have ended.
func (k *keys) renew() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.role = aws.Credentials{}
	if cache, ok := k.machine.(*aws.CredentialsCache); ok {
		cache.Invalidate()
	}
}

// own are the credentials of the settings, or of the machine.
func (k *keys) own(ctx context.Context) (aws.Credentials, error) {
	if s := k.settings; s.AccessKeyID != "" {
		return aws.Credentials{AccessKeyID: s.AccessKeyID, SecretAccessKey: s.SecretAccessKey.Reveal(), Source: "settings"}, nil
	}
	if k.machine == nil {
		found, err := k.find(ctx)
		if err != nil {
			return aws.Credentials{}, k.noneFound(ctx, err)
		}
		k.machine = found
	}
	c, err := k.machine.Retrieve(ctx)
	if err != nil {
		return aws.Credentials{}, k.noneFound(ctx, err)
	}
	return c, nil
}

// find goes along the SDK's default chain: environment, shared files, container, instance. All requests that it makes go
// through the door, so that the guard decides whether a metadata service may be asked.
func (k *keys) find(ctx context.Context) (aws.CredentialsProvider, error) {
	state := imds.ClientDisabled
	for _, a := range metadataAddresses {
		if k.maker.CheckAddress(a) == nil {
			state = imds.ClientEnabled
		}
	}
	cfg, err := config.LoadDefaultConfig(ctx,
		config.WithRegion(k.region), config.WithHTTPClient(k.door), config.WithLogger(logging.Nop{}),
		config.WithDefaultsMode(aws.DefaultsModeLegacy),
		config.WithRetryer(func() aws.Retryer { return aws.NopRetryer{} }),
		config.WithAPIOptions([]func(*middleware.Stack) error{bare}),
		config.WithEC2IMDSClientEnableState(state),
		// The provider of a container's credentials would make a client of its own.
		config.WithEndpointCredentialOptions(func(o *endpointcreds.Options) { o.HTTPClient = k.door }),
	)
	if err != nil {
		return nil, err
	}
	if cfg.Credentials == nil {
		return nil, errors.New("the SDK found none")
	}
	return cfg.Credentials, nil
}

// noneFound is what is said when the machine has no credentials. It is worth another try: a metadata service may be late.
func (k *keys) noneFound(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("looking for the machine's credentials: %w", context.Cause(ctx))
	}
	return fmt.Errorf("no access_key_id is set, and the machine that the hub runs on has no AWS credentials (a metadata service is asked "+
		"only if egress.allow names its address): %s", k.maker.MaskText(clip(err.Error())))
}

// assume begins a session of the role.
func (k *keys) assume(ctx context.Context, own aws.Credentials) (aws.Credentials, error) {
	client := sts.New(sts.Options{
		Region: k.region, Credentials: credentials.StaticCredentialsProvider{Value: own}, HTTPClient: k.door, Retryer: aws.NopRetryer{},
		BaseEndpoint: endpoint(k.settings), APIOptions: []func(*middleware.Stack) error{bare}, Logger: logging.Nop{},
	})
	input := &sts.AssumeRoleInput{RoleArn: aws.String(k.settings.RoleARN), RoleSessionName: aws.String(k.session)}
	if k.settings.ExternalID != "" {
		input.ExternalId = aws.String(k.settings.ExternalID)
	}
	c := &call{}
	out, err := client.AssumeRole(withCall(ctx, c), input)
	a := action{
		name: "AssumeRole", doing: "assuming the role " + k.settings.RoleARN,
		needs: "sts:AssumeRole on " + k.settings.RoleARN + ", and the role's trust policy must name them (and external_id, if it asks for one)",
	}
	if err := judge(a, c, err, k.now()); err != nil {
		return aws.Credentials{}, err
	}
	if out.Credentials == nil || out.Credentials.Expiration == nil {
		return aws.Credentials{}, fmt.Errorf("%s: the answer holds no credentials", a.doing)
	}
	return aws.Credentials{
		AccessKeyID: deref(out.Credentials.AccessKeyId), SecretAccessKey: deref(out.Credentials.SecretAccessKey),
		SessionToken: deref(out.Credentials.SessionToken), CanExpire: true, Expires: *out.Credentials.Expiration, Source: "role",
	}, nil
}

// sessionName is what AWS's own log (CloudTrail) names the hub by.
func sessionName(env *connector.Env) string {
	name := "tocsin"
	if env.Integration != "" {
		name += "-" + env.Integration
	}
	clean := strings.Map(func(r rune) rune {
		if r < 0x80 && (nameForm.MatchString(string(r)) || strings.ContainsRune("+=,.@", r)) {
			return r
		}
		return '-'
	}, name)
	return clean[:min(len(clean), maxSessionName)]
}

// endpoint is what the settings say instead of AWS's own; nil: nothing.
func endpoint(s *Settings) *string {
	if s.BaseURL == "" {
		return nil
	}
	return aws.String(s.BaseURL)
}
