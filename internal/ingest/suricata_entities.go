package ingest

import (
	"net"
	"strings"
)

// suricataEnds gives who attacks whom, or who talks to whom: as the rule says where it has the keyword "target", else
// the two ends of the packet.
func suricataEnds(eve, alert object) (source, target string) {
	source, target = alert.digText("source.ip"), alert.digText("target.ip")
	if source == "" || target == "" {
		source, target = eve.text("src_ip"), eve.text("dest_ip")
	}
	return source, target
}

// suricataEntities takes what Suricata itself saw on the wire: all are observed, but for addresses that one side only
// claims (a proxy's header, a Host header or SNI written as an address, the answer of a name server) and the names on an
// e-mail.
//
//	ip      both ends (source, target); xff, true_client_ip and addresses in DNS answers are told of
//	domain  http.hostname, tls.sni, quic.sni, the names asked for (target)
//	url     http.hostname and http.url (target)
//	file    fileinfo.filename, those of files, of smb, nfs, ftp and tftp, and attachments (target); hash: md5, sha1, sha256
//	ja3, ja3s, ja4, certificate  of tls and quic
//	user    of smb, krb5, pgsql, ftp, ldap, pop3, mqtt and rdp (actor)
//	host    smb.ntlmssp.host, rdp.client.client_name, dhcp.hostname (source), as the client calls itself: told of
//	mac     dhcp.client_mac, arp.src_mac (source); those of ether are the next hop's
//	email   smtp.mail_from, email.from (source), smtp.rcpt_to, email.to, email.cc (target); url: those in its text
func suricataEntities(eve, alert object) *entities {
	list := &entities{}
	source, target := suricataEnds(eve, alert)
	list.addIP(source, "source")
	list.addIP(target, "target")
	list.addIP(eve.text("src_ip"), "source") // where the rule's view leaves one out
	list.addIP(eve.text("dest_ip"), "target")
	list.addIP(eve.digText("arp.src_ip"), "source")
	list.addIP(eve.digText("arp.dest_ip"), "target")
	list.pick(eve, []pick{
		{"http.hostname", "domain", "target"}, {"tls.sni", "domain", "target"}, {"quic.sni", "domain", "target"},
		{"smb.ntlmssp.user", "user", "actor"}, {"krb5.cname", "user", "actor"}, {"pgsql.request.startup_parameters.user", "user", "actor"},
		{"tls.ja3.hash", "ja3", ""}, {"tls.ja3s.hash", "ja3s", ""}, {"tls.ja4", "ja4", ""},
		{"quic.ja3.hash", "ja3", ""}, {"quic.ja3s.hash", "ja3s", ""}, {"quic.ja4", "ja4", ""},
		{"tls.fingerprint", "certificate", "target"},
		{"tls.client.fingerprint", "certificate", "source"},
		{"ssh.client.hassh.hash", "hassh", "source"}, {"ssh.server.hassh.hash", "hassh", "target"},
		{"ldap.request.bind_request.name", "user", "actor"}, {"mqtt.connect.username", "user", "actor"}, {"rdp.cookie", "user", "actor"},
		{"ftp_data.filename", "file", "target"}, {"smb.filename", "file", "target"}, {"smb.share", "share", "target"},
		{"nfs.filename", "file", "target"}, {"tftp.file", "file", "target"}, {"email.attachment", "file", "target"},
		{"dhcp.client_mac", "mac", "source"}, {"arp.src_mac", "mac", "source"},
	})
	suricataCommands(list, eve)
	list.add("url", suricataURL(eve.object("http")), "target")
	suricataFiles(list, eve)
	suricataNames(list, eve.object("dns"))
	list.tell(func() {
		list.pick(eve, []pick{
			{"alert.xff", "ip", "source"}, {"http.xff", "ip", "source"}, {"xff", "ip", "source"}, {"http.true_client_ip", "ip", "source"},
			{"smtp.mail_from", "email", "source"}, {"email.from", "email", "source"},
			{"smtp.rcpt_to", "email", "target"}, {"email.to", "email", "target"}, {"email.cc", "email", "target"}, {"email.url", "url", "target"},
			{"smb.ntlmssp.host", "host", "source"}, {"rdp.client.client_name", "host", "source"}, {"dhcp.hostname", "host", "source"},
			{"dhcp.assigned_ip", "ip", "target"},
		})
	})
	return list
}

// suricataCommands takes what the commands of FTP and POP3 name.
func suricataCommands(list *entities, eve object) {
	what := eve.digText("ftp.command_data")
	switch strings.ToUpper(eve.digText("ftp.command")) {
	case "USER":
		list.addKind("user", what, "actor")
	case "RETR", "STOR", "STOU", "APPE", "DELE", "RNFR", "RNTO":
		list.addKind("file", what, "target")
	}
	request := eve.digObject("pop3.request")
	if strings.EqualFold(request.text("command"), "USER") {
		list.addKind("user", firstOfTexts(request, "args"), "actor")
	}
}

// suricataURL joins host and path; http.url may be whole already (in requests to a proxy).
func suricataURL(http object) string {
	host, path := http.text("hostname"), http.text("url")
	switch {
	case strings.Contains(path, "://"):
		return path
	case host == "" || path == "" || path[0] != '/':
		return ""
	}
	if port := http.scalar("http_port"); port != "" && port != "80" && !strings.Contains(host, ":") {
		host = net.JoinHostPort(host, port)
	}
	return "http://" + host + path
}

func suricataFiles(list *entities, eve object) {
	for _, f := range append(eve.objects("fileinfo"), eve.objects("files")...) {
		if name := f.text("filename"); strings.Trim(name, "/") != "" {
			list.add("file", name, "target")
		}
		list.addHashes(f, "target", "sha256", "sha1", "md5")
	}
}

// suricataNames takes the names asked for, of all versions of the DNS log, and the addresses answered.
func suricataNames(list *entities, dns object) {
	list.addKind("domain", dns.text("rrname"), "target")
	for _, name := range []string{"queries", "query"} {
		for _, q := range dns.objects(name) {
			list.addKind("domain", q.text("rrname"), "target")
		}
	}
	list.tell(func() {
		for _, a := range append(dns.objects("answers"), dns) { // the first version had one answer in a record
			if kind := a.text("rrtype"); kind == "A" || kind == "AAAA" {
				list.addIP(a.text("rdata"), "")
			}
		}
		grouped := dns.object("grouped")
		for _, ip := range append(grouped.texts("A"), grouped.texts("AAAA")...) {
			list.addIP(ip, "")
		}
	})
}
