package ingest

// vendorSamples: what the public samples of each tool become, file by file, one line for each event, as line writes it:
//
//	type | severity | time | title | mitre | dedup key | project | source id | entities (kind:value@role, "!" is observed)
var vendorSamples = map[string]map[string][]string{
	"suricata": {
		"alert-1.json": {
			`detection.ids_signature | medium | 2017-04-07T21:24:37.251547Z | ET HUNTING GENERIC SUSPICIOUS POST to Dotted Quad with Fake Browser 1 |  | suricata/2018358/192.168.2.14/209.53.113.5 |  |  | ip:192.168.2.14@source! ip:209.53.113.5@target!`,
		},
		"alert-2.json": {
			`detection.ids_signature | high | 2023-09-18T06:13:41.53214Z | ET ATTACK_RESPONSE Win32/LeftHook Stealer Browser Extension Config Inbound |  | suricata/2045001/142.11.240.191/192.168.100.237 |  |  | ip:142.11.240.191@source! ip:192.168.100.237@target! url:http://142.11.240.191:35361/@target!`,
		},
		"alert-3.json": {
			`detection.ids_signature | high | 2020-05-01T13:13:37.621315Z | ET MALWARE ELF/muBoT IRC Activity 4 |  | suricata/server1.unx.ca/2021915/10.16.1.4/10.16.1.10 |  |  | ip:10.16.1.4@source! ip:10.16.1.10@target!`,
		},
		"anomaly-1.json": {
			`network.anomaly | low | 2023-09-18T06:13:58.882971Z | Anomaly UNABLE_TO_MATCH_RESPONSE_TO_REQUEST: 192.168.100.237:49175 → 142.11.240.191:35361 |  | suricata/anomaly/UNABLE_TO_MATCH_RESPONSE_TO_REQUEST/192.168.100.237/142.11.240.191 |  |  | ip:192.168.100.237@source! ip:142.11.240.191@target!`,
		},
		"anomaly-2.json": {
			`network.anomaly | low | 1970-01-01T00:04:21Z | Anomaly decoder.udp.pkt_too_small: 208.21.2.184 → 10.1.1.99 |  | suricata/anomaly/decoder.udp.pkt_too_small/208.21.2.184/10.1.1.99 |  |  | ip:208.21.2.184@source! ip:10.1.1.99@target!`,
		},
		"anomaly-3.json": {
			`network.anomaly | low | 2016-01-11T13:10:54.61211Z | Anomaly APPLAYER_DETECT_PROTOCOL_ONLY_ONE_DIRECTION: 192.168.122.149:49324 → 69.195.71.174:443 |  | suricata/anomaly/APPLAYER_DETECT_PROTOCOL_ONLY_ONE_DIRECTION/192.168.122.149/69.195.71.174 |  |  | ip:192.168.122.149@source! ip:69.195.71.174@target!`,
		},
		"anomaly-4.json": {
			`network.anomaly | low | 2016-01-11T13:10:52.828802Z | Anomaly INVALID_RECORD_TYPE: 192.168.122.149:49323 → 69.195.71.174:443 |  | suricata/anomaly/INVALID_RECORD_TYPE/192.168.122.149/69.195.71.174 |  |  | ip:192.168.122.149@source! ip:69.195.71.174@target!`,
		},
		"fileinfo-1.json": {
			`network.file | info | 2023-09-18T06:13:33.903924Z | File / over http: 192.168.100.237:49175 → 142.11.240.191:35361 |  |  |  |  | ip:192.168.100.237@source! ip:142.11.240.191@target! url:http://142.11.240.191:35361/@target!`,
		},
		"fileinfo-2.json": {
			`network.file | info | 2016-06-08T20:01:52.875791Z | File eicar.com over http: 188.40.238.250:80 → 10.16.1.11:59908 |  |  |  |  | ip:188.40.238.250@source! ip:10.16.1.11@target! domain:www.eicar.org@target! url:http://www.eicar.org/download/eicar.com@target! file:eicar.com@target!`,
		},
		"flow-1.json": {
			`network.flow | info | 2023-09-18T06:13:21.21646Z | Flow TCP http: 192.168.100.237:49175 → 142.11.240.191:35361 |  |  |  |  | ip:192.168.100.237@source! ip:142.11.240.191@target!`,
		},
		"http-1.json": {
			`network.http | info | 2023-09-18T06:13:33.903924Z | HTTP POST 142.11.240.191/ 200: 192.168.100.237:49175 → 142.11.240.191:35361 |  |  |  |  | ip:192.168.100.237@source! ip:142.11.240.191@target! url:http://142.11.240.191:35361/@target!`,
		},
		"mqtt-1.json": {
			`network.mqtt | info | 2020-05-19T16:00:39.016985Z | MQTT house/bulbs/bulb1: [::1]:60105 → [::1]:1883 |  |  |  |  | ip:::1@source!`,
		},
		"packet-1.json": {
			`network.packet | info | 2020-06-03T10:29:17.850417Z | Packet: 192.168.0.27:54634 → 192.168.0.103:22 |  |  |  |  | ip:192.168.0.27@source! ip:192.168.0.103@target!`,
		},
		"pgsql-1.json": {
			`network.pgsql | info | 2021-11-24T16:56:24.403417Z | PGSQL: 172.18.0.1:54408 → 172.18.0.2:5432 |  |  |  |  | ip:172.18.0.1@source! ip:172.18.0.2@target!`,
		},
		"pgsql-2.json": {
			`network.pgsql | info | 2021-11-24T16:56:19.435242Z | PGSQL: 172.18.0.1:54408 → 172.18.0.2:5432 |  |  |  |  | ip:172.18.0.1@source! ip:172.18.0.2@target!`,
		},
		"pgsql-3.json": {
			`network.pgsql | info | 2021-11-24T16:56:19.436228Z | PGSQL: 172.18.0.1:54408 → 172.18.0.2:5432 |  |  |  |  | ip:172.18.0.1@source! ip:172.18.0.2@target! user:rules@actor!`,
		},
		"pgsql-4.json": {
			`network.pgsql | info | 2023-12-07T15:46:56.97115Z | PGSQL: 100.88.2.140:39706 → 100.96.199.113:5432 |  |  |  |  | ip:100.88.2.140@source! ip:100.96.199.113@target!`,
		},
	},
	"wazuh": {
		"fim-file-added-554.json": {
			`detection.file_integrity | low | 2022-11-17T17:17:42.694Z | File added to the system. |  | wazuh/localhost.localdomain/554/010//media/user/software/suspicious-file.exe |  | 1668705462.50453 | host:Ubuntu@target! ip:10.0.2.15@target! file:/media/user/software/suspicious-file.exe@target! hash:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855@target! hash:da39a3ee5e6b4b0d3255bfef95601890afd80709@target! hash:d41d8cd98f00b204e9800998ecf8427e@target!`,
		},
		"generated-audit-1.json": {
			`detection.host_rule | info | 2026-01-08T18:01:57.454Z | Audit: Command: /usr/sbin/consoletype |  | wazuh/wazuh-manager/80784/003 |  | 1580123327.49031 | host:ip-10-0-0-180.us-west-1.compute.internal@target! ip:10.0.0.180@target! file:/sbin/consoletype@target! process:/usr/sbin/consoletype@actor!`,
		},
		"generated-authentication-1.json": {
			`auth.login.failure | medium | 2026-01-11T19:36:39.903Z | sshd: Multiple authentication failures. |  | wazuh/wazuh-manager/5720/004/45.75.196.15 |  | 1580123327.49031 | host:Ubuntu@target! ip:47.204.15.21@target! ip:45.75.196.15@source! user:Administrators@actor!`,
		},
		"generated-aws-1.json": {
			`detection.host_rule | high | 2026-01-10T14:55:16.906Z | AWS Macie CRITICAL: S3 Bucket IAM policy grants global read rights - S3 Bucket uses IAM policy to grant read rights to Everyone. Your IAM policy contains a clause that effectively grants read access to any user. Please audit this bucket, and data contained within and confirm that this is intentional. If intentional, please use the alert whitelist feature to prevent future alerts |  | wazuh/wazuh-manager/80355/005 |  | 1580123327.49031 | host:Centos@target! ip:197.17.1.4@target! resource:resources.wazuh.sample.com,@target!`,
		},
		"generated-aws-2.json": {
			`detection.host_rule | low | 2026-01-12T21:37:03.774Z | AWS GuardDuty: AWS_API_CALL - Unusual console login was seen for principal wazuh. |  | wazuh/wazuh-manager/80302/004/a8b8d0b82c50eed686df4d24fa87b657/187.234.16.206 |  | 1580123327.49031 | host:Ubuntu@target! ip:47.204.15.21@target! ip:187.234.16.206@source! user:wazuh@actor!`,
		},
		"generated-docker-1.json": {
			`detection.host_rule | info | 2026-01-11T02:09:26.329Z | Docker: Image or repository wazuh/wazuh-kibana pulled |  | wazuh/wazuh-manager/87932/002/wazuh/wazuh-kibana:3.9.2_7.1.1 |  | 1580123327.49031 | host:Amazon@target! ip:145.80.240.15@target! image:wazuh/wazuh-kibana:3.9.2_7.1.1@target!`,
		},
		"generated-github-1.json": {
			`detection.host_rule | info | 2026-01-08T23:07:05.325Z | GitHub Organization. |  | wazuh/wazuh-manager/91188/003/User9 |  | 1580123327.49031 | host:ip-10-0-0-180.us-west-1.compute.internal@target! ip:10.0.0.180@target! user:User9@actor! user:User2@target!`,
		},
		"generated-mitre-1.json": {
			`detection.rootkit | medium | 2026-01-14T13:36:35.531Z | Windows Adware/Spyware application found. | T1017 | wazuh/wazuh-manager/518/004 |  | 1580123327.49031 | host:Ubuntu@target! ip:47.204.15.21@target!`,
		},
		"generated-office-1.json": {
			`detection.host_rule | info | 2026-01-12T02:43:22.243Z | Office 365: Events from an Exchange mailbox audit log for actions that are performed on a single item, such as creating or receiving an email message. |  | wazuh/wazuh-manager/91534/000/ModifyFolderPermissions/13.226.52.2 |  | 1580123327.49031 | host:wazuh-manager@target! ip:145.80.240.15@target! ip:13.226.52.2@source! ip:::1@source! user:williams@wazuh.com@actor! user:TestSharePoint@wazuh.com@target!`,
		},
		"generated-rootcheck-1.json": {
			`detection.rootkit | medium | 2026-01-12T23:00:32.326Z | Host-based anomaly detection event (rootcheck): Rootkit 'Bash' detected by the presence of file '/tmp/mclzaKmfa'. |  | wazuh/wazuh-manager/510/007/Rootkit 'Bash' detected by the presence of file '/tmp/mclzaKmfa'. |  | 1580123327.49031 | host:Debian@target! ip:24.243.97.14@target!`,
		},
		"generated-ssh-1.json": {
			`detection.host_rule | low | 2026-01-12T15:11:29.934Z | sshd: Reverse lookup error (bad ISP or attack). | T1021 | wazuh/wazuh-manager/5702/006/16.4.20.20 |  | 1580123327.49031 | host:Windows@target! ip:207.45.34.78@target! ip:16.4.20.20@source! user:Administrators@actor!`,
		},
		"generated-ssh-2.json": {
			`detection.host_rule | medium | 2026-01-13T18:30:15.324Z | sshd: Possible attack on the ssh server (or version gathering). | T1021 | wazuh/wazuh-manager/5701/003/45.124.37.241 |  | 1580123327.49031 | host:ip-10-0-0-180.us-west-1.compute.internal@target! ip:10.0.0.180@target! ip:45.124.37.241@source! user:wazuh@actor!`,
		},
		"generated-syscheck-1.json": {
			`detection.file_integrity | low | 2026-01-09T04:46:18.343Z | File added to the system. |  | wazuh/wazuh-manager/554/004//etc/elasticsearch/users |  | 1580123327.49031 | host:Ubuntu@target! ip:47.204.15.21@target! file:/etc/elasticsearch/users@target!`,
		},
		"generated-syscheck-2.json": {
			`detection.file_integrity | medium | 2026-01-12T23:28:09.272Z | Integrity checksum changed. |  | wazuh/wazuh-manager/550/007//var/wazuh/queue/fim/db/fim.db-journal |  | 1580123327.49031 | host:Debian@target! ip:24.243.97.14@target! file:/var/wazuh/queue/fim/db/fim.db-journal@target! hash:1f39e00e4fd4629783207ea3ac5cdc091576e7fea5681e34e864428097b857db@target! hash:4306d0b9dd33200f05b3448716c140d98088b17e@target! hash:6f5f9a951eefeda5cea6b521f43e6754@target!`,
		},
		"generated-vulnerabilities-1.json": {
			`vulnerability.detected | medium | 2026-01-08T15:58:11.385Z | CVE-2019-1003010 affects git |  | wazuh/wazuh-manager/vulnerability/005/CVE-2019-1003010/git |  | 1580123327.49031 | host:Centos@target! ip:197.17.1.4@target! cve:CVE-2019-1003010@target! package:git@target!`,
		},
		"generated-vulnerabilities-2.json": {
			`vulnerability.detected | medium | 2026-01-13T02:55:05.428Z | CVE-2018-20217 affects libkrb5-3 |  | wazuh/wazuh-manager/vulnerability/002/CVE-2018-20217/libkrb5-3 |  | 1580123327.49031 | host:Amazon@target! ip:145.80.240.15@target! cve:CVE-2018-20217@target! package:libkrb5-3@target!`,
		},
		"generated-web-1.json": {
			`detection.host_rule | medium | 2026-01-12T01:42:30.966Z | Multiple web server 400 error codes from same source ip. |  | wazuh/wazuh-manager/31151/005/45.124.37.241 |  | 1580123327.49031 | host:Centos@target! ip:197.17.1.4@target! ip:45.124.37.241@source!`,
		},
		"sshd-brute-force-5712.json": {
			`auth.login.failure | medium | 2022-05-11T12:29:19.905Z | sshd: brute force trying to get access to the system. Non existent user. | T1110 | wazuh/localhost.localdomain/5712/000/172.17.1.1 |  | 1652272159.1549653 | host:localhost.localdomain@target! ip:172.17.1.1@source! user:paco@actor!`,
		},
		"virustotal-credentials-87102.json": {
			`detection.host_rule | info | 2022-11-17T17:17:43.637Z | VirusTotal: Error: Check credentials |  | wazuh/localhost.localdomain/87102/000 |  | 1668705463.51155 | host:localhost.localdomain@target!`,
		},
		"virustotal-malware-87105.json": {
			`detection.malware | high | 2022-11-17T17:30:25.085Z | VirusTotal: Alert - /media/user/software/eicar.com - 66 engines detected this file | T1203 | wazuh/localhost.localdomain/87105/010//media/user/software/eicar.com |  | 1668706225.104492 | host:Ubuntu@target! ip:10.0.2.15@target! file:/media/user/software/eicar.com@target! hash:3395856ce81f2b7382dee72602f798b642f14140@target! hash:44d88612fea8a8f36de82e1278abb02f@target!`,
		},
		"virustotal-no-positives-87104.json": {
			`detection.host_rule | info | 2022-11-17T17:22:07.974Z | VirusTotal: Alert - /media/user/software/suspicious-file10.exe - No positives found |  | wazuh/localhost.localdomain/87104/010//media/user/software/suspicious-file10.exe |  | 1668705727.84464 | host:Ubuntu@target! ip:10.0.2.15@target! file:/media/user/software/suspicious-file10.exe@target! hash:da39a3ee5e6b4b0d3255bfef95601890afd80709@target! hash:d41d8cd98f00b204e9800998ecf8427e@target!`,
		},
		"virustotal-rate-limit-87101.json": {
			`detection.host_rule | info | 2022-11-17T17:22:13.236Z | VirusTotal: Error: Public API request rate limit reached |  | wazuh/localhost.localdomain/87101/000 |  | 1668705733.90632 | host:localhost.localdomain@target!`,
		},
	},
	"crowdsec": {
		"allowlisted-source.json": {
			`detection.scenario | medium | 2020-10-26T08:50:32.055534398Z | crowdsecurity/ssh-bf: Ip 10.0.0.42 |  | crowdsec/crowdsecurity/ssh-bf/10.0.0.42 |  |  | ip:10.0.0.42@source! range:10.0.0.0/8@source user:root@target`,
		},
		"bulk-20-alerts.json": {
			`detection.scenario | medium | 2020-10-26T11:52:58.200236582Z | crowdsecurity/ssh-bf: Ip 91.121.79.195 |  | crowdsec/crowdsecurity/ssh-bf/91.121.79.195 |  |  | ip:91.121.79.195@source! range:91.121.72.0/21@source user:root@target`,
			`detection.scenario | medium | 2020-10-26T11:54:48.786744746Z | crowdsecurity/ssh-bf: Ip 1.2.3.4 |  | crowdsec/crowdsecurity/ssh-bf/1.2.3.4 |  |  | ip:1.2.3.4@source! user:ruru@target`,
			`detection.scenario | medium | 2020-10-26T11:55:33.554882819Z | crowdsecurity/ssh-bf: Ip 1.2.3.6 |  | crowdsec/crowdsecurity/ssh-bf/1.2.3.6 |  |  | ip:1.2.3.6@source! user:rura@target`,
			`detection.scenario | medium | 2020-10-26T11:52:58.200236582Z | crowdsecurity/ssh-bf: Ip 91.121.79.194 |  | crowdsec/crowdsecurity/ssh-bf/91.121.79.194 |  |  | ip:91.121.79.194@source! range:91.121.72.0/21@source user:root@target`,
			`detection.scenario | medium | 2020-10-26T11:52:58.200236582Z | crowdsecurity/ssh-bf: Ip 91.121.79.193 |  | crowdsec/crowdsecurity/ssh-bf/91.121.79.193 |  |  | ip:91.121.79.193@source! range:91.121.72.0/21@source user:root@target`,
			`detection.scenario | medium | 2020-10-26T11:52:58.200236582Z | crowdsecurity/ssh-bf: Ip 91.121.79.192 |  | crowdsec/crowdsecurity/ssh-bf/91.121.79.192 |  |  | ip:91.121.79.192@source! range:91.121.72.0/21@source user:root@target`,
			`detection.scenario | medium | 2020-10-26T11:52:58.200236582Z | crowdsecurity/ssh-bf: Ip 91.121.79.191 |  | crowdsec/crowdsecurity/ssh-bf/91.121.79.191 |  |  | ip:91.121.79.191@source! range:91.121.72.0/21@source user:root@target`,
			`detection.scenario | medium | 2020-10-26T11:52:58.200236582Z | crowdsecurity/ssh-bf: Ip 91.121.79.190 |  | crowdsec/crowdsecurity/ssh-bf/91.121.79.190 |  |  | ip:91.121.79.190@source! range:91.121.72.0/21@source user:root@target`,
			`detection.scenario | medium | 2020-10-26T11:52:58.200236582Z | crowdsecurity/ssh-bf: Ip 91.121.79.189 |  | crowdsec/crowdsecurity/ssh-bf/91.121.79.189 |  |  | ip:91.121.79.189@source! range:91.121.72.0/21@source user:root@target`,
			`detection.scenario | medium | 2020-10-26T11:52:58.200236582Z | crowdsecurity/ssh-bf: Ip 91.121.79.188 |  | crowdsec/crowdsecurity/ssh-bf/91.121.79.188 |  |  | ip:91.121.79.188@source! range:91.121.72.0/21@source user:root@target`,
			`detection.scenario | medium | 2020-10-26T11:52:58.200236582Z | crowdsecurity/ssh-bf: Ip 91.121.79.187 |  | crowdsec/crowdsecurity/ssh-bf/91.121.79.187 |  |  | ip:91.121.79.187@source! range:91.121.72.0/21@source user:root@target`,
			`detection.scenario | medium | 2020-10-26T11:52:58.200236582Z | crowdsecurity/ssh-bf: Ip 91.121.79.186 |  | crowdsec/crowdsecurity/ssh-bf/91.121.79.186 |  |  | ip:91.121.79.186@source! range:91.121.72.0/21@source user:root@target`,
			`detection.scenario | medium | 2020-10-26T11:52:58.200236582Z | crowdsecurity/ssh-bf: Ip 91.121.79.185 |  | crowdsec/crowdsecurity/ssh-bf/91.121.79.185 |  |  | ip:91.121.79.185@source! range:91.121.72.0/21@source user:root@target`,
			`detection.scenario | medium | 2020-10-26T11:52:58.200236582Z | crowdsecurity/ssh-bf: Ip 91.121.79.184 |  | crowdsec/crowdsecurity/ssh-bf/91.121.79.184 |  |  | ip:91.121.79.184@source! range:91.121.72.0/21@source user:root@target`,
			`detection.scenario | medium | 2020-10-26T11:52:58.200236582Z | crowdsecurity/ssh-bf: Ip 91.121.79.183 |  | crowdsec/crowdsecurity/ssh-bf/91.121.79.183 |  |  | ip:91.121.79.183@source! range:91.121.72.0/21@source user:root@target`,
			`detection.scenario | medium | 2020-10-26T11:52:58.200236582Z | crowdsecurity/ssh-bf: Ip 91.121.79.182 |  | crowdsec/crowdsecurity/ssh-bf/91.121.79.182 |  |  | ip:91.121.79.182@source! range:91.121.72.0/21@source user:root@target`,
			`detection.scenario | medium | 2020-10-26T11:52:58.200236582Z | crowdsecurity/ssh-bf: Ip 91.121.79.181 |  | crowdsec/crowdsecurity/ssh-bf/91.121.79.181 |  |  | ip:91.121.79.181@source! range:91.121.72.0/21@source user:root@target`,
			`detection.scenario | medium | 2020-10-26T11:52:58.200236582Z | crowdsecurity/ssh-bf: Ip 91.121.79.180 |  | crowdsec/crowdsecurity/ssh-bf/91.121.79.180 |  |  | ip:91.121.79.180@source! range:91.121.72.0/21@source user:root@target`,
			`detection.scenario | medium | 2020-10-26T11:52:58.200236582Z | crowdsecurity/ssh-bf: Ip 91.121.79.179 |  | crowdsec/crowdsecurity/ssh-bf/91.121.79.179 |  |  | ip:91.121.79.179@source! range:91.121.72.0/21@source user:root@target`,
			`detection.scenario | medium | 2020-10-26T11:52:58.200236582Z | crowdsecurity/ssh-bf: Ip 91.121.79.178 |  | crowdsec/crowdsecurity/ssh-bf/91.121.79.178 |  |  | ip:91.121.79.178@source! range:91.121.72.0/21@source user:root@target`,
		},
		"invalid-missing-scenario.json": {
			`error: scenario: is missing: not an alert of CrowdSec`,
		},
		"minibulk-simulated.json": {
			`detection.scenario | info | 2020-10-26T11:52:58.200236582Z | crowdsecurity/ssh-bf: Ip 91.121.79.179 |  | crowdsec/crowdsecurity/ssh-bf/91.121.79.179 |  |  | ip:91.121.79.179@source! range:91.121.72.0/21@source user:root@target`,
			`detection.scenario | medium | 2020-10-26T11:52:58.200236582Z | crowdsecurity/ssh-bf: Ip 91.121.79.178 |  | crowdsec/crowdsecurity/ssh-bf/91.121.79.178 |  |  | ip:91.121.79.178@source! range:91.121.72.0/21@source user:root@target`,
		},
		"minibulk.json": {
			`detection.scenario | medium | 2020-10-26T11:52:58.200236582Z | crowdsecurity/ssh-bf: Ip 91.121.79.179 |  | crowdsec/crowdsecurity/ssh-bf/91.121.79.179 |  |  | ip:91.121.79.179@source! range:91.121.72.0/21@source user:root@target`,
			`detection.scenario | medium | 2020-10-26T11:52:58.200236582Z | crowdsecurity/ssh-bf: Ip 91.121.79.178 |  | crowdsec/crowdsecurity/ssh-bf/91.121.79.178 |  |  | ip:91.121.79.178@source! range:91.121.72.0/21@source user:root@target`,
		},
		"minimal.json": {
			`detection.scenario | medium | 2020-10-09T10:00:05Z | crowdsecurity/test: ip 127.0.0.1 |  | crowdsec/test/crowdsecurity/test/127.0.0.1 |  | 42 | ip:127.0.0.1@source! range:127.0.0.1/32@source`,
		},
		"several-scenarios.json": {
			`detection.scenario | medium | 2020-10-09T10:00:05Z | crowdsecurity/test: ip 127.0.0.1 |  | crowdsec/test/crowdsecurity/test/127.0.0.1 |  | 42 | ip:127.0.0.1@source! range:127.0.0.1/32@source`,
			`detection.scenario | medium | 2020-10-09T10:00:05Z | crowdsecurity/ssh_bf: ip 127.0.0.1 |  | crowdsec/test/crowdsecurity/ssh_bf/127.0.0.1 |  | 44 | ip:127.0.0.1@source! range:127.0.0.1/32@source`,
			`detection.scenario | medium | 2020-10-09T10:00:05Z | crowdsecurity/longest: ip 127.0.0.1 |  | crowdsec/test/crowdsecurity/longest/127.0.0.1 |  | 45 | ip:127.0.0.1@source! range:127.0.0.1/32@source`,
			`detection.scenario | medium | 2020-10-09T10:00:05Z | crowdsecurity/test: ip 127.0.0.2 |  | crowdsec/test/crowdsecurity/test/127.0.0.2 |  | 46 | ip:127.0.0.2@source! range:127.0.0.2/32@source`,
			`detection.scenario | medium | 2020-10-09T10:00:05Z | crowdsecurity/ssh_bf: ip 127.0.0.2 |  | crowdsec/test/crowdsecurity/ssh_bf/127.0.0.2 |  | 47 | ip:127.0.0.2@source! range:127.0.0.2/32@source`,
			`detection.scenario | medium | 2020-10-09T10:00:05Z | crowdsecurity/ssh_bf: ip 127.0.0.2 |  | crowdsec/test/crowdsecurity/ssh_bf/127.0.0.2 |  | 48 | ip:127.0.0.2@source! range:127.0.0.2/32@source`,
			`detection.scenario | medium | 2020-10-09T10:00:05Z | crowdsecurity/test: ip 127.0.0.2 |  | crowdsec/test/crowdsecurity/test/127.0.0.2 |  | 49 | ip:127.0.0.2@source! range:127.0.0.2/32@source`,
			`detection.scenario | medium | 2020-10-09T10:00:05Z | crowdsecurity/test: ip 127.0.0.2 |  | crowdsec/test/crowdsecurity/test/127.0.0.2 |  | 50 | ip:127.0.0.2@source! range:127.0.0.2/32@source`,
		},
		"ssh-bf.json": {
			`detection.scenario | medium | 2020-10-26T08:50:32.055534398Z | crowdsecurity/ssh-bf: Ip 91.121.79.195 |  | crowdsec/crowdsecurity/ssh-bf/91.121.79.195 |  |  | ip:91.121.79.195@source! range:91.121.72.0/21@source user:root@target`,
		},
		"three-scenarios.json": {
			`detection.scenario | medium | 2020-10-09T10:00:05Z | crowdsecurity/http_bf: ip 127.0.0.1 |  | crowdsec/test/crowdsecurity/http_bf/127.0.0.1 |  | 42 | ip:127.0.0.1@source! range:127.0.0.1/32@source`,
			`detection.scenario | medium | 2020-10-09T10:00:05Z | crowdsecurity/ssh_bf: ip 127.0.0.1 |  | crowdsec/test/crowdsecurity/ssh_bf/127.0.0.1 |  | 43 | ip:127.0.0.1@source! range:127.0.0.1/32@source`,
			`detection.scenario | medium | 2020-10-09T10:00:05Z | crowdsecurity/ddos: ip 127.0.0.1 |  | crowdsec/test/crowdsecurity/ddos/127.0.0.1 |  | 44 | ip:127.0.0.1@source! range:127.0.0.1/32@source`,
		},
	},
}
