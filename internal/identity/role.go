package identity

import "slices"

// Role is what a person is in an account.
type Role string

// The roles, from the least to the greatest.
const (
	RoleViewer    Role = "viewer"    // reads everything but the audit record
	RoleAnalyst   Role = "analyst"   // and works on alerts, incidents, investigations and deliveries
	RoleResponder Role = "responder" // and blocks
	RoleAdmin     Role = "admin"     // everything in the account but its owners
	RoleOwner     Role = "owner"     // everything in the account, and alone makes, changes or removes owners
)

// reads is what every role may.
var reads = Scopes{
	EventsRead, IntegrationsRead, SourcesRead, MappingRead, DeliveriesRead, AlertsRead, IncidentsRead, InvestigationsRead, SearchRead, GraphRead,
	BlocksRead,
}

var (
	works    = slices.Concat(reads, Scopes{DeliveriesWrite, AlertsWrite, IncidentsWrite, InvestigationsWrite})
	responds = slices.Concat(works, Scopes{BlocksWrite, BlocksApprove})
)

// RoleInfo describes a role for people.
type RoleInfo struct {
	Role   Role   `json:"role"`
	Help   string `json:"help"`
	Scopes Scopes `json:"scopes"`
}

// roles is every role there is, from the least to the greatest.
var roles = [...]RoleInfo{
	{RoleViewer, "Reads everything but the audit record.", reads},
	{RoleAnalyst, "Works on alerts, incidents, investigations and deliveries.", works},
	{RoleResponder, "Works on them, and makes and approves blocks.", responds},
	{RoleAdmin, "Everything in the account, but not its owners.", Scopes{Admin}},
	{RoleOwner, "Everything in the account, and alone makes, changes or removes owners.", Scopes{Admin}},
}

// AllRoles lists the roles from the least to the greatest.
func AllRoles() []RoleInfo { return slices.Clone(roles[:]) }

// Rank orders the roles: 1 for the least; 0 for no role at all.
func (r Role) Rank() int {
	return 1 + slices.IndexFunc(roles[:], func(i RoleInfo) bool { return i.Role == r })
}

// Valid says whether the role exists.
func (r Role) Valid() bool { return r.Rank() > 0 }

// Scopes is what a person of the role may do; nothing for a role that does not exist. It must not be changed.
func (r Role) Scopes() Scopes {
	if n := r.Rank(); n > 0 {
		return roles[n-1].Scopes
	}
	return nil
}
