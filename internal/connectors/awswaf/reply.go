package awswaf

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/wafv2/types"
	"github.com/aws/smithy-go"

	"github.com/tocsin-hub/tocsin/internal/connector"
	"github.com/tocsin-hub/tocsin/internal/connector/httpkit"
)

// maxReason bounds what is quoted of an answer, in bytes.
const maxReason = 300

// The codes by what they mean: those of the service's model, and those that all of AWS's services have in common
// (https://docs.aws.amazon.com/waf/latest/APIReference/CommonErrors.html; the ones of throttling as in the SDKs,
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html).
var (
	throttled = []string{
		"Throttling", "ThrottlingException", "ThrottledException", "RequestThrottled", "RequestThrottledException",
		"RequestLimitExceeded", "TooManyRequestsException", "BandwidthLimitExceeded", "LimitExceededException", "SlowDown", "PriorRequestNotComplete",
	}
	passingFaults = []string{
		"WAFInternalErrorException", "WAFUnavailableEntityException", "WAFTagOperationException", "WAFTagOperationInternalErrorException",
		"InternalFailure", "InternalError", "InternalServerError", "InternalServiceError", "ServiceUnavailable", "ServiceUnavailableException",
		"RequestTimeout", "RequestTimeoutException", "IDPCommunicationError",
	}
	forbidden = []string{"AccessDeniedException", "AccessDenied", "UnauthorizedOperation", "NotAuthorized", "UnauthorizedAccess"}
	badKeys   = []string{
		"UnrecognizedClientException", "InvalidClientTokenId", "InvalidSignatureException", "SignatureDoesNotMatch", "IncompleteSignature",
		"IncompleteSignatureException", "MissingAuthenticationToken", "MissingAuthenticationTokenException", "AuthFailure", "NotAuthenticated",
	}
	ended = []string{"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"}
	late  = []string{"RequestExpired", "RequestTimeTooSkewed", "RequestInTheFuture"}
)

// errForbidden says that the credentials are good and do not allow what was asked for.
var errForbidden = errors.New("the credentials do not allow it")

// errEnded says that temporary credentials have ended: new ones are to be had.
var errEnded = errors.New("the temporary credentials have ended")

// action is one operation of the API, as errors speak of it.
type action struct {
	name  string // "GetIPSet"
	doing string // "reading the IP set tocsin"
	needs string // "wafv2:GetIPSet on the IP set tocsin"
}

// judge turns what came of a request into nil or a classified error. It is pure.
func judge(a action, c *call, err error, now time.Time) error {
	switch {
	case err == nil:
		return nil
	case c.err != nil:
		return fmt.Errorf("%s: %w", a.doing, c.err)
	case c.resp == nil: // the SDK itself refuses to make the request
		return connector.Permanent(fmt.Errorf("%s: the request could not be made: %s", a.doing, clip(err.Error())))
	}
	var of smithy.APIError
	if c.resp.Status >= 200 && c.resp.Status <= 299 || !errors.As(err, &of) || of.ErrorCode() == "UnknownError" {
		return judgeStranger(a, c.resp, now)
	}
	return fmt.Errorf("%s: %w", a.doing, judgeCode(a, c.resp, of, now))
}

// judgeStranger judges what AWS would not answer: what is in between does.
func judgeStranger(a action, resp *httpkit.Response, now time.Time) error {
	if err := connector.ClassifyStatus(resp, now); err != nil {
		return fmt.Errorf("%s: what answers there %w", a.doing, err)
	}
	return fmt.Errorf("%s: the answer %d is not AWS's; it begins: %s", a.doing, resp.Status, resp.Excerpt(maxReason))
}

func judgeCode(a action, resp *httpkit.Response, of smithy.APIError, now time.Time) error {
	code := of.ErrorCode()
	said := fmt.Errorf("AWS answered %s: %s", quote(resp, code), quote(resp, reasonOf(of)))
	is := func(codes []string) bool { return slices.Contains(codes, code) }
	switch {
	case code == "WAFOptimisticLockException":
		return fmt.Errorf("%w (%w)", connector.ErrStale, said)
	case code == "WAFLimitsExceededException":
		return connector.Permanent(fmt.Errorf("%w: %w: an IP set holds at most %d addresses", connector.ErrFull, said, maxAddresses))
	case code == "WAFNonexistentItemException":
		return connector.Permanent(fmt.Errorf("%w: it is not there (any more): create it, or put the ARN of the set that is there "+
			"into the settings; a new one may need some minutes", said))
	case is(throttled), resp.Status == http.StatusTooManyRequests:
		return connector.Throttled(fmt.Errorf("%w: too many requests for the account and region", said),
			httpkit.ParseRetryAfter(resp.Header.Get("Retry-After"), now))
	case is(forbidden):
		return connector.Permanent(fmt.Errorf("%w: %w: they need %s", said, errForbidden, a.needs))
	case is(ended):
		return fmt.Errorf("%w: %w", errEnded, said)
	case is(late), is(badKeys) && aboutTime(of.ErrorMessage()):
		return fmt.Errorf("%w: the hub's clock and AWS's are too far apart", said)
	case is(badKeys):
		return connector.Permanent(fmt.Errorf("%w: the access key was refused: check access_key_id and secret_access_key, and that the key is active", said))
	case code == "OptInRequired", code == "RegionDisabledException":
		return connector.Permanent(fmt.Errorf("%w: the account does not use the region", said))
	case is(passingFaults), resp.Status >= 500:
		return fmt.Errorf("%w: trouble on the other side, the hub tries again", said)
	}
	return connector.Permanent(said)
}

// aboutTime tells a signature that came too late, or too early, from one that is wrong: the code is the same.
func aboutTime(message string) bool {
	return strings.Contains(message, "Signature expired") || strings.Contains(message, "Signature not yet current")
}

// reasonOf is the message, with what a parameter that is not valid is about.
func reasonOf(of smithy.APIError) string {
	text := of.ErrorMessage()
	var invalid *types.WAFInvalidParameterException
	if errors.As(of, &invalid) {
		more := strings.Trim(string(invalid.Field)+" "+deref(invalid.Parameter)+" "+deref(invalid.Reason), " ")
		text = strings.TrimSuffix(text+" ("+more+")", " ()")
	}
	if text == "" {
		return "no reason given"
	}
	return text
}

// quote is a text of the answer as an error may hold it: one line, not long, with secrets masked.
func quote(resp *httpkit.Response, text string) string {
	part := *resp
	part.Body = []byte(text)
	return part.Excerpt(maxReason)
}

// clip is a text that is not of an answer, as an error may hold it.
func clip(text string) string { return (&httpkit.Response{Body: []byte(text)}).Excerpt(maxReason) }

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// maybeDone says whether a request may have been carried out although its answer does not say so: it was sent, and lost, or
// answered by somebody who cannot know.
func maybeDone(c *call, err error) bool {
	switch {
	case err == nil:
		return false
	case c.resp != nil: // a fault inside may come after the change
		return c.resp.Status >= 500 || c.resp.Status >= 200 && c.resp.Status <= 299
	}
	return c.err != nil && !neverSent(c.err)
}

// neverSent says whether a failed request surely did not leave: there was no connection to send it over.
func neverSent(err error) bool {
	var (
		slow    *httpkit.TimeoutError
		proxied *httpkit.ProxyError
		op      *net.OpError
		name    *net.DNSError
		cert    *tls.CertificateVerificationError
		unknown x509.UnknownAuthorityError
		record  tls.RecordHeaderError
		alert   tls.AlertError
	)
	switch {
	case errors.Is(err, httpkit.ErrDryRun), errors.Is(err, httpkit.ErrForbiddenAddress), errors.Is(err, httpkit.ErrURL), errors.Is(err, errLongRequest):
		return true
	case errors.As(err, &slow):
		return slow.Phase == "connect"
	case errors.As(err, &op) && op.Op == "dial":
		return true
	}
	return errors.As(err, &proxied) || errors.As(err, &name) || errors.As(err, &cert) || errors.As(err, &unknown) ||
		errors.As(err, &record) || errors.As(err, &alert)
}
