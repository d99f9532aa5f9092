package account

import (
	"fmt"

	"github.com/tocsin-hub/tocsin/internal/act"
	"github.com/tocsin-hub/tocsin/internal/event"
)

// isOperator says whether an actor runs the installation: an administrator of the default account, whoever has the data
// directory, or the hub itself.
func isOperator(a act.Actor) bool {
	switch a.Kind {
	case act.KindLocal, act.KindSystem:
		return true
	}
	return a.Admin && a.Account == event.DefaultAccount
}

// room says whether one more account fits below parent. One tenant must not use up what all share, so that only the
// operator may fill the installation. Its error wraps ErrFull.
func (t *Tree) room(parent event.Account, operator bool) error {
	if len(t.names) >= MaxAccounts {
		return fmt.Errorf("%w: the hub has %d accounts, which is the most", ErrFull, MaxAccounts)
	}
	if operator {
		return nil
	}
	if len(t.names) >= MaxAccounts-Reserved {
		return fmt.Errorf("%w: the hub has nearly as many accounts as it can hold; only its operator can make more", ErrFull)
	}
	if top := t.Top(parent); top != "" && len(t.below(top, nil)) >= MaxBelow {
		return fmt.Errorf("%w: a top-level account has at most %d accounts below it, closed ones included; only the "+
			"operator can make more", ErrFull, MaxBelow)
	}
	return nil
}
