package ingest

import (
	"net"
	"net/netip"
	"strings"
)

// suricataTitle says what was seen, and between whom.
func suricataTitle(kind string, eve object) string {
	ends := joinTexts(" → ", endOf(eve, "src_ip", "src_port"), endOf(eve, "dest_ip", "dest_port"))
	what := strings.ToUpper(kind)
	switch kind {
	case "stats":
		return "Suricata statistics"
	case "engine":
		return joinTexts(": ", "Suricata", eve.digText("engine.message"))
	case "flow", "netflow":
		what = joinTexts(" ", "Flow", eve.text("proto"), eve.text("app_proto"))
	case "http":
		http := eve.object("http")
		target := http.text("hostname") + http.text("url")
		if strings.Contains(http.text("url"), "://") { // a request to a proxy
			target = http.text("url")
		}
		what = joinTexts(" ", "HTTP", http.text("http_method"), target, http.scalar("status"))
	case "dns":
		what = suricataQuestion(eve.object("dns"))
	case "tls", "quic":
		what = joinTexts(" ", what, eve.object(kind).text("sni"))
	case "fileinfo":
		what = joinTexts(" ", "File", eve.digText("fileinfo.filename"), "over", eve.text("app_proto"))
	case "anomaly":
		what = joinTexts(" ", "Anomaly", eve.digText("anomaly.event"))
	case "drop":
		what = joinTexts(" ", "Packet dropped", eve.digText("drop.reason"))
	case "packet":
		what = "Packet"
	default:
		what = suricataSays(kind, what, eve)
	}
	return joinTexts(": ", what, ends)
}

// suricataTells are the members of a protocol's record that tell most, below the member that has the protocol's name.
var suricataTells = map[string][]string{
	"arp":            {"opcode", "src_ip", "dest_ip"},
	"bittorrent_dht": {"request_type"},
	"dcerpc":         {"request"},
	"dhcp":           {"type", "dhcp_type", "assigned_ip", "hostname"},
	"ftp":            {"command", "command_data"},
	"ftp_data":       {"command", "filename"},
	"krb5":           {"msg_type", "error_code", "cname", "sname"},
	"ldap":           {"request.operation", "request.bind_request.name"},
	"mqtt":           {"connect.client_id", "publish.topic"},
	"nfs":            {"procedure", "filename", "status"},
	"pop3":           {"request.command", "response.status"},
	"rdp":            {"event_type", "cookie", "client.client_name"},
	"rfb":            {"authentication.security_result", "authentication.security-result"},
	"sip":            {"method", "uri", "code", "reason"},
	"smb":            {"command", "ntlmssp.user", "share", "filename", "status"},
	"smtp":           {"mail_from"},
	"snmp":           {"pdu_type"},
	"ssh":            {"client.software_version", "server.software_version"},
	"tftp":           {"packet", "file"},
}

// suricataSays writes what a protocol's record tells.
func suricataSays(kind, what string, eve object) string {
	record := eve.object(kind)
	texts := []string{what}
	for _, path := range suricataTells[kind] {
		if text := record.digText(path); !nothingWords[strings.ToLower(text)] {
			texts = append(texts, mailbox(text))
		}
	}
	return joinTexts(" ", texts...)
}

func suricataQuestion(dns object) string {
	q := dns
	if list := append(dns.objects("queries"), dns.objects("query")...); len(list) > 0 {
		q = list[0]
	}
	return joinTexts(" ", "DNS", dns.text("type"), q.text("rrtype"), q.text("rrname"), dns.text("rcode"))
}

// endOf writes one end of a connection, "192.0.2.1:80" or "[::1]:53".
func endOf(eve object, address, port string) string {
	a, p := eve.text(address), eve.scalar(port)
	if ip, err := netip.ParseAddr(a); err == nil {
		a = ip.String() // Suricata writes all zeros of an IPv6 address
	}
	if a == "" || p == "" || p == "0" {
		return a
	}
	return net.JoinHostPort(a, p)
}
