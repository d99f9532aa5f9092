// Which account the console acts in. Empty: the own one. It belongs to the tab, so that two tabs can show two accounts.

const storageKey = 'tocsin.account'

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
