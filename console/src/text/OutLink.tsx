import { Anchor, type AnchorProps, Text } from '@mantine/core'
import { IconExternalLink } from '@tabler/icons-react'
import type { ReactNode } from 'react'
import { safeHref } from './link'
import { visible } from './visible'

/** OutLink leads out of the console, if the address is one of http or https; any other is shown as text. */
export function OutLink({
  href,
  children,
  ...props
}: { href: string | undefined; children?: ReactNode } & AnchorProps) {
  const safe = safeHref(href)
  const label = children ?? visible(href ?? '')
  if (!safe) return <Text span>{label}</Text>
  return (
    <Anchor href={safe} target="_blank" rel="noopener noreferrer" {...props}>
      {label}
      <IconExternalLink
        size={13}
        style={{ marginInlineStart: 3, verticalAlign: '-1px' }}
        aria-label="(opens another site)"
      />
    </Anchor>
  )
}
