package eventtest

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// ecsField is one row of the schema's field list.
type ecsField struct {
	kind  string // "keyword", "ip", …
	array bool
}

// The values that the schema allows (https://www.elastic.co/docs/reference/ecs/ecs-category-field-values-reference).
var (
	ecsKinds      = []string{"alert", "asset", "enrichment", "event", "metric", "state", "pipeline_error", "signal"}
	ecsCategories = map[string][]string{ // with the types that each expects
		"api":                 {"access", "admin", "allowed", "change", "creation", "deletion", "denied", "end", "info", "start", "user"},
		"authentication":      {"start", "end", "info"},
		"configuration":       {"access", "change", "creation", "deletion", "info"},
		"database":            {"access", "change", "info", "error"},
		"driver":              {"change", "end", "info", "start"},
		"email":               {"info"},
		"file":                {"access", "change", "creation", "deletion", "info"},
		"host":                {"access", "change", "end", "info", "start"},
		"iam":                 {"admin", "change", "creation", "deletion", "group", "info", "user"},
		"intrusion_detection": {"allowed", "denied", "info"},
		"library":             {"start"},
		"malware":             {"info"},
		"network":             {"access", "allowed", "connection", "denied", "end", "info", "protocol", "start"},
		"package":             {"access", "change", "deletion", "info", "installation", "start"},
		"process":             {"access", "change", "end", "info", "start"},
		"registry":            {"access", "change", "creation", "deletion"},
		"session":             {"start", "end", "info"},
		"threat":              {"indicator"},
		"vulnerability":       {"info"},
		"web":                 {"access", "error", "info"},
	}
	ecsOutcomes = []string{"failure", "success", "unknown"}
)

// ECS checks that every field of a document is in the published list of fields, with a value of its type, as a list where
// the list says so and only there, or stands below "tocsin.".
func ECS(t testing.TB) Checker {
	t.Helper()
	fields := ecsFields(t)
	return func(b []byte) error {
		if err := OneLine(b); err != nil {
			return err
		}
		var doc map[string]any
		if err := json.Unmarshal(b, &doc); err != nil {
			return err
		}
		for _, want := range []string{"@timestamp", "ecs", "message", "event"} {
			if _, ok := doc[want]; !ok {
				return fmt.Errorf("%s is missing", want)
			}
		}
		return ecsObject(fields, "", doc)
	}
}

func ecsFields(t testing.TB) map[string]ecsField {
	t.Helper()
	file, err := os.Open(Shared(t, "specs", "elastic-ecs", "fields.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close() //nolint:errcheck // only read
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	fields := map[string]ecsField{}
	for _, row := range rows[1:] {
		fields[row[3]] = ecsField{kind: row[4], array: row[6] == "array"}
	}
	if len(fields) < 2000 {
		t.Fatalf("only %d fields", len(fields))
	}
	return fields
}

func ecsObject(fields map[string]ecsField, prefix string, object map[string]any) error {
	for name, value := range object {
		path := prefix + name
		if path == "tocsin" {
			continue
		}
		if path == "labels" {
			if err := ecsLabels(value); err != nil {
				return err
			}
			continue
		}
		field, known := fields[path]
		if sub, ok := value.(map[string]any); ok && (!known || field.kind == "object") {
			if len(sub) == 0 {
				return fmt.Errorf("%s is empty", path)
			}
			if err := ecsObject(fields, path+".", sub); err != nil {
				return err
			}
			continue
		}
		if !known {
			return fmt.Errorf("the schema has no field %s", path)
		}
		if err := ecsValue(path, field, value); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	return nil
}

func ecsLabels(value any) error {
	labels, ok := value.(map[string]any)
	if !ok {
		return fmt.Errorf("labels are %v", value)
	}
	for name, v := range labels {
		if _, text := v.(string); !text || name == "" || strings.Contains(name, ".") {
			return fmt.Errorf("label %q: %v", name, v)
		}
	}
	return nil
}

func ecsValue(path string, field ecsField, value any) error {
	list, isList := value.([]any)
	if isList != field.array {
		return fmt.Errorf("list %t, the schema says %t", isList, field.array)
	}
	if !isList {
		list = []any{value}
	}
	if len(list) == 0 {
		return fmt.Errorf("an empty list")
	}
	for _, v := range list {
		if err := ecsScalar(field.kind, v); err != nil {
			return err
		}
		if err := ecsAllowed(path, v); err != nil {
			return err
		}
	}
	return nil
}

func ecsScalar(kind string, v any) error {
	text, isText := v.(string)
	number, isNumber := v.(float64)
	ok := false
	switch kind {
	case "keyword", "wildcard", "match_only_text", "constant_keyword":
		ok = isText && text != ""
	case "long", "integer":
		ok = isNumber && number == float64(int64(number))
	case "float", "double", "scaled_float":
		ok = isNumber
	case "boolean":
		_, ok = v.(bool)
	case "date":
		_, err := time.Parse(time.RFC3339Nano, text)
		ok = isText && err == nil
	case "ip":
		_, err := netip.ParseAddr(text)
		ok = isText && err == nil
	}
	if !ok {
		return fmt.Errorf("%v is not of type %s", v, kind)
	}
	return nil
}

func ecsAllowed(path string, v any) error {
	allowed := true
	switch path {
	case "event.kind":
		allowed = slices.Contains(ecsKinds, v.(string))
	case "event.category":
		_, allowed = ecsCategories[v.(string)]
	case "event.outcome":
		allowed = slices.Contains(ecsOutcomes, v.(string))
	}
	if !allowed {
		return fmt.Errorf("%v is not allowed", v)
	}
	return nil
}

// ECSCategory says whether the schema expects these types with one of these categories each.
func ECSCategory(categories, types []string) error {
	for _, t := range types {
		if !slices.ContainsFunc(categories, func(c string) bool { return slices.Contains(ecsCategories[c], t) }) {
			return fmt.Errorf("type %s goes with none of %v", t, categories)
		}
	}
	for _, c := range categories {
		if _, known := ecsCategories[c]; !known {
			return fmt.Errorf("there is no category %s", c)
		}
	}
	return nil
}
