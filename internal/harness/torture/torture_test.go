package torture

import (
	"sync"
	"testing"
	"time"
)

func fakeConfig(t *testing.T, fault string, rounds int) Config {
	t.Helper()
	return Config{
		Hub: newFakeHub(t, fault), Rounds: rounds, Seed: 7, Rate: 500, Kills: 3, Life: 150 * time.Millisecond, Window: DefaultWindow,
		DrainTime: time.Minute, ReadyTime: 5 * time.Second, Out: t.Output(),
	}
}

// TestHonestHub: a hub that keeps its promises passes, kills and moods and all.
func TestHonestHub(t *testing.T) {
	t.Parallel()
	for _, fault := range []string{"", "spells differently"} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			r, err := Run(t.Context(), fakeConfig(t, fault, 2))
			if err != nil || r.Err() != nil {
				t.Fatal(err, r.Err())
			}
			if r.Rounds != 2 || r.Sums.acked == 0 || r.Kills == 0 || len(r.Recoveries) <= r.Kills-1 {
				t.Errorf("nothing was tortured: %+v", r)
			}
		})
	}
}

// TestFaultsAreFound: every way of breaking the contract is seen.
func TestFaultsAreFound(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes several seconds; left out with -short")
	}
	var all sync.WaitGroup // at once: they wait most of the time
	defer all.Wait()
	for fault, kind := range map[string]string{
		"loses some":                       "lost",
		"swaps two":                        "out of order",
		"spoils payloads":                  "wrong payload",
		"renames repeats":                  "another id",
		"changes keys":                     "another delivery key",
		"signs wrongly":                    "bad request",
		"forgets keys":                     "another id",
		"miscounts":                        "counts",
		"counts deliveries that were none": "counts",
		"repeats everything":               "too many duplicates",
	} {
		all.Go(func() {
			t.Run(fault, func(t *testing.T) {
				c := fakeConfig(t, fault, 8)
				if fault == "signs wrongly" {
					c.DrainTime = 5 * time.Second // it never drains
				}
				if fault == "repeats everything" {
					c.Window = 400 // what the stand-in saves and what is in flight, and a bit
				}
				r, err := Run(t.Context(), c)
				if err != nil {
					t.Fatal(err)
				}
				if r.Violations.count(kind) == 0 {
					t.Errorf("after %d rounds no %q among:\n%s", r.Rounds, kind, r.Violations)
				}
				if fault == "loses some" && r.Lost == 0 {
					t.Error("none is counted as lost")
				}
			})
		})
	}
}
