import { useSyncExternalStore } from 'react'

// What was said of the page that came last, for those who hear pages.
const said = { title: '', path: '', text: '', listeners: new Set<() => void>() }

/** announce tells that a page is there, once for each address; the first one is read out by its title. */
export function announce(title: string, path: string): void {
  const first = said.path === ''
  if (said.path === path || said.title === title) {
    said.path = path
    return
  }
  Object.assign(said, { title, path, text: first ? '' : title })
  for (const each of said.listeners) each()
}

function listen(listener: () => void): () => void {
  said.listeners.add(listener)
  return () => said.listeners.delete(listener)
}

/** useAnnounced is what is to be read out. */
export const useAnnounced = (): string => useSyncExternalStore(listen, () => said.text)
