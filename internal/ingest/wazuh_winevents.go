package ingest

import (
	"strings"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// wazuhWindowsFields says which members of win.eventdata are which entities: those of Windows' security log
// (https://learn.microsoft.com/en-us/previous-versions/windows/it-pro/windows-10/security/threat-protection/auditing/advanced-security-audit-policy-settings)
// and of Sysmon (https://learn.microsoft.com/en-us/sysinternals/downloads/sysmon).
var wazuhWindowsFields = []pick{
	{"ipAddress", "ip", "source"}, {"sourceIp", "ip", "source"}, {"destinationIp", "ip", "target"},
	{"subjectUserName", "user", "actor"}, {"user", "user", "actor"}, {"sourceUser", "user", "actor"},
	{"targetUserName", "user", "target"}, {"targetUser", "user", "target"},
	{"image", "process", "actor"}, {"sourceImage", "process", "actor"}, {"newProcessName", "process", "actor"}, {"processName", "process", "actor"},
	{"targetImage", "process", "target"}, {"parentImage", "process", "related"}, {"parentProcessName", "process", "related"},
	{"targetFilename", "file", "target"}, {"imageLoaded", "file", "target"}, {"targetObject", "registry", "target"},
	{"queryName", "domain", "target"}, {"serviceName", "service", "target"}, {"shareName", "share", "target"},
}

// wazuhWindowsTold are those that the other side chose.
var wazuhWindowsTold = []pick{
	{"workstationName", "host", "source"}, {"workstation", "host", "source"}, {"destinationHostname", "host", "target"},
}

// wazuhWindows takes what an event of Windows names.
func wazuhWindows(list *entities, a object) {
	data := wazuhEventData(a)
	if data == nil {
		return
	}
	list.pick(data, wazuhWindowsFields)
	list.tell(func() { list.pick(data, wazuhWindowsTold) })
	wazuhSysmonHashes(list, data.text("hashes"))
}

// wazuhEventData is win.eventdata with its texts as Windows had them.
func wazuhEventData(a object) object {
	data := a.digObject("data.win.eventdata")
	for name := range data {
		if text := data.text(name); strings.Contains(text, `\\`) {
			data.setText(name, singleBackslashes(text))
		}
	}
	return data
}

// singleBackslashes undoes the escaping that Wazuh's agent leaves in event data: every backslash comes twice
// ("C:\\\\Windows" in the JSON). A text with a lone backslash was not escaped.
func singleBackslashes(text string) string {
	if strings.Contains(strings.ReplaceAll(text, `\\`, ""), `\`) {
		return text
	}
	return strings.ReplaceAll(text, `\\`, `\`)
}

// wazuhSysmonHashes reads "SHA1=…,MD5=…,SHA256=…,IMPHASH=…".
func wazuhSysmonHashes(list *entities, text string) {
	for _, pair := range strings.Split(text, ",") {
		name, value, _ := strings.Cut(pair, "=")
		if name != "IMPHASH" && isHash(value) {
			list.add("hash", strings.ToLower(value), "target")
		}
	}
}

// wazuhWindowsPlace is what an event of Sysmon is about, for the key.
func wazuhWindowsPlace(a object) string {
	if data := wazuhEventData(a); data != nil {
		return data.digFirst("targetFilename", "targetObject", "queryName", "destinationIp", "targetImage", "image")
	}
	return ""
}

// wazuhDescription is the log that an alert was made of; of an event of Windows its message.
func wazuhDescription(a object, r *remainder) string {
	if log := r.take("full_log", event.MaxDescription); log != "" {
		return log
	}
	message := strings.TrimSpace(strings.Trim(a.digText("data.win.system.message"), `"`))
	return event.Clip(message, event.MaxDescription)
}
