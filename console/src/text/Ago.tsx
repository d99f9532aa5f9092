import { Text, type TextProps } from '@mantine/core'
import classes from './State.module.css'
import { ago, exact, useNow } from './time'

/** Ago shows how long ago something was, or when it will be; the exact time is its title. */
export function Ago({ time, none = '–', ...props }: { time: string | undefined; none?: string } & TextProps) {
  const now = useNow()
  const at = time ? Date.parse(time) : Number.NaN
  // Plain in lists, which draw many while somebody scrolls.
  if (Object.keys(props).length === 0 && !Number.isNaN(at))
    return (
      <time dateTime={time} title={exact(at)} className={`numbers ${classes.time}`}>
        {ago(at, now)}
      </time>
    )
  if (Number.isNaN(at))
    return (
      <Text span inherit {...props}>
        {none}
      </Text>
    )
  return (
    <Text
      component="time"
      inherit={props.size === undefined}
      dateTime={time}
      title={exact(at)}
      style={{ whiteSpace: 'nowrap' }}
      className="numbers"
      {...props}
    >
      {ago(at, now)}
    </Text>
  )
}

/** When shows a time exactly, in the reader's zone. */
export function When({
  time,
  none = '–',
  ...props
}: { time: string | undefined; none?: string } & TextProps) {
  const at = time ? Date.parse(time) : Number.NaN
  if (Number.isNaN(at))
    return (
      <Text span inherit {...props}>
        {none}
      </Text>
    )
  return (
    <Text
      component="time"
      inherit={props.size === undefined}
      dateTime={time}
      title={time}
      style={{ whiteSpace: 'nowrap' }}
      className="numbers"
      {...props}
    >
      {exact(at)}
    </Text>
  )
}
