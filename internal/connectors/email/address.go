package email

import (
	"errors"
	"fmt"
	"net/mail"
	"net/netip"
	"regexp"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// Limits of an address (RFC 5321 §4.5.3.1).
const (
	maxAddress     = 254
	maxAddressText = 400 // with its name
)

// plainAddress is an address without quotes, comments or anything else that another parser might read otherwise. Its domain
// is in ASCII.
var plainAddress = regexp.MustCompile("^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)(\\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*$")

// parseAddress reads an address with or without a name.
func parseAddress(text string) (*mail.Address, error) {
	a, err := mail.ParseAddress(text)
	if err != nil {
		return nil, errors.New("must be one address, such as soc@example.com or SOC <soc@example.com>")
	}
	if len(a.Address) > maxAddress || !plainAddress.MatchString(a.Address) {
		return nil, errors.New("must be an ordinary address in ASCII; a domain with other letters is written with xn--")
	}
	if strings.ContainsFunc(a.Name, event.Hidden) {
		return nil, errors.New("must not have control characters in its name")
	}
	return a, nil
}

func checkAddress(text string) error {
	_, err := parseAddress(text)
	return err
}

// addresses parses what the settings have checked.
func addresses(texts []string) ([]*mail.Address, error) {
	list := make([]*mail.Address, len(texts))
	for i, text := range texts {
		a, err := parseAddress(text)
		if err != nil {
			return nil, fmt.Errorf("reading the address %q: %w", text, err)
		}
		list[i] = a
	}
	return list, nil
}

// repeated gives for each address the index of the first one that is the same.
func repeated(texts []string) []int {
	first := map[string]int{}
	at := make([]int, len(texts))
	for i, text := range texts {
		at[i] = i
		a, err := parseAddress(text)
		if err != nil {
			continue // the field's own check has said so
		}
		key := strings.ToLower(a.Address)
		if j, ok := first[key]; ok {
			at[i] = j
			continue
		}
		first[key] = i
	}
	return at
}

// domainOf is what stands after the @.
func domainOf(address string) string { return address[strings.LastIndexByte(address, '@')+1:] }

var hostName = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_.])?$`)

// checkHost refuses what is neither a host's name nor an address; whether it may be reached is for the guard to say.
func checkHost(text string) error {
	if _, err := netip.ParseAddr(text); err == nil || hostName.MatchString(text) {
		return nil
	}
	return errors.New("must be the name or address of a host, without a port")
}
