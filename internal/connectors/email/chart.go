package email

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"strconv"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// The size of the trend picture, in pixels. It is shown at half of that, so that it is sharp on dense screens.
const (
	chartWidth  = 1080
	chartHeight = 280
	chartGap    = 8
	chartWidest = 96 // of a day
	// blockWidth is the longest bar of a text, in characters.
	blockWidth = 24
)

// newBar is a line of a chart whose longest bar stands for most.
func newBar(label string, n, most int, colour string) bar {
	b := bar{Label: label, Count: n, Colour: colour}
	if n > 0 && most > 0 {
		b.Percent = max(1, 100*n/most)
		b.Blocks = strings.Repeat("█", max(1, blockWidth*n/most))
	}
	return b
}

// trend draws a stacked bar for each day, the worst severity at the bottom, as a PNG without a background: it suits light
// and dark mails alike.
func trend(days []map[string]int) []byte {
	most := 1
	for _, counts := range days {
		most = max(most, sum(counts))
	}
	img := image.NewPaletted(image.Rect(0, 0, chartWidth, chartHeight), palette)
	fill(img, image.Rect(0, chartHeight-2, chartWidth, chartHeight), lineColour)
	if n := len(days); n > 0 {
		width := (chartWidth - chartGap*(n-1)) / n
		for i, counts := range days {
			left := (chartWidth*i + chartGap*i) / n
			left += max(0, width-chartWidest) / 2
			stack(img, left, left+max(min(width, chartWidest), 1), counts, most)
		}
	}
	var out bytes.Buffer
	enc := png.Encoder{CompressionLevel: png.BestCompression}
	if err := enc.Encode(&out, img); err != nil {
		return nil // writing into memory does not fail
	}
	return out.Bytes()
}

// stack draws one day. Each severity that has any events is seen, at least as a line.
func stack(img *image.Paletted, left, right int, counts map[string]int, most int) {
	const leastHeight = 4
	bottom := chartHeight - 2
	names := event.Severities()
	for i := len(names) - 1; i >= 0; i-- {
		n := counts[names[i]]
		if n <= 0 {
			continue
		}
		height := max(leastHeight, (chartHeight-24)*n/most)
		fill(img, image.Rect(left, max(bottom-height, 0), right, bottom), firstSeverity+uint8(i))
		bottom -= height
	}
}

// The picture's colours by index: none, the line below, and the severities'.
const (
	lineColour    = 1
	firstSeverity = 2
)

var palette = func() color.Palette {
	p := color.Palette{color.NRGBA{}, parseColour("#8895a2")}
	for _, c := range colours {
		p = append(p, parseColour(c))
	}
	return p
}()

func parseColour(text string) color.NRGBA {
	n, err := strconv.ParseUint(strings.TrimPrefix(text, "#"), 16, 32)
	if err != nil {
		panic("email: not a colour: " + text) // the colours are constants
	}
	return color.NRGBA{R: uint8(n >> 16), G: uint8(n >> 8), B: uint8(n), A: 255}
}

func fill(img *image.Paletted, area image.Rectangle, colour uint8) {
	area = area.Intersect(img.Bounds())
	for y := area.Min.Y; y < area.Max.Y; y++ {
		row := img.Pix[img.PixOffset(area.Min.X, y):img.PixOffset(area.Max.X, y)]
		for i := range row {
			row[i] = colour
		}
	}
}

func sum(counts map[string]int) int {
	n := 0
	for _, c := range counts {
		n += c
	}
	return n
}
