package ingest

import (
	"strings"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// falcoEntities takes the things an alert is about from the fields that Falco's engine or plugin filled in itself. It
// saw them in system calls, the container runtime or an audit log: all are observed.
//
//	host       hostname (source)
//	container  container.id
//	pod        k8s.pod.name; namespace k8s.ns.name
//	process    proc.name, else proc.cmdline (actor)
//	user       user.name, ka.user.name, ct.user (actor)
//	ip         the two ends of fd.name when it is a connection (source, target); else fd.cip (source), fd.sip (target);
//	           ct.srcip (source)
//	file       fd.name when it is a path
//	resource   ka.target.resource and ka.target.name, or a pod when the resource is pods
func falcoEntities(host string, f object) []event.Entity {
	var list entities
	list.add("host", host, "source")
	list.add("container", falcoText(f, "container.id"), "target")
	list.add("pod", falcoText(f, "k8s.pod.name"), "target")
	list.add("namespace", falcoText(f, "k8s.ns.name"), "")
	if name := falcoText(f, "proc.name"); name != "" {
		list.add("process", name, "actor")
	} else {
		list.add("process", falcoText(f, "proc.cmdline"), "actor")
	}
	for _, name := range []string{"user.name", "ka.user.name", "ct.user"} {
		list.add("user", falcoText(f, name), "actor")
	}
	falcoDescriptor(&list, f)
	list.addIP(falcoText(f, "ct.srcip"), "source")
	falcoTarget(&list, f)
	return list.all
}

// falcoText is a field's text without the words that stand for nothing.
func falcoText(f object, name string) string {
	switch v := f.text(name); v {
	case "<NA>", "<N/A>", "N/A":
		return ""
	case "host":
		if name == "container.id" { // not in a container
			return ""
		}
		return v
	default:
		return v
	}
}

// falcoDescriptor reads what a file descriptor stands for: a file or a connection
// (https://falco.org/docs/reference/rules/supported-fields/#field-class-fd).
func falcoDescriptor(list *entities, f object) {
	name := falcoText(f, "fd.name")
	if strings.HasPrefix(name, "/") {
		list.add("file", name, "target")
		return
	}
	client, server, _ := strings.Cut(name, "->")
	list.addIP(hostOf(client), "source")
	list.addIP(hostOf(server), "target")
	list.addIP(falcoText(f, "fd.cip"), "source")
	list.addIP(falcoText(f, "fd.sip"), "target")
}

// hostOf cuts the port off "10.0.0.1:443" and "::1:443" (Falco writes no brackets).
func hostOf(end string) string {
	if i := strings.LastIndexByte(end, ':'); i > 0 {
		return end[:i]
	}
	return end
}

// falcoTarget reads what a Kubernetes request was about.
func falcoTarget(list *entities, f object) {
	resource, name := falcoText(f, "ka.target.resource"), falcoText(f, "ka.target.name")
	list.add("namespace", falcoText(f, "ka.target.namespace"), "")
	switch {
	case name == "":
	case resource == "pods":
		list.add("pod", name, "target")
	case resource == "":
		list.add("resource", name, "target")
	default:
		list.add("resource", resource+"/"+name, "target")
	}
}
