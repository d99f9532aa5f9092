import { Text, type TextProps } from '@mantine/core'
import type { ReactNode } from 'react'
import { visible } from './visible'

/** longestText is how many characters of a text are put into the page. */
const longestText = 2_000

/**
 * EventText shows text that anybody may have written: as text only, with characters that cannot be seen or that turn the
 * direction of others made visible, and kept from turning what stands around it.
 */
export function EventText({
  children,
  lines,
  ...props
}: { children: string | undefined; lines?: number } & TextProps): ReactNode {
  const text = visible(children ?? '')
  const cut = text.length > longestText ? `${text.slice(0, longestText)}…` : text
  return (
    <Text
      component="bdi"
      inherit={props.size === undefined && props.fz === undefined}
      display={lines ? undefined : 'inline'}
      lineClamp={lines}
      title={text.length > 80 ? cut : undefined}
      style={{ overflowWrap: 'anywhere' }}
      {...props}
    >
      {cut}
    </Text>
  )
}
