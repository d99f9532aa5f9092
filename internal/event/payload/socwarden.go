package payload

import (
	"encoding/json"
	"net/netip"
	"slices"
	"strings"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// socwardenAlert is what SOCWarden's webhook sends (https://socwarden.com/docs/webhooks): 18 fields, all of them always
// there.
type socwardenAlert struct {
	Event     string            `json:"event"`  // always "alert.created"
	Source    string            `json:"source"` // always "socwarden"
	AlertID   *string           `json:"alert_id"`
	EventID   *string           `json:"event_id"`
	AlertType string            `json:"alert_type"`
	Severity  string            `json:"severity"` // low, medium, high, critical
	Actor     *string           `json:"actor"`
	IP        *string           `json:"ip"` // a range in CIDR notation for IP actions
	Project   *string           `json:"project"`
	Summary   string            `json:"summary"`
	RiskScore json.Number       `json:"risk_score"` // 0 to 100
	Mitre     *string           `json:"mitre"`
	Geo       *socwardenGeo     `json:"geo"`
	Network   *socwardenNetwork `json:"network"`
	Tags      []string          `json:"tags"`
	OrgName   string            `json:"org_name"`
	EventType *string           `json:"event_type"`
	CreatedAt string            `json:"created_at"`
}

type socwardenGeo struct {
	Country     *string      `json:"country"`
	CountryCode *string      `json:"country_code"`
	City        *string      `json:"city"`
	Latitude    *json.Number `json:"latitude"`
	Longitude   *json.Number `json:"longitude"`
	Timezone    *string      `json:"timezone"`
}

type socwardenNetwork struct {
	NetworkType  *string `json:"network_type"`
	IsTor        *bool   `json:"is_tor"`
	IsVPN        *bool   `json:"is_vpn"`
	IsProxy      *bool   `json:"is_proxy"`
	IsDatacenter *bool   `json:"is_datacenter"`
	ISP          *string `json:"isp"`
	ASN          *string `json:"asn"`
}

var socwarden = Profile{
	Name: "socwarden", Title: "SOCWarden", Help: "The alert webhook of SOCWarden: 18 fields, those that do not apply are null.",
	Lossy: true, Open: form(asSOCWarden, "socwarden"),
}

// asSOCWarden makes an alert of any event. Events about IP actions (ip.*) have the vendor's form for them: no ids, the
// address as a range, no geo and no network.
func asSOCWarden(r *reading) any {
	a := &socwardenAlert{
		Event: "alert.created", Source: "socwarden",
		AlertType: r.kind(),
		Severity:  max(r.Severity, event.Low).String(),
		Actor:     orNull(r.who()),
		Project:   orNull(r.Project),
		Summary:   r.headline(),
		RiskScore: decimal(r.points()),
		Tags:      list(r.Tags),
		OrgName:   first(r.own.text("org_name"), r.organisation()),
		CreatedAt: stamp(r.Time),
	}
	if r.own != nil && strings.HasPrefix(r.Description, strings.TrimSuffix(r.Title, "…")) {
		a.Summary = first(r.Description, a.Summary) // the title was a cut summary
	}
	if b := r.back(); b != nil { // of the 18 fields, only the tags have room
		for _, tag := range [...][2]string{{"incident:", b.Incident}, {"endpoint:", b.Endpoint}, {"link:", b.Link}} {
			if tag[1] != "" {
				a.Tags = append(slices.Clip(a.Tags), tag[0]+tag[1])
			}
		}
	}
	if strings.HasPrefix(r.Type, "ip.") {
		asIPAction(r, a)
		return a
	}
	a.AlertID, a.EventID = orNull(r.record.ID.UUID()), orNull(r.record.ID.UUID())
	a.EventType = orNull(r.Type)
	if r.own != nil {
		a.AlertID, a.EventID = orNull(r.own.text("alert_id")), orNull(r.own.text("event_id"))
		a.EventType = orNull(first(r.own.text("event_type"), r.Type))
		if a.AlertID == nil {
			a.AlertID = orNull(r.record.ID.UUID())
		}
	}
	if len(r.Mitre) > 0 {
		a.Mitre = &r.Mitre[0]
	}
	a.IP = orNull(r.entity("source", "ip"))
	a.Geo, a.Network = geoOf(objectOf(r.Geo)), networkOf(objectOf(r.Network))
	return a
}

// asIPAction gives an alert the form of an IP action.
func asIPAction(r *reading, a *socwardenAlert) {
	if r.own == nil || r.AlertType == "" {
		a.AlertType = strings.ReplaceAll(r.Type, ".", "_")
	}
	if r.RiskScore == nil {
		a.RiskScore = "0"
	}
	if ip := r.address("target"); ip.IsValid() {
		a.IP = orNull(netip.PrefixFrom(ip.WithZone(""), ip.BitLen()).String())
	} else {
		a.IP = orNull(r.entity("target", "cidr"))
	}
	if p, err := netip.ParsePrefix(r.own.text("ip")); err == nil {
		a.IP = orNull(p.String())
	}
}

func geoOf(o object) *socwardenGeo {
	if len(o) == 0 {
		return nil
	}
	return &socwardenGeo{
		Country: orNull(o.text("country")), CountryCode: orNull(o.text("country_code")), City: orNull(o.text("city")),
		Latitude: o.numberOrNull("latitude"), Longitude: o.numberOrNull("longitude"), Timezone: orNull(o.text("timezone")),
	}
}

func networkOf(o object) *socwardenNetwork {
	if len(o) == 0 {
		return nil
	}
	asn := o.text("asn")
	if n, ok := o.integer("asn"); ok {
		asn = "AS" + string(decimal(float64(n)))
	}
	return &socwardenNetwork{
		NetworkType: orNull(o.text("network_type")), IsTor: o.truth("is_tor"), IsVPN: o.truth("is_vpn"), IsProxy: o.truth("is_proxy"),
		IsDatacenter: o.truth("is_datacenter"), ISP: orNull(o.text("isp")), ASN: orNull(asn),
	}
}
