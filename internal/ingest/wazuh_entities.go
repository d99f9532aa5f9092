package ingest

import (
	"encoding/json"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// wazuhFields says which decoded fields of an alert are which entities. Wazuh's decoders filled them in from the log at
// hand: they are observed.
var wazuhFields = []pick{
	{"data.srcip", "ip", "source"}, {"data.src_ip", "ip", "source"}, {"data.dstip", "ip", "target"}, {"data.dest_ip", "ip", "target"},
	{"data.srcuser", "user", "actor"}, {"data.dstuser", "user", "target"}, {"data.user", "user", "actor"},
	{"data.hostname", "host", "target"},

	{"syscheck.audit.login_user.name", "user", "actor"}, {"syscheck.audit.user.name", "user", "actor"}, {"syscheck.audit.process.name", "process", "actor"},
	{"data.virustotal.source.file", "file", "target"}, {"data.file", "file", "target"},
	{"data.audit.file.name", "file", "target"}, {"data.audit.exe", "process", "actor"},

	{"data.vulnerability.cve", "cve", "target"}, {"data.vulnerability.package.name", "package", "target"},

	{"data.aws.sourceIPAddress", "ip", "source"}, {"data.aws.source_ip_address", "ip", "source"}, {"data.aws.userIdentity.userName", "user", "actor"},
	{"data.aws.service.action.awsApiCallAction.remoteIpDetails.ipAddressV4", "ip", "source"},
	{"data.aws.service.action.networkConnectionAction.remoteIpDetails.ipAddressV4", "ip", "source"},
	{"data.aws.resource.accessKeyDetails.userName", "user", "actor"}, {"data.aws.resource.instanceDetails.instanceId", "resource", "target"},
	{"data.aws.summary.Bucket", "resource", "target"},

	{"data.aws.service.action.portProbeAction.portProbeDetails.remoteIpDetails.ipAddressV4", "ip", "source"},

	{"data.office365.ClientIP", "ip", "source"}, {"data.office365.ClientIPAddress", "ip", "source"}, {"data.office365.ActorIpAddress", "ip", "source"}, {"data.office365.UserId", "user", "actor"},
	{"data.office365.MailboxOwnerUPN", "user", "target"}, {"data.office365.SiteUrl", "url", "target"},
	{"data.github.actor_ip", "ip", "source"}, {"data.github.actor", "user", "actor"}, {"data.github.user", "user", "target"}, {"data.github.repo", "repository", "target"},
	{"data.gcp.jsonPayload.sourceIP", "ip", "source"}, {"data.gcp.protoPayload.requestMetadata.callerIp", "ip", "source"},
	{"data.gcp.protoPayload.authenticationInfo.principalEmail", "user", "actor"}, {"data.gcp.jsonPayload.queryName", "domain", "target"},

	{"data.http.hostname", "domain", "target"}, {"data.tls.sni", "domain", "target"}, {"data.dns.rrname", "domain", "target"}, // Suricata's
}

// wazuhEntities takes the agent, which saw it, and what the alert is about. Agent 000 is the manager itself; what it
// reports of another host (over syslog, say) names that host in predecoder.hostname, which stands in the log's text and
// is told of. Nothing is read from full_log.
func wazuhEntities(a object) *entities {
	list := &entities{}
	agent := a.object("agent")
	list.addKind("host", agent.text("name"), "target")
	if manager := a.digText("manager.name"); agent.scalar("id") == "000" && agent.text("name") == "" {
		list.addKind("host", manager, "target")
	}
	list.addKind("ip", agent.text("ip"), "target")
	if path := a.digText("syscheck.path"); strings.HasPrefix(path, "HKEY_") {
		list.add("registry", path, "target")
	} else {
		list.addKind("file", path, "target")
	}
	list.pick(a, wazuhFields)
	wazuhWindows(list, a)
	if url := a.digText("data.url"); strings.Contains(url, "://") {
		list.add("url", url, "target")
	}
	list.addHashes(a.object("syscheck"), "target", "sha256_after", "sha1_after", "md5_after")
	for _, path := range []string{"data.virustotal.source", "data.virustotal"} {
		list.addHashes(a.digObject(path), "target", "sha256", "sha1", "md5")
	}
	wazuhDocker(list, a.digObject("data.docker"))
	list.tell(func() { // of an active response: the alert that it answers
		list.addKind("ip", a.digText("data.parameters.alert.data.srcip"), "target")
	})
	if host := a.digText("predecoder.hostname"); agent.scalar("id") == "000" && host != "localhost" {
		list.tell(func() { list.addKind("host", host, "target") })
	}
	return list
}

func wazuhDocker(list *entities, docker object) {
	switch docker.text("Type") {
	case "container":
		list.addKind("container", docker.text("id"), "target")
		list.addKind("image", docker.text("from"), "target")
	case "image":
		list.addKind("image", docker.text("id"), "target")
	}
}

func wazuhLabels(a object) map[string]string {
	labels := map[string]string{}
	for name, path := range map[string]string{"agent_id": "agent.id", "agent_name": "agent.name", "cluster": "cluster.name"} {
		if v := a.digText(path); v != "" {
			labels[name] = event.Clip(v, event.MaxText)
		}
	}
	return labels
}

func wazuhGeo(g object) json.RawMessage {
	geo := object{}
	geo.setText("country", g.text("country_name"))
	geo.setText("region", g.text("region_name"))
	geo.setText("city", g.text("city_name"))
	return geo.data()
}

// wazuhURL is where more is to be read.
func wazuhURL(data object) string {
	url := data.digFirst("virustotal.permalink", "vulnerability.scanner.reference", "aws.url")
	if !webURL(url) {
		return ""
	}
	return url
}
