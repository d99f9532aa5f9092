package email

import (
	_ "embed"
	"fmt"
	"html/template"
	"strings"
)

// pictureCID names the trend picture within its mail.
const pictureCID = "trend@tocsin"

//go:embed templates/letter.html
var letterHTML string

// letterTemplate writes every mail. It escapes by context: no text of an event can be more than text.
var letterTemplate = template.Must(template.New("letter").Funcs(template.FuncMap{
	"colour": func(severity string) template.CSS { return template.CSS("background-color:" + colourOf(severity)) }, //nolint:gosec // a constant
	"tint":   func(colour string) template.CSS { return template.CSS("background-color:" + colour) },               //nolint:gosec // a constant
	"width":  func(percent int) template.CSS { return template.CSS(fmt.Sprintf("width:%d%%", percent)) },           //nolint:gosec // a number
	"cid":    func() template.URL { return "cid:" + pictureCID },
	"upper":  strings.ToUpper,
	"rest":   func(percent int) int { return 100 - percent },
}).Parse(letterHTML))

// html writes a letter as HTML.
func html(l *letter) (string, error) {
	var b strings.Builder
	if err := letterTemplate.Execute(&b, l); err != nil {
		return "", fmt.Errorf("writing the mail's HTML: %w", err)
	}
	return b.String(), nil
}
