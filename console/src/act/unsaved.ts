import { useBlocker } from '@tanstack/react-router'
import {
  createContext,
  type RefObject,
  useContext,
  useEffect,
  useId,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from 'react'
import { confirm, isAsking, type Question } from './confirm'

type Asked = Pick<Question, 'title' | 'text' | 'verb' | 'no'>

const leavePage: Asked = {
  title: 'Leave without saving?',
  text: 'What you changed here is not saved.',
  verb: 'Leave',
  no: 'Stay',
}

const discardWritten: Asked = {
  title: 'Discard what you wrote?',
  text: 'It is not saved anywhere.',
  verb: 'Discard',
  no: 'Keep it',
}

/** Holder is the dialog or drawer around a form. */
interface Holder {
  /** report tells it whether something in the form is not saved. */
  report: (form: string, unsaved: boolean) => void
  /** released: it closes, and was told to discard what is written. */
  released: RefObject<boolean>
}

/** Holding gives forms the dialog or drawer around them; without one it is a form of the page. */
export const Holding = createContext<Holder | undefined>(undefined)

/** agreed asks, and says whether the answer was yes. */
const agreed = (question: Asked): Promise<boolean> =>
  new Promise((resolve) =>
    confirm({
      ...question,
      danger: true,
      act: () => Promise.resolve(resolve(true)),
      declined: () => resolve(false),
    }),
  )

/**
 * useUnsaved asks before something that is not saved is lost: when the page is left or reloaded, and when the dialog around
 * the form is closed in another way than by the form's own buttons.
 */
export function useUnsaved(unsaved: boolean, question?: Asked): void {
  const form = useId()
  const holder = useContext(Holding)
  const report = holder?.report
  // Before anything else is heard: a click right after the first letter is to know of it.
  useLayoutEffect(() => {
    report?.(form, unsaved)
    return () => report?.(form, false)
  }, [report, form, unsaved])
  useBlocker({
    disabled: !unsaved,
    enableBeforeUnload: true,
    shouldBlockFn: async ({ action, current, next }) => {
      if (holder?.released.current) return false
      const stays = current.pathname === next.pathname
      // The form's own buttons close a dialog by changing what the address says beside the page; a filter of the page
      // changes that, too, and takes no form away.
      if (stays && (!holder || action === 'PUSH' || action === 'REPLACE')) return false
      return !(await agreed(question ?? (holder ? discardWritten : leavePage)))
    },
  })
}

/** useHolding is for a dialog with a form in it: holder goes to Holding, and leave closes it, after a question if need be. */
export function useHolding(close: () => void) {
  const [unsaved, setUnsaved] = useState<ReadonlySet<string>>(new Set())
  const released = useRef(false)
  const holder = useMemo<Holder>(() => {
    const report = (form: string, is: boolean) =>
      setUnsaved((old) => {
        if (old.has(form) === is) return old
        const next = new Set(old)
        if (is) next.add(form)
        else next.delete(form)
        return next
      })
    return { report, released }
  }, [])
  const dirty = unsaved.size > 0
  useEffect(() => {
    if (!dirty) released.current = false
  }, [dirty])
  const discard = async () => {
    if (!(await agreed(discardWritten))) return
    released.current = true
    close()
  }
  const leave = () => {
    if (isAsking()) return
    if (!dirty) close()
    else void discard()
  }
  return { holder, dirty, leave }
}
