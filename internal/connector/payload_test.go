package connector

import (
	"errors"
	"reflect"
	"testing"

	"github.com/tocsin-hub/tocsin/internal/form"
)

func TestRest(t *testing.T) {
	t.Parallel()
	left, other, whole := errors.New("left out"), errors.New("refused"), errors.New("no route")
	for name, c := range map[string]struct {
		out  Rejected
		n    int
		err  error
		want error
	}{
		"nothing left out":     {nil, 3, whole, whole},
		"all taken":            {Rejected{}, 3, nil, nil},
		"the rest taken":       {Rejected{1: left}, 3, nil, Rejected{1: left}},
		"the whole failed":     {Rejected{1: left}, 3, whole, whole},
		"more refused, before": {Rejected{1: left}, 3, Rejected{0: other}, Rejected{0: other, 1: left}},
		"more refused, behind": {Rejected{0: left, 2: left}, 5, Rejected{1: other, 2: other}, Rejected{0: left, 2: left, 3: other, 4: other}},
	} {
		if got := c.out.Rest(c.n, c.err); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestPayloadCheck(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		payload Payload
		want    string
	}{
		"native":           {Payload{Profile: "native"}, ""},
		"nothing":          {Payload{}, ""},
		"no template":      {Payload{Profile: "template"}, "template is required with the profile template"},
		"a stray template": {Payload{Profile: "ocsf", Template: "{}"}, "template is only for the profile template"},
	} {
		var errs form.Errors
		c.payload.Check(&errs)
		got := ""
		if err := errs.Err(); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
