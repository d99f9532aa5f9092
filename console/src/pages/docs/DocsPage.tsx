import { Button, Group } from '@mantine/core'
import { IconExternalLink } from '@tabler/icons-react'
import { Link, Outlet, useRouterState } from '@tanstack/react-router'
import { Page } from '@/page/Page'

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
  const active = (to: string) => (to === '/docs' ? path === to : path === to || path.startsWith(`${to}/`))
  return (
    <Page title="Docs">
      <Group gap={4} component="nav" aria-label="Parts of the docs">
        {parts.map(({ label, to }) => (
          <Button
            key={to}
            component={Link}
            to={to}
            size="compact-md"
            fz="sm"
            fw={active(to) ? 650 : 500}
            variant={active(to) ? 'light' : 'subtle'}
            color={active(to) ? undefined : 'gray'}
            aria-current={active(to) ? 'page' : undefined}
          >
            {label}
          </Button>
        ))}
        <Button
          component="a"
          href="/api/docs"
          target="_blank"
          rel="noopener"
          size="compact-md"
          fz="sm"
          fw={500}
          variant="subtle"
          color="gray"
          rightSection={<IconExternalLink size={14} aria-label="(opens a new tab)" />}
        >
          API reference
        </Button>
      </Group>
      <Outlet />
    </Page>
  )
}
