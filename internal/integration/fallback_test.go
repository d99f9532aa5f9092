package integration

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/store"
)

func withFallback(to store.Integration) string { return fmt.Sprintf(`{"fallback":%q}`, idText(to)) }

func (f *fixture) update(t *testing.T, i store.Integration, patch string) (store.Integration, error) {
	t.Helper()
	return f.Update(t.Context(), account, i.ID, 0, []byte(patch))
}

func TestFallbackField(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := f.create(t, `{"name":"B"}`)
	a := f.create(t, `{"name":"A","fallback":"`+idText(b)+`"}`)
	if a.Fallback != b.ID || f.lanes.last(t).Fallback != b.ID {
		t.Fatalf("the fallback is %v", a.Fallback)
	}
	foreign, err := f.Create(t.Context(), "other", object(t, `{"name":"X"}`))
	if err != nil {
		t.Fatal(err)
	}
	c := f.create(t, `{"name":"C"}`)
	if _, err := f.update(t, b, withFallback(c)); err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string]struct {
		i     store.Integration
		patch string
		want  string
	}{
		"itself":            {a, withFallback(a), "must be another integration"},
		"a loop of two":     {b, withFallback(a), "lead back"},
		"a loop of three":   {c, withFallback(a), "lead back"},
		"another account's": {a, withFallback(foreign), "no integration of this account"},
		"nobody's":          {a, `{"fallback":"` + event.NewID().Text(event.PrefixIntegration) + `"}`, "no integration of this account"},
		"no id":             {a, `{"fallback":"int_1"}`, ""},
		"no text":           {a, `{"fallback":7}`, "must be a text"},
	} {
		_, err := f.update(t, bad.i, bad.patch)
		if err == nil || paths(t, err)[0] != "fallback" || !strings.Contains(err.Error(), bad.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if a, err = f.update(t, a, `{"owner":"soc"}`); err != nil || a.Fallback != b.ID {
		t.Fatalf("another change: %v, %v", a.Fallback, err)
	}
	if a, err = f.update(t, a, `{"fallback":null}`); err != nil || !a.Fallback.IsZero() || !f.lanes.last(t).Fallback.IsZero() {
		t.Fatalf("null: %v, %v", a.Fallback, err)
	}
}

// Who is somebody's fallback is deleted with force only, and then the others know.
func TestDeleteFallback(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := f.create(t, `{"name":"B"}`)
	a := f.create(t, `{"name":"A","fallback":"`+idText(b)+`"}`)
	var refused *FallbackError
	if err := f.Delete(t.Context(), account, b.ID, 0, false); !errors.As(err, &refused) || len(refused.Names) != 1 || !strings.Contains(refused.Error(), `"A"`) {
		t.Fatalf("got %v", err)
	}
	if err := f.Delete(t.Context(), account, b.ID, 0, true); err != nil {
		t.Fatal(err)
	}
	got, err := f.Get(t.Context(), account, a.ID)
	if err != nil || !got.Fallback.IsZero() || got.Version != a.Version+1 || !f.lanes.last(t).Fallback.IsZero() || f.lanes.last(t).ID != a.ID {
		t.Fatalf("%+v, %v", got, err)
	}
}

func TestFallbackWarnings(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := f.create(t, `{"name":"B"}`)
	a := f.create(t, `{"name":"A","fallback":"`+idText(b)+`"}`)
	said := func(want string) {
		t.Helper()
		for _, w := range f.Warnings(a) {
			if w.Field == "fallback" {
				if want == "" || !strings.Contains(w.Message, want) {
					t.Errorf("it warns of %s, want %q", w.Message, want)
				}
				return
			}
		}
		if want != "" {
			t.Errorf("it does not warn of %q", want)
		}
	}
	said("")
	if _, err := f.Pause(t.Context(), account, b.ID); err != nil {
		t.Fatal(err)
	}
	said("is paused")
	if _, err := f.Disable(t.Context(), account, b.ID, ""); err != nil {
		t.Fatal(err)
	}
	said("is disabled")
	if err := f.Delete(t.Context(), account, b.ID, 0, true); err != nil {
		t.Fatal(err)
	}
	said("is gone")
}
