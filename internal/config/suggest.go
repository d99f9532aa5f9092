package config

import (
	"fmt"
	"strings"
)

// didYouMean gives ": did you mean …?" when one of the names is close to what was written, else "".
func didYouMean(written string, names []string) string {
	best, least := "", max(2, len(written)/4)+1
	for _, name := range names {
		if d := distance(normal(written), normal(name)); d < least {
			best, least = name, d
		}
		// A key without its group ("max_age") or with a wrong one still has a good ending.
		if tail := name[strings.LastIndexByte(name, '.')+1:]; tail == written && best == "" {
			best = name
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(": did you mean %s?", best)
}

// normal makes the spellings that people mix up equal.
func normal(s string) string {
	return strings.NewReplacer("-", "_", ".", "_").Replace(strings.ToLower(s))
}

// distance is the number of single-character edits between two short texts (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j]+1, row[j+1]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
