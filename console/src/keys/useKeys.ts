import { useEffect, useRef } from 'react'
import { tinykeys } from 'tinykeys'

/** typing says whether somebody writes into a field, where letters are no commands. */
export function typing(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false
  return target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName)
}

/** covered says whether a dialog lies over the page: keys of the page wait until it is closed. */
const covered = (): boolean => document.querySelector('[role="dialog"][aria-modal="true"]') !== null

/**
 * useKeys binds keys ("j", "g a", "Shift+?") while the component is there. They do nothing while somebody types, or while
 * a dialog is open.
 */
export function useKeys(keys: Record<string, (event: KeyboardEvent) => void>): void {
  const latest = useRef(keys)
  latest.current = keys
  const names = Object.keys(keys).join('\n')
  useEffect(() => {
    const bound = names.split('\n').map((name) => [
      name,
      (event: KeyboardEvent) => {
        if (typing(event.target) || covered()) return
        latest.current[name]?.(event)
      },
    ])
    return tinykeys(window, Object.fromEntries(bound))
  }, [names])
}
