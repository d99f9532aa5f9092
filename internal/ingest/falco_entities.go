package ingest

import (
	"strings"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// falcoEntities takes the things an alert is about from the fields that Falco's engine or plugin filled in itself. It
// saw them in system calls, the container runtime or an audit log: all are observed.
//
//	host       hostname (source)
//	container  container.id; image: container.image.repository with container.image.tag
//	pod        k8s.pod.name; namespace k8s.ns.name
//	process    proc.name, else proc.cmdline (actor)
//	user       user.name, ka.user.name, ct.user, gcp.user, okta.actor, github.user (actor); okta.target.user (target)
//	ip         the two ends of fd.name when it is a connection (source, target); else fd.cip (source), fd.sip (target);
//	           ct.srcip, gcp.callerIP, okta.client.ip (source)
//	domain     fd.sip.name (target): told of, as name servers answered it
//	file       fd.name when it is a path
//	repository github.repo.name, else github.repo
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
	for _, name := range []string{"user.name", "ka.user.name", "ct.user", "gcp.user", "github.user"} {
		list.add("user", falcoText(f, name), "actor")
	}
	list.add("user", falcoFirst(f, "okta.actor.alternateid", "okta.actor.name"), "actor")
	list.add("user", falcoFirst(f, "okta.target.user.alternateid", "okta.target.user.name"), "target")
	falcoDescriptor(&list, f)
	for _, name := range []string{"ct.srcip", "gcp.callerIP", "okta.client.ip"} {
		list.addIP(falcoText(f, name), "source")
	}
	list.add("repository", falcoFirst(f, "github.repo.name", "github.repo"), "target")
	list.tell(func() { list.addKind("domain", falcoText(f, "fd.sip.name"), "target") })
	if image := falcoText(f, "container.image.repository"); image != "" {
		list.add("image", joinTexts(":", image, falcoText(f, "container.image.tag")), "target")
	}
	falcoTarget(&list, f)
	return list.all
}

// falcoFirst is the first of the fields that has a text.
func falcoFirst(f object, names ...string) string {
	for _, name := range names {
		if v := falcoText(f, name); v != "" {
			return v
		}
	}
	return ""
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
	if client, server, connected := strings.Cut(name, "->"); connected { // else a server's own end, "0.0.0.0:53"
		list.addIP(hostOf(client), "source")
		list.addIP(hostOf(server), "target")
	}
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
