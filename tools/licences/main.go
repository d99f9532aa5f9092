// Command licences checks that everything linked into bin/tocsin has a licence that may stand beside Apache-2.0, and
// prints which. It reads the licence files that came with the modules; it needs no network once they are downloaded.
//
// Usage: go run -C tools ./licences ../cmd/tocsin
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// licences are told apart by a phrase that stands in no other; the first that fits wins.
var licences = []struct{ phrase, name string }{
	{"Mozilla Public License Version 2.0", "MPL-2.0"},
	{"Mozilla Public License, version 2.0", "MPL-2.0"},
	{"Apache License Version 2.0", "Apache-2.0"},
	{"Permission is hereby granted, free of charge", "MIT"},
	{"Permission to use, copy, modify, and/or distribute this software for any purpose", "ISC"},
	{"Permission to use, copy, modify, and distribute this software for any purpose", "ISC"},
	{"This is free and unencumbered software released into the public domain", "Unlicense"},
	{"Neither the name of", "BSD-3-Clause"},
	{"Redistribution and use in source and binary forms", "BSD-2-Clause"},
}

type module struct {
	Path, Version, Dir string
	Main               bool
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: licences DIRECTORY-OF-THE-MAIN-PACKAGE")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "licences:", err)
		os.Exit(1)
	}
}

func run(dir string, out io.Writer) error {
	modules, err := linked(dir)
	if err != nil {
		return err
	}
	var unknown []string
	for _, m := range modules {
		name, err := licenceOf(m.Dir)
		if err != nil {
			unknown = append(unknown, m.Path)
			name = err.Error()
		}
		fmt.Fprintf(out, "  %-14s %s %s\n", name, m.Path, m.Version)
	}
	if len(unknown) > 0 {
		return fmt.Errorf("look at the licences of: %s", strings.Join(unknown, ", "))
	}
	return nil
}

// linked lists the modules whose packages are part of the program, by path.
func linked(dir string) ([]module, error) {
	cmd := exec.Command("go", "list", "-deps", "-json=Module", ".")
	cmd.Dir, cmd.Stderr = dir, os.Stderr
	raw, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("listing the dependencies: %w", err)
	}
	seen := map[string]module{}
	for dec := json.NewDecoder(bytes.NewReader(raw)); ; {
		var pkg struct{ Module *module }
		if err := dec.Decode(&pkg); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, fmt.Errorf("reading the list of dependencies: %w", err)
		}
		if pkg.Module != nil && !pkg.Module.Main {
			seen[pkg.Module.Path] = *pkg.Module
		}
	}
	list := make([]module, 0, len(seen))
	for _, m := range seen {
		list = append(list, m)
	}
	slices.SortFunc(list, func(a, b module) int { return strings.Compare(a.Path, b.Path) })
	return list, nil
}

// licenceOf reads the licence file in a module's root.
func licenceOf(dir string) (string, error) {
	for _, pattern := range []string{"LICENSE*", "LICENCE*", "COPYING*", "License*"} {
		files, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			return "", err
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				return "", err
			}
			plain := strings.Join(strings.Fields(string(text)), " ")
			for _, l := range licences {
				if strings.Contains(plain, l.phrase) {
					return l.name, nil
				}
			}
		}
	}
	return "", errors.New("UNKNOWN")
}
