/**
 * otherBuild gives the name of the console's build that the hub serves now, when it is not the one that this page is of: the
 * hub was upgraded. Empty when it is the same, or when the hub does not answer.
 */
export async function otherBuild(): Promise<string> {
  const own = entryOf(document.documentElement.outerHTML)
  try {
    const answer = await fetch('/', {
      headers: { Accept: 'text/html' },
      signal: AbortSignal.timeout(patience),
    })
    const served = answer.ok ? entryOf(await answer.text()) : ''
    return served === own ? '' : served
  } catch {
    return '' // it cannot be known while the hub is away
  }
}

/** patience is how long the hub may take to give its page, in milliseconds. */
const patience = 10_000

/** entryOf is the script that a page of the console begins with; its name holds a hash of what is in it. Empty: no such page. */
export function entryOf(page: string): string {
  return /<script\b[^>]*\bsrc="(\/console\/assets\/[^"]+)"/.exec(page)?.[1] ?? ''
}

const reloadedKey = 'tocsin.reloaded'

/** reloadOnce loads the page anew for a build, but never twice for the same one: what is missing then is missing for good. */
export function reloadOnce(build: string): void {
  if (window.sessionStorage.getItem(reloadedKey) === build) return
  window.sessionStorage.setItem(reloadedKey, build)
  window.location.reload()
}
