import { IconExternalLink } from '@tabler/icons-react'
import { Outlet, useRouterState } from '@tanstack/react-router'
import { Page } from '@/page/Page'
import { PartOutside, Parts } from '@/page/Parts'

const parts = [
  { label: 'Start', to: '/docs' },
  { label: 'Connectors', to: '/docs/connectors' },
  { label: 'Events', to: '/docs/events' },
  { label: 'Alert types', to: '/docs/alert-types' },
  { label: 'ATT&CK', to: '/docs/attack' },
  { label: 'Handbook', to: '/docs/handbook' },
] as const

/** DocsPage is the frame of the docs: all of it comes from this hub and fits its version. */
export function DocsPage() {
  const path = useRouterState({ select: ({ location }) => location.pathname.replace(/\/$/, '') })
  const here = parts.find(({ to }) => path === to || (to !== '/docs' && path.startsWith(`${to}/`)))
  return (
    <Page title="Docs">
      <Parts label="Parts of the docs" parts={parts} at={here?.to}>
        <PartOutside href="/api/docs">
          API reference
          <IconExternalLink size={14} aria-label="(opens a new tab)" />
        </PartOutside>
      </Parts>
      <Outlet />
    </Page>
  )
}
