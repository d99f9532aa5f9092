package act

import (
	"context"
	"errors"
	"testing"
)

// journal is a recorder that remembers.
type journal struct {
	acts []Act
	ends []error
	err  error
}

func (j *journal) Begin(ctx context.Context, a Act) (Finish, error) {
	if j.err != nil {
		return nil, j.err
	}
	j.acts = append(j.acts, a)
	return func(err error) { j.ends = append(j.ends, err) }, nil
}

func TestDo(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	for name, c := range map[string]struct {
		begin, does, want error
		done              bool
	}{
		"done":         {done: true},
		"failed":       {does: broken, want: broken, done: true},
		"not recorded": {begin: broken, want: broken},
	} {
		j, done := &journal{err: c.begin}, false
		err := Do(t.Context(), j, Act{Action: "a.b"}, func(context.Context) error {
			done = true
			return c.does
		})
		if !errors.Is(err, c.want) || done != c.done {
			t.Errorf("%s: error %v, done %t", name, err, done)
		}
		if c.done && (len(j.ends) != 1 || !errors.Is(j.ends[0], c.does)) {
			t.Errorf("%s: ended with %v", name, j.ends)
		}
	}
}

func TestDoPanics(t *testing.T) {
	t.Parallel()
	j := &journal{}
	func() {
		defer func() {
			if recover() != "oh" {
				t.Error("the panic did not go on")
			}
		}()
		_ = Do(t.Context(), j, Act{}, func(context.Context) error { panic("oh") })
	}()
	if len(j.ends) != 1 || !errors.Is(j.ends[0], ErrPanicked) {
		t.Errorf("ended with %v", j.ends)
	}
}

func TestActor(t *testing.T) {
	t.Parallel()
	if a := From(t.Context()); a.Kind != KindSystem || !a.Admin {
		t.Errorf("without an actor: %+v", a)
	}
	want := Actor{Kind: KindUser, ID: "usr_1", Account: "acme"}
	if a := From(With(t.Context(), want)); a != want {
		t.Errorf("got %+v", a)
	}
}
