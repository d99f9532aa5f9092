package event

import (
	"fmt"
	"maps"
	"slices"
)

// FillIn gives a record the project and the labels that its sender left out: a project only if it has none, labels only
// under names that it does not have. What the sender wrote stays as it is, in Raw. Labels beyond MaxLabels are left out. The
// error is FieldErrors: with its original, the event would be too large.
func (r *Record) FillIn(project string, labels map[string]string, lim Limits) error {
	if r.Project != "" {
		project = ""
	}
	if project == "" && len(labels) == 0 {
		return nil
	}
	body := make([]byte, 0, len(r.Body)+64+len(project)+32*len(labels))
	body = append(body, '{')
	added := false
	for w := walk(r.Body); ; {
		name, value, ok := w.member()
		if !ok {
			break
		}
		switch {
		case project != "" && string(name) == fieldSpecs[fieldProject].name: // an empty one
		case string(name) == fieldSpecs[fieldLabels].name:
			body = appendMoreLabels(appendName(body, fieldLabels), value, labels)
			added = true
		default:
			body = append(appendComma(body), '"')
			body = append(append(append(body, name...), '"', ':'), value...)
		}
	}
	if project != "" {
		body = appendTextField(body, fieldProject, project)
	}
	if !added {
		body = appendLabels(body, labels)
	}
	body = append(body, '}')
	raw := r.SenderBytes()
	if total, most := len(body)+len(raw), lim.orDefaults().Bytes; total > most {
		return FieldErrors{{Detail: fmt.Sprintf("the event with its original and what its source adds is %d bytes, more than %d", total, most)}}
	}
	r.Body, r.Raw = body, raw
	if project != "" {
		r.Project = project
	}
	return nil
}

// appendMoreLabels writes the labels of an accepted object and those of more that it has not.
func appendMoreLabels(dst, object []byte, more map[string]string) []byte {
	dst = append(dst, '{')
	taken := map[string]bool{}
	for w := walk(object); ; {
		name, value, ok := w.member()
		if !ok {
			break
		}
		dst = appendMember(dst, name, value)
		taken[string(plain(name))] = true
	}
	n := len(taken)
	for _, name := range slices.Sorted(maps.Keys(more)) {
		if taken[name] || n == MaxLabels {
			continue
		}
		dst = AppendString(appendComma(dst), name)
		dst = AppendString(append(dst, ':'), more[name])
		n++
	}
	return append(dst, '}')
}
