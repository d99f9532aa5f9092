package elastic

import (
	"encoding/base64"
	"errors"
	"net"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// errCloudID says what a cloud id looks like.
var errCloudID = errors.New("is not a cloud id: copy it from the deployment's page, name:base64")

var (
	hostName   = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$`)
	deployment = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$`)
)

// cloudURL reads a cloud id, "name:base64(host$elasticsearch$kibana)": host may have a port, as may the name of the
// Elasticsearch in front of it; 443 is left out.
func cloudURL(id string) (string, error) {
	_, encoded, ok := strings.Cut(strings.TrimSpace(id), ":")
	if !ok {
		return "", errCloudID
	}
	raw, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		if raw, err = base64.RawStdEncoding.DecodeString(encoded); err != nil {
			return "", errCloudID
		}
	}
	parts := strings.Split(string(raw), "$")
	if len(parts) < 2 {
		return "", errCloudID
	}
	host, port := hostPort(parts[0], "443")
	name, port := hostPort(parts[1], port)
	if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 || !hostName.MatchString(host) || !deployment.MatchString(name) {
		return "", errCloudID
	}
	u := url.URL{Scheme: "https", Host: name + "." + host}
	if port != "443" {
		u.Host = net.JoinHostPort(u.Host, port)
	}
	return u.String(), nil
}

// hostPort takes the port off a name; otherwise is the one of a name without.
func hostPort(text, otherwise string) (host, port string) {
	if host, port, ok := strings.Cut(text, ":"); ok {
		return host, port
	}
	return text, otherwise
}

func checkCloudID(text string) error {
	_, err := cloudURL(text)
	return err
}
