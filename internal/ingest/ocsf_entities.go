package ingest

import "strings"

// ocsfFields are the attributes in which the classes name what an event is about. A product fills them in from what it
// saw: they are observed.
var ocsfFields = []pick{
	{"src_endpoint.ip", "ip", "source"}, {"src_endpoint.hostname", "host", "source"}, {"src_endpoint.domain", "domain", "source"},
	{"dst_endpoint.ip", "ip", "target"}, {"dst_endpoint.hostname", "host", "target"}, {"dst_endpoint.domain", "domain", "target"},
	{"device.hostname", "host", "target"}, {"device.ip", "ip", "target"},
	{"actor.process.name", "process", "actor"}, {"process.name", "process", "target"},
	{"file.path", "file", "target"}, {"process.file.path", "file", "target"}, {"actor.process.file.path", "file", "actor"},
	{"url.url_string", "url", "target"}, {"http_request.url.url_string", "url", "target"},
	{"query.hostname", "domain", "target"}, {"container.uid", "container", "target"},
	{"email.from", "email", "source"}, {"email.to", "email", "target"},
}

// ocsfObservables maps type_id of an observable that has a value (https://schema.ocsf.io/1.8.0/objects/observable).
var ocsfObservables = map[int64]string{
	1: "host", 2: "ip", 3: "mac", 4: "user", 5: "email", 6: "url", 7: "file", 8: "hash", 9: "process", 10: "resource",
	12: "range", 13: "command_line", 18: "cve", 31: "user", 34: "account", 35: "account", 45: "file",
}

// ocsfCaptions are the names of these types, for an observable whose type_id says other (the published JSON Schema knows
// no more than 0 and 99).
var ocsfCaptions = map[string]string{
	"hostname": "host", "ip_address": "ip", "mac_address": "mac", "user_name": "user", "email_address": "email", "url_string": "url",
	"file_name": "file", "file_path": "file", "process_name": "process", "resource_uid": "resource", "subnet": "range",
}

// ocsfEntities takes the things that the attributes of the event and of its evidences name, and then the observables. An
// observable that stands in none of these attributes is told of: what it was taken from may be a text.
func ocsfEntities(o object) *entities {
	list := &entities{}
	for _, part := range append([]object{o}, o.objects("evidences")...) {
		list.pick(part, ocsfFields)
		list.addKind("user", ocsfUser(part.digObject("actor.user")), "actor")
		list.addKind("user", ocsfUser(part.object("user")), "target")
		for _, path := range []string{"file", "process.file", "actor.process.file"} {
			file := part.digObject(path)
			for _, h := range file.objects("hashes") {
				list.addHashes(h, "target", "value")
			}
		}
		for _, r := range part.objects("resources") {
			list.addKind("resource", firstText(r, "uid", "name"), "target")
		}
	}
	for _, v := range o.objects("vulnerabilities") {
		list.addKind("cve", v.digText("cve.uid"), "target")
	}
	list.tell(func() {
		for _, a := range o.objects("answers") { // what a name server says
			list.addIP(a.text("rdata"), "")
		}
		ocsfObserved(list, o)
	})
	return list
}

// ocsfObserved takes the observables. One of a type that is not mapped keeps the type's name.
func ocsfObserved(list *entities, o object) {
	for _, ob := range o.objects("observables") {
		id, _ := ob.integer("type_id")
		kind, value := ocsfObservables[id], ob.scalar("value")
		if kind == "" {
			kind = slug(ob.text("type"))
		}
		if known := ocsfCaptions[kind]; known != "" {
			kind = known
		}
		if kind == "" || len(kind) > 64 {
			kind = "observable"
		}
		if kind == "hash" && isHash(value) {
			value = strings.ToLower(value)
		}
		list.addKind(kind, value, ocsfRole(ob.text("name")))
	}
}

// ocsfRole reads the role out of where an observable stands.
func ocsfRole(name string) string {
	switch {
	case strings.Contains(name, "src_endpoint"):
		return "source"
	case strings.Contains(name, "actor"):
		return "actor"
	case strings.Contains(name, "dst_endpoint"), strings.Contains(name, "device"), strings.Contains(name, "resource"):
		return "target"
	}
	return ""
}

// ocsfUser names a user by what is most telling.
func ocsfUser(user object) string {
	for _, name := range []string{"email_addr", "name", "full_name", "uid"} {
		if v := user.text(name); !nothingWords[strings.ToLower(v)] {
			return v
		}
	}
	return ""
}
