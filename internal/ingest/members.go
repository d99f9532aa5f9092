package ingest

import (
	"encoding/json"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// dig is the member below the dotted path, else nothing. A path leads through objects only.
func (o object) dig(path string) json.RawMessage {
	for {
		name, rest, more := strings.Cut(path, ".")
		if !more {
			return o[name]
		}
		o, path = o.object(name), rest
	}
}

// digText is the text or number below the dotted path.
func (o object) digText(path string) string {
	return object{"": o.dig(path)}.scalar("")
}

// digFirst is the first text or number below the dotted paths that is not empty.
func (o object) digFirst(paths ...string) string {
	for _, path := range paths {
		if v := o.digText(path); v != "" {
			return v
		}
	}
	return ""
}

// digObject is the object below the dotted path, else nil.
func (o object) digObject(path string) object {
	return object{"": o.dig(path)}.object("")
}

// objects is a member that is an array, with its objects; one that is an object is a list of one.
func (o object) objects(name string) []object {
	if one := o.object(name); one != nil {
		return []object{one}
	}
	var list []json.RawMessage
	if v := o[name]; len(v) == 0 || v[0] != '[' || json.Unmarshal(v, &list) != nil {
		return nil
	}
	var all []object
	for _, v := range list {
		if one := (object{"": v}).object(""); one != nil {
			all = append(all, one)
		}
	}
	return all
}

// freeMember is a name that o has no member of: name, or name with a number.
func freeMember(o object, name string) string {
	free := name
	for i := 2; ; i++ {
		if _, taken := o[free]; !taken {
			return free
		}
		free = name + "_" + strconv.Itoa(i)
	}
}

// number is a member that is a number (or one in a string).
func (o object) number(name string) (float64, bool) {
	n, err := strconv.ParseFloat(o.scalar(name), 64)
	return n, err == nil && !math.IsInf(n, 0) && !math.IsNaN(n)
}

// truth is a member that is true (or "true").
func (o object) truth(name string) bool {
	return string(o[name]) == "true" || o.text(name) == "true"
}

// setText sets a member, if there is something to say.
func (o object) setText(name, value string) {
	if value != "" {
		o[name] = event.AppendString(nil, value)
	}
}

// setObject sets a member, if there is something in it.
func (o object) setObject(name string, value object) {
	if len(value) > 0 {
		o[name] = value.data()
	}
}

// firstScalar is the first of the members that is a text or a number and not empty.
func firstScalar(o object, names ...string) string {
	for _, name := range names {
		if v := o.scalar(name); v != "" {
			return v
		}
	}
	return ""
}

// remainder tells the members of an object that stand in the event's own fields from the rest, which goes into data.
type remainder struct {
	object
	placed map[string]bool
}

func remainderOf(o object) *remainder { return &remainder{object: o, placed: map[string]bool{}} }

// take gives a text or number of at most that many bytes for one of the event's own fields. A text that had to be cut
// stays in the rest as well.
func (r *remainder) take(name string, most int) string {
	v := r.scalar(name)
	if v != "" && len(v) <= most {
		r.place(name)
	}
	return event.Clip(v, most)
}

// takeTime gives the first member that is a time. It stays in the rest when it says something else too, as a text that
// is no time does.
func (r *remainder) takeTime(names ...string) time.Time {
	for _, name := range names {
		if t, ok := event.ParseTime(r.scalar(name)); ok {
			r.place(name)
			return t
		}
	}
	return time.Time{}
}

// takeURL gives the first member that is a URL of the web, and short enough. Anything else ("javascript:…") must not
// become a link that somebody clicks.
func (r *remainder) takeURL(names ...string) string {
	for _, name := range names {
		if v := r.text(name); webURL(v) {
			r.place(name)
			return v
		}
	}
	return ""
}

func webURL(text string) bool {
	return (strings.HasPrefix(text, "https://") || strings.HasPrefix(text, "http://")) && len(text) <= event.MaxURL
}

// takeTags gives the texts of a member as tags.
func (r *remainder) takeTags(name string) []string {
	all := r.texts(name)
	tags := tagsOf(all)
	if len(tags) == len(all) && len(strings.Join(tags, "")) == len(strings.Join(all, "")) {
		r.place(name)
	}
	return tags
}

// place leaves members out of the rest.
func (r *remainder) place(names ...string) {
	for _, name := range names {
		r.placed[name] = true
	}
}

// rest gives the members that are not placed and not null.
func (r *remainder) rest() object {
	rest := object{}
	for name, value := range r.object {
		if !r.placed[name] && r.has(name) {
			rest[name] = value
		}
	}
	return rest
}

// tagsOf makes tags of texts: not empty, each once, no longer and no more than an event may have.
func tagsOf(texts []string) []string {
	var tags []string
	seen := map[string]bool{}
	for _, t := range texts {
		t = event.Clip(t, event.MaxName)
		if t == "" || seen[t] || len(tags) == event.MaxTags {
			continue
		}
		seen[t] = true
		tags = append(tags, t)
	}
	return tags
}

var techniqueIn = regexp.MustCompile(`(?i)\bT[0-9]{4}(?:[._][0-9]{3})?\b`)

// techniques gives the numbers of ATT&CK techniques that stand in texts ("T1059.004", "attack.t1110", "T1003_001"),
// each once.
func techniques(texts ...string) []string {
	var list []string
	seen := map[string]bool{}
	for _, text := range texts {
		for _, t := range techniqueIn.FindAllString(text, event.MaxMitre) {
			t = strings.ReplaceAll(strings.ToUpper(t), "_", ".")
			if !seen[t] && len(list) < event.MaxMitre {
				seen[t] = true
				list = append(list, t)
			}
		}
	}
	return list
}

// severityWords are the words that tools and their users have for severities.
var severityWords = map[string]event.Severity{
	"critical": event.Critical, "fatal": event.Critical, "emergency": event.Critical, "page": event.Critical, "disaster": event.Critical, "p1": event.Critical,
	"high": event.High, "error": event.High, "err": event.High, "major": event.High, "alert": event.High, "p2": event.High,
	"medium": event.Medium, "moderate": event.Medium, "warning": event.Medium, "warn": event.Medium, "average": event.Medium, "p3": event.Medium,
	"low": event.Low, "minor": event.Low, "notice": event.Low, "p4": event.Low,
	"info": event.Info, "information": event.Info, "informational": event.Info, "none": event.Info, "debug": event.Info, "note": event.Info, "p5": event.Info,
}

// severityOf reads the first of the words that is known.
func severityOf(otherwise event.Severity, words ...string) event.Severity {
	for _, w := range words {
		if s, ok := severityWords[strings.ToLower(strings.TrimSpace(w))]; ok {
			return s
		}
	}
	return otherwise
}

// customType makes the type "custom.vendor.name" of a vendor's own name; without a usable name it is "custom.vendor".
func customType(vendor, name string) string { return namedType("custom."+vendor, name) }

// namedType makes a type of a prefix and a vendor's own name (at most 30 characters of it); without a usable name it is
// the prefix.
func namedType(prefix, name string) string {
	name = slug(name)
	if len(name) > 30 {
		name = strings.TrimSuffix(name[:30], "_")
	}
	if t := prefix + "." + name; event.ValidType(t) {
		return t
	}
	return prefix
}
