import { Anchor, type AnchorProps } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import type { AriaAttributes, ReactNode } from 'react'

/** PageLinkProps lead to a page of the console: its path, and what stands behind the "?". */
export interface PageLinkProps extends AnchorProps, AriaAttributes {
  to: string
  search?: Record<string, string | undefined>
  title?: string
  children?: ReactNode
}

/**
 * PageLink leads to a page of the console whose address is made of data, such as an id. It is underlined, as a link within
 * text has to be; where it stands by itself, underline is "hover".
 */
export function PageLink({ to, search, underline = 'always', ...props }: PageLinkProps) {
  const sized = props.size !== undefined || props.fz !== undefined
  return (
    <Anchor
      component={Link}
      to={to}
      search={(search ?? {}) as never}
      inherit={!sized}
      underline={underline}
      {...props}
    />
  )
}
