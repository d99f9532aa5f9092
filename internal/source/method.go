package source

import "slices"

// The methods: how a sender proves that a request is the source's.
const (
	APIKey           = "api_key"           // an API key of the account that may send events
	Bearer           = "bearer"            // Authorization: Bearer <secret>
	Basic            = "basic"             // Authorization: Basic <user:secret>
	Header           = "header"            // a header that holds the secret
	HMAC             = "hmac"              // a header with a keyed hash of the body
	GitHub           = "github"            // X-Hub-Signature-256
	StandardWebhooks = "standard_webhooks" // webhook-id, webhook-timestamp, webhook-signature
	Tocsin           = "tocsin"            // X-Tocsin-Signature: another hub's webhook
	MTLS             = "mtls"              // a client certificate
	None             = "none"              // nothing: whoever knows the URL may send
)

// Method describes a method for people.
type Method struct {
	Name, Title string
	// Fields are the settings that it uses, beside method itself.
	Fields []string
	// Needs are those of them that must be set.
	Needs []string
}

const (
	fieldSecret   = "secret"
	fieldPrevious = "previous_secret"
)

var methods = [...]Method{
	{APIKey, "An API key of the account, with the scope events:write", nil, nil},
	{Bearer, "A bearer token", []string{fieldSecret, fieldPrevious}, []string{fieldSecret}},
	{Basic, "A user name and password", []string{"username", fieldSecret, fieldPrevious}, []string{"username", fieldSecret}},
	{Header, "A header with a secret", []string{"header", fieldSecret, fieldPrevious}, []string{"header", fieldSecret}},
	{HMAC, "A header with an HMAC signature",
		[]string{"header", fieldSecret, fieldPrevious, "algorithm", "encoding", "prefix", "timestamp_header", "signed", "tolerance"},
		[]string{"header", fieldSecret}},
	{GitHub, "GitHub's signature", []string{fieldSecret, fieldPrevious}, []string{fieldSecret}},
	{StandardWebhooks, "A Standard Webhooks signature", []string{fieldSecret, fieldPrevious, "tolerance"}, []string{fieldSecret}},
	{Tocsin, "The signature of another Tocsin", []string{fieldSecret, fieldPrevious, "tolerance"}, []string{fieldSecret}},
	{MTLS, "A TLS client certificate", []string{"ca_bundle", "subject"}, []string{"ca_bundle"}},
	{None, "Nothing: whoever knows the URL may send", nil, nil},
}

// Methods lists the methods in the order shown.
func Methods() []Method { return slices.Clone(methods[:]) }

func methodNames() []string {
	names := make([]string, len(methods))
	for i, m := range methods {
		names[i] = m.Name
	}
	return names
}

// methodOf finds a method; the default one for a name that there is not.
func methodOf(name string) *Method {
	for i := range methods {
		if methods[i].Name == name {
			return &methods[i]
		}
	}
	return &methods[0]
}

func (m *Method) uses(field string) bool {
	return field == "method" || slices.Contains(m.Fields, field)
}

// hasSecret says whether the method has a secret of its own.
func (m *Method) hasSecret() bool { return slices.Contains(m.Fields, fieldSecret) }
