import { Alert, Anchor, Text } from '@mantine/core'
import { IconHandStop } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { Page } from '@/page/Page'
import { Parts } from '@/page/Parts'
import { EventText } from '@/text/EventText'
import { usePolicy } from '../policy/usePolicy'
import classes from './BlocksFrame.module.css'

const tabs = [
  { to: '/blocks', label: 'Blocks' },
  { to: '/blocks/responders', label: 'Responders' },
  { to: '/blocks/never-block', label: 'Never-block list' },
  { to: '/blocks/rules', label: 'Rules' },
  { to: '/blocks/policy', label: 'Policy' },
] as const

/** BlocksFrame is around each part of the page: its parts as links, and a warning while the kill switch is on. */
export function BlocksFrame({
  at,
  about,
  actions,
  fill,
  children,
}: {
  at: (typeof tabs)[number]['to']
  about: ReactNode
  actions?: ReactNode
  fill?: boolean
  children: ReactNode
}) {
  const here = tabs.find((tab) => tab.to === at)
  const title = at === '/blocks' ? 'Blocks' : `Blocks: ${here?.label ?? ''}`
  return (
    <Page title={title} head={here?.label ?? 'Blocks'} about={about} actions={actions} fill={fill}>
      <Parts label="Parts of blocks" parts={tabs} at={at} />
      {at !== '/blocks/policy' && <KilledNotice />}
      {children}
    </Page>
  )
}

/** KilledNotice says that the kill switch is on; nothing while it is off. */
export function KilledNotice() {
  const { data: policy } = usePolicy()
  if (!policy?.killed) return null
  return (
    <Alert
      role="status"
      color="red"
      variant="light"
      icon={<IconHandStop aria-hidden />}
      title="The kill switch is on"
      className={classes.notice}
    >
      <Text size="sm">
        Nothing is blocked or repaired, and nothing can be approved. What ends is still taken away.{' '}
        {policy.killed_reason && (
          <>
            Reason: <EventText>{policy.killed_reason}</EventText>.{' '}
          </>
        )}
        <Anchor component={Link} to="/blocks/policy" inherit underline="always">
          Go to the kill switch
        </Anchor>
      </Text>
    </Alert>
  )
}
