package event

import (
	"embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// TypeInfo is what the catalogue knows about an event type.
type TypeInfo struct {
	Name        string `json:"name"`
	Category    string `json:"category"`
	Description string `json:"description"`
	// Severity is what an event of this type gets when it brings none.
	Severity Severity `json:"severity"`
	// Sample is a native event that reads like a real one, on one line and without a time.
	Sample json.RawMessage `json:"sample"`
}

// OtherCategory is the category of types that the catalogue does not know.
const OtherCategory = "other"

//go:embed catalogue/*.json
var catalogueFiles embed.FS

type catalogue struct {
	list   []TypeInfo
	byName map[string]*TypeInfo
}

var loadCatalogue = sync.OnceValue(func() catalogue {
	files, err := catalogueFiles.ReadDir("catalogue")
	if err != nil {
		panic("event: reading the embedded catalogue: " + err.Error())
	}
	var c catalogue
	for _, f := range files {
		b, err := catalogueFiles.ReadFile("catalogue/" + f.Name())
		if err != nil {
			panic("event: reading the embedded catalogue: " + err.Error())
		}
		var list []TypeInfo
		if err := json.Unmarshal(b, &list); err != nil {
			panic(fmt.Sprintf("event: reading catalogue/%s: %v", f.Name(), err))
		}
		c.list = append(c.list, list...)
	}
	slices.SortFunc(c.list, func(a, b TypeInfo) int { return strings.Compare(a.Name, b.Name) })
	c.byName = make(map[string]*TypeInfo, len(c.list))
	for i := range c.list {
		c.list[i].Sample = appendCompact(nil, c.list[i].Sample)
		c.byName[c.list[i].Name] = &c.list[i]
	}
	return c
})

// Types lists the catalogue by name. Unknown types are accepted all the same, if ValidType says so.
func Types() []TypeInfo { return slices.Clone(loadCatalogue().list) }

// LookupType finds a type in the catalogue.
func LookupType(name string) (TypeInfo, bool) {
	if info := loadCatalogue().byName[name]; info != nil {
		return *info, true
	}
	return TypeInfo{}, false
}

// Category gives the category of a type, OtherCategory for one that the catalogue does not know.
func Category(name string) string {
	if info := loadCatalogue().byName[name]; info != nil {
		return info.Category
	}
	return OtherCategory
}

// DefaultSeverity is what an event of that type gets when it brings no severity: the catalogue's, else Info.
func DefaultSeverity(name string) Severity {
	if info := loadCatalogue().byName[name]; info != nil {
		return info.Severity
	}
	return Info
}

// Sample gives a sample event of a type. One that the catalogue does not know but that is well-formed gets a generic
// sample; false otherwise.
func Sample(name string) (json.RawMessage, bool) {
	if info := loadCatalogue().byName[name]; info != nil {
		return slices.Clone(info.Sample), true
	}
	if !ValidType(name) {
		return nil, false
	}
	return json.RawMessage(`{"type":"` + name + `","severity":"info","title":"Sample of ` + name +
		`","description":"The catalogue does not know this type: this is what any event looks like.",` +
		`"dedup_key":"sample/` + name + `","entities":[{"type":"host","value":"web-1.example.com","role":"source"}],` +
		`"source":{"vendor":"example","product":"sender","instance":"web-1"},"data":{"example":true}}`), true
}
