import { IconChevronLeft } from '@tabler/icons-react'
import { PageLink } from '@/link/PageLink'

/** BackTo is where a page's way back leads: to the list that it is of. */
export interface BackTo {
  to: string
  /** label names the list as its own page does: "Blocks". */
  label: string
  search?: Record<string, string | undefined>
}

/** Back leads from one of a list to the list. It stands above the title. */
export function Back({ to, label, search }: BackTo) {
  return (
    <nav aria-label="Back">
      <PageLink
        to={to}
        search={search}
        underline="hover"
        c="dimmed"
        fz="sm"
        display="inline-flex"
        style={{ alignItems: 'center', gap: 2, marginInlineStart: -4 }}
      >
        <IconChevronLeft size={15} aria-hidden />
        {label}
      </PageLink>
    </nav>
  )
}
