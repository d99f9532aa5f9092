package event

import (
	_ "embed"
	"encoding/json"
	"slices"
	"strings"
	"sync"
)

// AlertType is what the registry knows about a value of the field "alert_type". The registry is data: an alert type that
// it does not know passes through all the same, in OtherCategory.
type AlertType struct {
	Name        string   `json:"name"`
	Category    string   `json:"category"` // behavioral, request, monitoring, ip_action, custom, waf, page
	Description string   `json:"description"`
	Severity    Severity `json:"severity"`
	// Mitre is the technique of ATT&CK that it usually stands for; empty when there is none.
	Mitre string `json:"mitre,omitempty"`
}

//go:embed alert_types.json
var alertTypesFile []byte

var loadAlertTypes = sync.OnceValue(func() []AlertType {
	var list []AlertType
	if err := json.Unmarshal(alertTypesFile, &list); err != nil {
		panic("event: reading alert_types.json: " + err.Error())
	}
	slices.SortFunc(list, func(a, b AlertType) int { return strings.Compare(a.Name, b.Name) })
	return list
})

// AlertTypes lists the registry by name.
func AlertTypes() []AlertType { return slices.Clone(loadAlertTypes()) }

// LookupAlertType finds an alert type in the registry.
func LookupAlertType(name string) (AlertType, bool) {
	list := loadAlertTypes()
	i, ok := slices.BinarySearchFunc(list, name, func(a AlertType, name string) int { return strings.Compare(a.Name, name) })
	if !ok {
		return AlertType{}, false
	}
	return list[i], true
}

// AlertCategory gives the category of an alert type, OtherCategory for one that the registry does not know.
func AlertCategory(name string) string {
	if t, ok := LookupAlertType(name); ok {
		return t.Category
	}
	return OtherCategory
}
