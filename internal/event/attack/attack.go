// Package attack knows the techniques of MITRE ATT&CK for enterprises by their ids: names and tactics, no prose. What is not
// here (a sender's own id, or a newer one) is to be shown as it is.
package attack

import (
	_ "embed"
	"slices"
	"strings"
	"sync"
)

// Version is the version of ATT&CK that the list is of.
const Version = "18.0"

// Attribution is what MITRE's terms of use (https://attack.mitre.org/resources/legal-and-branding/terms-of-use/) ask to be
// shown with the list.
const Attribution = "© 2025 The MITRE Corporation. This work is reproduced and distributed with the permission of The MITRE Corporation. " +
	"MITRE ATT&CK® is a registered trademark of The MITRE Corporation."

// list has a line for each technique: its id, its tactics, its name. The lines that follow one and begin with a dot are its
// sub-techniques, which have its tactics.
//
//go:embed techniques.txt
var list string

// tactics are the tactics by the short names that they have in list, in the order of the matrix.
var tactics = [...][2]string{
	{"re", "reconnaissance"}, {"rd", "resource-development"}, {"ia", "initial-access"}, {"ex", "execution"}, {"pe", "persistence"},
	{"pr", "privilege-escalation"}, {"de", "defense-evasion"}, {"ca", "credential-access"}, {"di", "discovery"}, {"la", "lateral-movement"},
	{"co", "collection"}, {"c2", "command-and-control"}, {"xf", "exfiltration"}, {"im", "impact"},
}

// Technique is a technique or a sub-technique.
type Technique struct {
	ID      string // "T1110", "T1110.001"
	Name    string // "Brute Force", "Password Guessing"
	Tactics []string
}

// Techniques gives all of them by id. The caller must not change what it gets.
func Techniques() []Technique { return parsed() }

// Lookup finds a technique by its id, whatever its case.
func Lookup(id string) (Technique, bool) {
	id = strings.ToUpper(strings.TrimSpace(id))
	all := parsed()
	i, ok := slices.BinarySearchFunc(all, id, func(t Technique, id string) int { return strings.Compare(t.ID, id) })
	if !ok {
		return Technique{}, false
	}
	return all[i], true
}

// Tactics gives the names of the tactics in the order of the matrix.
func Tactics() []string {
	names := make([]string, len(tactics))
	for i, t := range tactics {
		names[i] = t[1]
	}
	return names
}

// parsed reads the list. A test holds each line to its form.
var parsed = sync.OnceValue(func() []Technique {
	var all []Technique
	var of Technique
	for line := range strings.Lines(list) {
		line = strings.TrimSpace(line)
		id, rest, _ := strings.Cut(line, " ")
		if strings.HasPrefix(id, ".") {
			all = append(all, Technique{of.ID + id, rest, of.Tactics})
			continue
		}
		short, name, _ := strings.Cut(rest, " ")
		of = Technique{id, name, tacticsOf(short)}
		all = append(all, of)
	}
	return all
})

// tacticsOf reads short names with commas between, and gives the names in the order of the matrix.
func tacticsOf(short string) []string {
	var names []string
	wanted := strings.Split(short, ",")
	for _, t := range tactics {
		if slices.Contains(wanted, t[0]) {
			names = append(names, t[1])
		}
	}
	return names
}
