package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"text/tabwriter"
)

// Report holds the figures in the order in which they were first measured.
type Report struct {
	Figures []*Figure `json:"figures"`
}

// Figure is one measured quantity, once per run.
type Figure struct {
	Name   string    `json:"name"`
	Unit   string    `json:"unit"`
	Want   string    `json:"want,omitempty"` // what it is held against
	Values []float64 `json:"values"`
}

func (r *Report) add(name, unit, want string, v float64) {
	for _, f := range r.Figures {
		if f.Name == name {
			f.Values = append(f.Values, v)
			return
		}
	}
	r.Figures = append(r.Figures, &Figure{Name: name, Unit: unit, Want: want, Values: []float64{v}})
}

// Median is the middle of the values.
func (f *Figure) Median() float64 {
	sorted := slices.Sorted(slices.Values(f.Values))
	n := len(sorted)
	if n == 0 {
		return math.NaN()
	}
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// MarshalJSON adds the median.
func (f *Figure) MarshalJSON() ([]byte, error) {
	type plain Figure
	return json.Marshal(struct {
		*plain
		Median float64 `json:"median"`
	}{(*plain)(f), f.Median()})
}

// Print writes the table.
func (r *Report) Print(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	if _, err := fmt.Fprintln(w, "measure\tmedian\tunit\tleast – most\taim"); err != nil {
		return err
	}
	for _, f := range r.Figures {
		spread := format(slices.Min(f.Values)) + " – " + format(slices.Max(f.Values))
		if len(f.Values) == 1 {
			spread = ""
		}
		if _, err := fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", f.Name, format(f.Median()), f.Unit, spread, f.Want); err != nil {
			return err
		}
	}
	return w.Flush()
}

// PrintJSON writes the figures as JSON.
func (r *Report) PrintJSON(out io.Writer) error {
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// format gives a figure as many digits as it deserves, with commas between thousands.
func format(v float64) string {
	switch a := math.Abs(v); {
	case a < 10:
		return strconv.FormatFloat(v, 'f', 2, 64)
	case a < 1000:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	digits := strconv.FormatFloat(v, 'f', 0, 64)
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
