package torture

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// shortRotEvents is how large a backlog is in the short form.
const shortRotEvents = 5000

// rotFault flips bits in the journal of a stopped or killed hub, each round on data of its own: see RunDamage.
func rotFault() Fault {
	return Fault{
		Name: "rot", What: "1–4 bits flipped in the journal's files, old and new", Long: 40, Short: 1,
		run: func(ctx context.Context, b *Bench, row *Row, rounds int) error {
			total := DamageResult{}
			for i := range rounds {
				s := stand{name: fmt.Sprintf("%03d", i+1)}
				hub, err := b.hub(ctx, row, &s)
				if err != nil {
					return err
				}
				c := DamageConfig{
					Hub: hub, DataDir: hub.DataDir, Log: hub.Log, Seed: b.Seed + uint64(i), DrainTime: b.DrainTime, ReadyTime: b.ReadyTime,
				}
				if b.Short {
					c.Events = shortRotEvents
				}
				r, err := RunDamage(ctx, c)
				if err != nil {
					return fmt.Errorf("round %d: %w", i+1, err)
				}
				total.Add(r)
				row.Rounds++
				row.Acked += r.Events
				row.Duplicates += r.Duplicates
				for kind, one := range r.Violations {
					for _, d := range one.details {
						row.violate(kind, "seed %d: %s", c.Seed, d)
					}
				}
				if err := r.Err(); err == nil && !b.Keep {
					err = os.RemoveAll(filepath.Join(b.folder(row.Fault), s.name))
					if err != nil {
						return errors.Join(errors.New("removing a round's data"), err)
					}
				}
			}
			row.Lost = int(total.Missing) // what a flipped bit destroys is lost; the verdict is about its being admitted
			row.note("%s", total.Line())
			return nil
		},
	}
}
