package event

import (
	"strings"

	"github.com/tidwall/gjson"
)

// TitleLine is at most "most" bytes of the event's title, and shares no memory with the record; empty if it has none. Anybody may
// have written it.
func (r *Record) TitleLine(most int) string {
	return strings.Clone(Clip(gjson.GetBytes(r.Body, "title").String(), most))
}
