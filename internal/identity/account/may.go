package account

import "github.com/tocsin-hub/tocsin/internal/event"

// MayManage says whether an administrator of the account actor may change the account target: its title, where it
// hangs, whether it is open. The operator (an administrator of the default account) may change every account; anybody
// else those below the own one. An account is not its own manager: it could give itself another plan.
func MayManage(actor event.Account, operator bool, target event.Account, t *Tree) bool {
	if operator {
		_, ok := t.Get(target)
		return ok
	}
	return target != actor && t.Within(target, actor)
}

// MaySee says whether an administrator of the account actor may see target: what may be managed, and the own one.
func MaySee(actor event.Account, operator bool, target event.Account, t *Tree) bool {
	return t.Within(target, actor) || MayManage(actor, operator, target, t)
}

// MayPlace says whether an administrator of the account actor may make an account below parent, or move one there. Only
// the operator may make one that has no parent.
func MayPlace(actor event.Account, operator bool, parent event.Account, t *Tree) bool {
	return operator || parent != "" && t.Within(parent, actor)
}

// MayChoosePlan says whether an administrator of the account actor may set an account's plan. Only the operator may: an
// account without a plan of its own has that of the account above it, so nobody can give a child more than they have.
func MayChoosePlan(operator bool) bool { return operator }
