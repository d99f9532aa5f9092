package user

import "github.com/tocsin-hub/tocsin/internal/identity"

// authority is what a principal counts as when it changes people: a person their role, an API key with every right an
// administrator, everybody else nothing.
func authority(by identity.Principal) identity.Role {
	switch {
	case by.Role.Valid():
		return by.Role
	case by.Can(identity.Admin):
		return identity.RoleAdmin
	}
	return ""
}

// mayChange says whether a principal may change somebody who has one role so that they have the other. It takes an
// administrator; nobody touches or makes somebody above themselves, so that owners alone make, change and remove owners.
func mayChange(by identity.Principal, has, gets identity.Role) bool {
	own := authority(by).Rank()
	return own >= identity.RoleAdmin.Rank() && own >= has.Rank() && own >= gets.Rank()
}

// mayInvite is mayChange for somebody new. Somebody has to be the first: while an account has no owner who can sign in,
// its administrators may invite one.
func mayInvite(by identity.Principal, role identity.Role, owners int) bool {
	if role == identity.RoleOwner && owners == 0 {
		role = identity.RoleAdmin
	}
	return mayChange(by, "", role)
}
