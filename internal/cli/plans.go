package cli

import (
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/tocsin-hub/tocsin/internal/identity/plan"
)

// plansCmd prints the built-in matrix of plans.
type plansCmd struct {
	viewFlags
}

// Help is the long help.
func (*plansCmd) Help() string {
	return `Shows which connectors and how much each built-in plan has. To use your own plans, change the file that it prints as JSON:

    tocsin plans -o json > plans.json
    tocsin serve --set plans.file=plans.json

Example:

    tocsin plans

An account's plan is set with "tocsin accounts update NAME --plan PLAN".`
}

// Run prints the table, or the file.
func (c *plansCmd) Run(p *Process) error {
	return c.show(p, plan.EmbeddedJSON(), func() error { return printPlans(p) })
}

func printPlans(p *Process) error {
	table := tabwriter.NewWriter(p.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "PLAN\tREQUESTS/MIN\tEVENTS/S\tBATCH\tEVENTS/MONTH\tABOVE\tCONNECTORS")
	for _, x := range plan.Embedded().Plans() {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", x.Name, orNone(x.RequestsPerMinute), orNone(x.EventsPerSecond),
			orNone(x.BatchEvents), orNone(x.EventsPerMonth), x.Above, strings.Join(x.Connectors, " "))
	}
	return table.Flush()
}

// orNone writes a limit.
func orNone(n int) string {
	if n == 0 {
		return "–"
	}
	return strconv.Itoa(n)
}
