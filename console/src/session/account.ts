// Which account the console acts in. Empty: the own one. It belongs to the tab, so that two tabs can show two accounts.

const storageKey = 'tocsin.account'
const lostKey = 'tocsin.account.lost'

/** currentAccount is the account below the own one that this tab acts in; empty for the own. */
export const currentAccount = (): string => window.sessionStorage.getItem(storageKey) ?? ''

/** actIn makes this tab act in another account. The page is loaded anew: nothing of the other account may stay. */
export function actIn(account: string): void {
  if (account) window.sessionStorage.setItem(storageKey, account)
  else window.sessionStorage.removeItem(storageKey)
  window.location.assign('/')
}

/** forgetAccount goes back to the own account without loading the page. */
export function forgetAccount(): void {
  window.sessionStorage.removeItem(storageKey)
}

/** accountLost goes back to the own account, because the hub lets nobody act in this one any more: it was closed, or the right is gone. */
export function accountLost(account: string): void {
  window.sessionStorage.setItem(lostKey, account)
  actIn('')
}

/** lostAccount is the account that this tab was in before accountLost; empty when it was not, or that was told. */
export const lostAccount = (): string => window.sessionStorage.getItem(lostKey) ?? ''

/** toldLost forgets the account that was lost, once people know. */
export const toldLost = (): void => window.sessionStorage.removeItem(lostKey)
