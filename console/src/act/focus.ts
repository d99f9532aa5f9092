import { useState } from 'react'

/** mostFrames is for how many frames a dialog that has said that it is closed may still be in the page. */
const mostFrames = 10

// waiting had the focus before a dialog that closed together with the question above it.
let waiting: Element | null = null
// lastResort is the heading that got the focus because nothing nearer was there; whoever knows better may have it back.
let lastResort: Element | null = null

/**
 * placeOfFocus remembers what has the focus, to give it back when what follows is over. An entry of a menu is gone by then:
 * what opened the menu stands for it. A line may be gone, too: then it is the next one's first button, or the heading above.
 */
export function placeOfFocus(): () => void {
  const target = opener(document.activeElement)
  const around = surroundings(target)
  const giveBack = (frames = mostFrames) => {
    // Who moved on meanwhile, to a dialog or another field, is not fetched back; that dialog may be on its way out, too.
    const active = document.activeElement
    if (active && active !== document.body && active !== lastResort) {
      if (!active.closest('[role="dialog"]')) return
      waiting = target
      if (frames > 0) window.requestAnimationFrame(() => giveBack(frames - 1))
      return
    }
    const below = waiting
    waiting = null
    if (take(target) || take(below)) return
    for (const place of around) if (take(place())) return
    const dialogs = document.querySelectorAll('[role="dialog"]')
    lastResort = heading(dialogs[dialogs.length - 1] ?? document)
    take(lastResort)
  }
  // What is closed leaves the page right after it said so; until then it may have the focus still.
  return () => void window.setTimeout(() => giveBack())
}

/** useFocusBack remembers what had the focus when something was opened; what it returns gives it back. */
export function useFocusBack(opened: boolean): () => void {
  const [kept, setKept] = useState({ opened: false, giveBack: () => {} })
  if (opened !== kept.opened) setKept({ opened, giveBack: opened ? placeOfFocus() : kept.giveBack })
  return kept.giveBack
}

function opener(active: Element | null): Element | null {
  const menu = active?.closest('[role="menu"]')
  if (!menu?.id) return active
  return document.querySelector(`[aria-controls="${CSS.escape(menu.id)}"]`) ?? active
}

type Place = () => Element | null | undefined

/** surroundings are where to go when the element is not there any more, the nearest first. */
function surroundings(target: Element | null): Place[] {
  const line = target?.closest('[role="row"], tr, li, [data-line]')
  const list = line?.parentElement
  const part = target?.closest('section, [role="dialog"]')
  if (!line || !list) return [() => part && heading(part)]
  const at = [...list.children].indexOf(line)
  return [
    () => firstButton(list.children[at] ?? list.children[list.children.length - 1]),
    () => part && heading(part),
  ]
}

const firstButton = (line: Element | undefined): Element | null | undefined =>
  line?.matches('[tabindex="0"]') ? line : line?.querySelector('button, a[href], [tabindex="0"]')

const heading = (within: ParentNode): Element | null =>
  within.querySelector(within === document ? 'main h1' : 'h1, h2, h3')

/** take focuses an element, and says whether it has the focus now. */
function take(element: Element | null | undefined): boolean {
  if (!(element instanceof HTMLElement) || !element.isConnected || element === document.body) return false
  element.focus({ preventScroll: true })
  if (document.activeElement === element) return true
  if (!/^H[1-6]$/.test(element.tagName)) return false
  // A heading is read out by whoever listens, and the next Tab goes on from it.
  element.tabIndex = -1
  element.focus({ preventScroll: true })
  return document.activeElement === element
}
