import type { TextProps } from '@mantine/core'
import { EventText } from '@/text/EventText'
import classes from './Cause.module.css'
import { splitCause } from './words'

/**
 * Cause says why something failed: what happened, as a sentence, and below it the beginning of what the receiver wrote, if
 * it wrote anything. lines is how many lines each of the two has at most.
 */
export function Cause({ cause, lines = 2, ...props }: { cause: string; lines?: number } & TextProps) {
  const { what, answer } = splitCause(cause)
  return (
    <>
      <EventText lines={lines} {...props}>
        {what}
      </EventText>
      {answer && (
        <EventText lines={lines} className={classes.answer}>
          {answer}
        </EventText>
      )}
    </>
  )
}
