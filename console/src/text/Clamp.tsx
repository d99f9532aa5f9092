import { Button } from '@mantine/core'
import { type CSSProperties, type ReactNode, type RefObject, useEffect, useId, useRef, useState } from 'react'

/** Clamped is what a text gets that is cut: it goes to the element that has the text. */
interface Clamped {
  ref: RefObject<HTMLHeadingElement | null>
  id: string
  style: CSSProperties
}

/**
 * Clamp cuts a text that somebody else wrote to some lines, so that it does not push away what comes below it. If there is
 * more of it, a button shows all of it. about says what it is, for those who hear the button: "the title".
 */
export function Clamp({
  lines = 3,
  about,
  text,
  children,
}: {
  lines?: number
  about: string
  /** text is what is measured anew when it changes. */
  text: string
  children: (clamped: Clamped) => ReactNode
}) {
  const ref = useRef<HTMLHeadingElement>(null)
  const id = useId()
  const [whole, setWhole] = useState(false)
  const [longer, setLonger] = useState(false)
  // biome-ignore lint/correctness/useExhaustiveDependencies: another text is as long as it is
  useEffect(() => {
    const element = ref.current
    if (!element || whole) return
    const measure = () => setLonger(element.scrollHeight > element.clientHeight + 1)
    measure()
    const watch = new ResizeObserver(measure)
    watch.observe(element)
    return () => watch.disconnect()
  }, [whole, text])
  const cut: CSSProperties = {
    display: '-webkit-box',
    WebkitBoxOrient: 'vertical',
    WebkitLineClamp: lines,
    overflow: 'hidden',
  }
  return (
    <>
      {children({ ref, id, style: { overflowWrap: 'anywhere', ...(whole ? {} : cut) } })}
      {longer && (
        <Button
          variant="subtle"
          size="compact-xs"
          ml={-6}
          aria-label={whole ? `Less of ${about}` : `More of ${about}`}
          aria-expanded={whole}
          aria-controls={id}
          onClick={() => setWhole(!whole)}
        >
          {whole ? 'less' : 'more'}
        </Button>
      )}
    </>
  )
}
