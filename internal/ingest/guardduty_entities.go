package ingest

// guarddutyEntities takes what a finding is about. GuardDuty saw it in flow logs, CloudTrail, DNS logs or its own agent:
// all are observed.
//
//	resource    instance, bucket, cluster, database, function: target; actor when service.resourceRole says ACTOR
//	ip          the resource's own addresses, the same; the remote one source, or target of a connection that the
//	            resource opened
//	user        accessKeyDetails.userName, the Kubernetes user, the database user (actor)
//	access_key  accessKeyDetails.accessKeyId (actor)
//	container, image, process, hash, file, domain  where the finding names them
func guarddutyEntities(f object) *entities {
	list := &entities{}
	resource, service := f.object("resource"), f.object("service")
	own := "target"
	if service.text("resourceRole") == "ACTOR" {
		own = "actor"
	}
	list.pick(resource, []pick{
		{"accessKeyDetails.userName", "user", "actor"}, {"accessKeyDetails.accessKeyId", "access_key", "actor"},
		{"kubernetesDetails.kubernetesUserDetails.username", "user", "actor"}, {"rdsDbUserDetails.user", "user", "actor"},
		{"instanceDetails.instanceId", "resource", own}, {"eksClusterDetails.name", "resource", own}, {"ecsClusterDetails.name", "resource", own},
		{"lambdaDetails.functionName", "resource", own}, {"rdsDbInstanceDetails.dbInstanceIdentifier", "resource", own},
		{"kubernetesDetails.kubernetesWorkloadDetails.name", "workload", own}, {"kubernetesDetails.kubernetesWorkloadDetails.namespace", "namespace", ""},
		{"containerDetails.id", "container", own}, {"containerDetails.image", "image", own},
	})
	for _, bucket := range resource.objects("s3BucketDetails") {
		list.addKind("resource", bucket.text("name"), own)
	}
	instance := resource.object("instanceDetails")
	for _, n := range instance.objects("networkInterfaces") {
		list.pick(n, []pick{{"privateIpAddress", "ip", own}, {"publicIp", "ip", own}, {"ipv6Addresses", "ip", own}})
	}
	guarddutyAction(list, service.object("action"))
	list.pick(service, []pick{
		{"runtimeDetails.process.name", "process", "actor"}, {"runtimeDetails.process.executablePath", "file", "target"},
		{"runtimeDetails.context.threatFilePath", "file", "target"},
	})
	list.addHashes(service.digObject("runtimeDetails.process"), "target", "executableSha256")
	guarddutyScan(list, service)
	guarddutySequence(list, service.digObject("detection.sequence"))
	return list
}

// guarddutyAction takes the other end of what happened.
func guarddutyAction(list *entities, action object) {
	connection := action.object("networkConnectionAction")
	remote := "source"
	if connection.text("connectionDirection") == "OUTBOUND" {
		remote = "target"
	}
	list.pick(connection, remoteAddress(remote))
	for _, name := range []string{"awsApiCallAction", "kubernetesApiCallAction", "rdsLoginAttemptAction"} {
		list.pick(action.object(name), remoteAddress("source"))
	}
	probes := action.object("portProbeAction")
	for _, p := range probes.objects("portProbeDetails") {
		list.pick(p, remoteAddress("source"))
	}
	list.pick(action, []pick{{"dnsRequestAction.domain", "domain", "target"}, {"awsApiCallAction.domainDetails.domain", "domain", "source"}})
}

func remoteAddress(role string) []pick {
	return []pick{{"remoteIpDetails.ipAddressV4", "ip", role}, {"remoteIpDetails.ipAddressV6", "ip", role}}
}

// guarddutyScan takes what a scan of a volume found.
func guarddutyScan(list *entities, service object) {
	detections := service.digObject("ebsVolumeScanDetails.scanDetections.threatDetectedByName")
	for _, threat := range detections.objects("threatNames") {
		for _, file := range threat.objects("filePaths") {
			list.addKind("file", file.text("filePath"), "target")
			list.addHashes(file, "target", "hash")
		}
	}
}

// guarddutySequence takes who took part in an attack sequence.
func guarddutySequence(list *entities, sequence object) {
	for _, actor := range sequence.objects("actors") {
		list.pick(actor, []pick{{"user.name", "user", "actor"}})
	}
	for _, end := range sequence.objects("endpoints") {
		list.pick(end, []pick{{"ip", "ip", "source"}, {"domain", "domain", "source"}})
	}
	for _, resource := range sequence.objects("resources") {
		list.pick(resource, []pick{{"uid", "resource", "target"}})
	}
}
