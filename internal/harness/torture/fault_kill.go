package torture

import "context"

// killFault is SIGKILL at the failpoints and at random times, while the receivers change their moods: see Run.
func killFault() Fault {
	return Fault{
		Name: "kill", What: "SIGKILL at each named failpoint and at random, receivers in changing moods", Long: 200, Short: 3,
		run: func(ctx context.Context, b *Bench, row *Row, rounds int) error {
			hub, err := b.hub(ctx, row, &stand{})
			if err != nil {
				return err
			}
			r, err := Run(ctx, Config{
				Hub: hub, Rounds: rounds, Seed: b.Seed, Rate: b.Rate, Kills: b.Kills, Life: b.Life, Window: b.Window,
				DrainTime: b.DrainTime, ReadyTime: b.ReadyTime, Out: b.Out,
			})
			row.Rounds = r.Rounds
			row.add(&r.Sums, r.Violations, r.Lost)
			row.note("%d kills and stops (at failpoints: %s)", r.Kills, points(r.Points))
			row.note("at most %d duplicates per kill and integration", r.MaxDuplicates)
			if r.CutOff > 0 {
				row.note("%d events counted as lost that were never acknowledged (frames cut off in the middle of their write)", r.CutOff)
			}
			row.note("recovery p50 %v, p99 %v, max %v", quantile(r.Recoveries, 0.5), quantile(r.Recoveries, 0.99), quantile(r.Recoveries, 1))
			return err
		},
	}
}
