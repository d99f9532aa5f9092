package connector

import (
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
)

// Levels are the vendor's words for our severities: "priority", "urgency", "level". They are a part of the connector's
// settings, so that whoever sets an integration up sees and changes the mapping; nothing is mapped silently.
type Levels struct{ words [event.Critical + 1]string }

// LevelsOf are the words from info to critical.
func LevelsOf(info, low, medium, high, critical string) Levels {
	return Levels{[...]string{info, low, medium, high, critical}}
}

// Of is the word for a severity.
func (l *Levels) Of(s event.Severity) string {
	return l.words[min(s, event.Critical)]
}

// Fields declares the object name with a setting for each severity, and l's present words as the defaults. Choices are
// the words that the vendor knows; without them any text goes.
func (l *Levels) Fields(f *form.Set, name, title, help string, choices ...string) {
	f.Object(name, &levelsForm{l, *l, choices}, title, form.Group("Mapping"), form.Help(help))
}

// maxLevel bounds a word, in bytes.
const maxLevel = 100

type levelsForm struct {
	*Levels
	def     Levels
	choices []string
}

// Form declares a setting for each severity.
func (l *levelsForm) Form(f *form.Set) {
	for _, name := range event.Severities() {
		s, _ := event.ParseSeverity(name)
		if len(l.choices) > 0 {
			f.Choice(name, &l.words[s], name, l.choices, form.Default(l.def.words[s]))
			continue
		}
		f.Text(name, &l.words[s], name, form.Default(l.def.words[s]), form.Max(maxLevel))
	}
}
