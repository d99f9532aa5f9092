import { ActionIcon, Button, Menu } from '@mantine/core'
import { IconDotsVertical, IconPlayerPause, IconPlayerPlay, IconPower, IconTrash } from '@tabler/icons-react'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { confirm } from '@/act/confirm'
import { done, failed } from '@/act/notify'
import { api } from '@/api/client'
import { delivers } from '@/integration/capabilities'
import { backlog } from '@/integration/standing'
import { useCan } from '@/session/me'
import { full } from '@/text/number'
import { useRefresh } from '../data/save'
import { askToDelete } from './askToDelete'
import type { Shown } from './data'

type Verb = 'enable' | 'disable' | 'pause' | 'resume'

const said: Record<Verb, string> = {
  enable: 'The integration is enabled.',
  disable: 'The integration is disabled.',
  pause: 'The integration is paused.',
  resume: 'The integration is resumed.',
}

const doing: Record<Verb, string> = {
  enable: 'Enabling',
  disable: 'Disabling',
  pause: 'Pausing',
  resume: 'Resuming',
}

const paths = {
  enable: '/api/v1/integrations/{id}/enable',
  disable: '/api/v1/integrations/{id}/disable',
  pause: '/api/v1/integrations/{id}/pause',
  resume: '/api/v1/integrations/{id}/resume',
} as const

/** Actions is what can be done to an integration as a whole. */
export function Actions(shown: Shown) {
  const { integration, connector, stats, responder } = shown
  const write = useCan('integrations:write')
  const refresh = useRefresh()
  const navigate = useNavigate()
  const [busy, setBusy] = useState(false)
  if (!write) return null
  const act = async (verb: Verb) => {
    await api.POST(paths[verb], { params: { path: { id: integration.id } } })
    await refresh()
  }
  const now = async (verb: Verb, back?: Verb) => {
    setBusy(true)
    try {
      await act(verb)
      done(said[verb], back && (() => act(back)))
    } catch (thrown) {
      failed(`${doing[verb]} the integration`, thrown)
      await refresh()
    } finally {
      setBusy(false)
    }
  }
  const parked = stats ? backlog(stats.counts) : 0
  const disable = () =>
    confirm({
      title: 'Disable the integration?',
      text: delivers(connector)
        ? `Events are skipped from now on, and counted as skipped.${
            parked > 0
              ? ` ${full(parked)} that wait or are parked are closed as discarded; they can be replayed from the mailbox.`
              : ''
          }`
        : 'Blocks are no longer applied there. What is there stays.',
      verb: 'Disable',
      danger: true,
      act: async () => {
        await act('disable')
        done(said.disable, () => act('enable'))
      },
    })
  return (
    <>
      {!integration.enabled ? (
        <Button
          variant="default"
          leftSection={<IconPower size={16} aria-hidden />}
          loading={busy}
          onClick={() => void now('enable')}
        >
          Enable
        </Button>
      ) : integration.paused ? (
        <Button
          variant="default"
          leftSection={<IconPlayerPlay size={16} aria-hidden />}
          loading={busy}
          onClick={() => void now('resume', 'pause')}
        >
          Resume
        </Button>
      ) : (
        <Button
          variant="default"
          leftSection={<IconPlayerPause size={16} aria-hidden />}
          loading={busy}
          onClick={() => void now('pause', 'resume')}
        >
          Pause
        </Button>
      )}
      <Menu position="bottom-end" withinPortal>
        <Menu.Target>
          <ActionIcon variant="default" size={36} aria-label="More actions">
            <IconDotsVertical size={16} aria-hidden />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {integration.enabled && (
            <Menu.Item leftSection={<IconPower size={16} aria-hidden />} onClick={disable}>
              Disable…
            </Menu.Item>
          )}
          <Menu.Item
            leftSection={<IconTrash size={16} aria-hidden />}
            style={{ color: 'var(--tocsin-bad)' }}
            onClick={() =>
              askToDelete({
                integration,
                responder,
                backlog: parked,
                gone: async () => {
                  await navigate({ to: '/integrations', search: {}, ignoreBlocker: true })
                  await refresh()
                },
              })
            }
          >
            Delete…
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </>
  )
}
