import { ActionIcon, Drawer, Group, Tabs, Tooltip } from '@mantine/core'
import { IconChevronDown, IconChevronUp } from '@tabler/icons-react'
import { useNavigate } from '@tanstack/react-router'
import { type KeyboardEvent, useCallback, useEffect, useRef, useState } from 'react'
import { Holding, useHolding } from '@/act/unsaved'
import { $api } from '@/api/client'
import { BlockDialog } from '@/blocking/BlockDialog'
import { IncidentDialog } from '@/incident/IncidentDialog'
import { typing } from '@/keys/useKeys'
import { useLive } from '@/live/LiveProvider'
import { useCan } from '@/session/me'
import { Failure } from '@/state/Failure'
import { Loading } from '@/state/Loading'
import type { Alert } from '../matches'
import { useQueueAround } from '../queueContext'
import { alertRoute } from '../route'
import type { AlertSearch } from '../search'
import { AlertHead } from './AlertHead'
import { Deliveries } from './Deliveries'
import classes from './drawer.module.css'
import { Overview } from './Overview'
import { Raw } from './Raw'
import { Related } from './Related'
import { Story } from './Story'
import { useAlertActs } from './useAlertActs'

const tabs = [
  ['overview', 'Overview'],
  ['timeline', 'Timeline'],
  ['related', 'Related'],
  ['deliveries', 'Deliveries'],
  ['raw', 'Raw'],
] as const

/** AlertDrawer is one alert in depth, beside the queue that it is in. */
export function AlertDrawer() {
  const { id } = alertRoute.useParams()
  const navigate = useNavigate()
  const queue = useQueueAround()
  const [opened, setOpened] = useState(false)
  useEffect(() => setOpened(true), [])
  const close = useCallback(
    () => void navigate({ to: '/alerts', search: (old: AlertSearch) => old }),
    [navigate],
  )
  const go = (offset: number) => {
    const next = queue.at(id, offset)
    if (next)
      void navigate({
        to: '/alerts/$id',
        params: { id: next.id },
        search: (old: AlertSearch) => old,
        replace: true,
      })
  }
  const { holder, dirty, leave } = useHolding(() => setOpened(false))
  const keys = useRef<Keys>({})
  // Mantine keeps onKeyDown for itself.
  const pressed = (event: KeyboardEvent<HTMLElement>) => {
    // Dialogs above this one are elsewhere in the page, though not for React.
    const inside = event.target instanceof Node && event.currentTarget.contains(event.target)
    if (!inside || typing(event.target) || event.ctrlKey || event.metaKey || event.altKey) return
    const act = event.key === 'j' ? () => go(1) : event.key === 'k' ? () => go(-1) : keys.current[event.key]
    if (!act) return
    event.preventDefault()
    act()
  }
  const params = { params: { path: { id } } }
  const query = $api.useQuery('get', '/api/v1/alerts/{id}', params)
  useLive('alert', (data) => {
    const alert = data as Alert
    if (alert.id === id && alert.version > (query.data?.version ?? 0)) void query.refetch()
  })
  return (
    <Drawer.Root
      opened={opened}
      onClose={leave}
      closeOnClickOutside={!dirty}
      onExitTransitionEnd={close}
      position="right"
      size={760}
      // The line in the list gets the focus back from the list itself: another one may be open by then.
      returnFocus={false}
      classNames={{ content: classes.content }}
    >
      <Drawer.Overlay backgroundOpacity={0.25} />
      <Drawer.Content aria-label="Alert" onKeyDownCapture={pressed}>
        <Drawer.Header className={classes.bar} tabIndex={-1} data-autofocus>
          <Group gap={4} wrap="nowrap" flex={1}>
            <Step
              label="Previous alert"
              shortcut="k"
              off={!queue.at(id, -1)}
              go={() => go(-1)}
              icon={IconChevronUp}
            />
            <Step
              label="Next alert"
              shortcut="j"
              off={!queue.at(id, 1)}
              go={() => go(1)}
              icon={IconChevronDown}
            />
          </Group>
          <Drawer.CloseButton aria-label="Close" />
        </Drawer.Header>
        <Drawer.Body className={classes.body}>
          {query.data ? (
            <Holding value={holder}>
              <Whole key={id} alert={query.data} keys={keys} />
            </Holding>
          ) : query.error ? (
            <Failure error={query.error} retry={() => void query.refetch()} />
          ) : (
            <Loading lines={14} />
          )}
        </Drawer.Body>
      </Drawer.Content>
    </Drawer.Root>
  )
}

function Step(p: {
  label: string
  shortcut: string
  off: boolean
  go: () => void
  icon: typeof IconChevronUp
}) {
  return (
    <Tooltip label={`${p.label} (${p.shortcut})`}>
      <ActionIcon
        variant="transparent"
        color="gray"
        bg="transparent"
        disabled={p.off}
        onClick={p.go}
        aria-label={p.label}
      >
        <p.icon size={18} aria-hidden />
      </ActionIcon>
    </Tooltip>
  )
}

const inView = (tab: EventTarget) =>
  tab instanceof HTMLElement && tab.scrollIntoView({ block: 'nearest', inline: 'nearest' })

/** Keys are what letters do while the drawer is open. */
type Keys = Record<string, () => void>

function Whole({ alert, keys }: { alert: Alert; keys: { current: Keys } }) {
  const acts = useAlertActs(alert)
  const mayBlock = useCan('blocks:write')
  const mayChange = useCan('alerts:write')
  const [blocking, setBlocking] = useState(false)
  const [putting, setPutting] = useState(false)
  useEffect(() => {
    keys.current = {
      ...(mayChange ? { a: () => void acts.acknowledge(), r: () => void acts.resolve() } : {}),
      ...(mayBlock ? { b: () => setBlocking(true) } : {}),
    }
  })
  return (
    <div className={classes.whole}>
      <AlertHead
        alert={alert}
        acts={acts}
        block={mayBlock ? () => setBlocking(true) : undefined}
        incident={() => setPutting(true)}
      />
      <Tabs defaultValue="overview" keepMounted={false}>
        <Tabs.List
          className={classes.tabs}
          // Where there is room for some tabs only, the one that was chosen is among them.
          onClick={(event) => inView(event.target)}
          onFocus={(event) => inView(event.target)}
        >
          {tabs.map(([value, label]) => (
            <Tabs.Tab key={value} value={value} className={classes.tab}>
              {label}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value="overview" pt="md">
          <Overview alert={alert} />
        </Tabs.Panel>
        <Tabs.Panel value="timeline" pt="md">
          <Story alert={alert} note={mayChange ? acts.note : undefined} />
        </Tabs.Panel>
        <Tabs.Panel value="related" pt="md">
          <Related id={alert.id} />
        </Tabs.Panel>
        <Tabs.Panel value="deliveries" pt="md">
          <Deliveries id={alert.id} />
        </Tabs.Panel>
        <Tabs.Panel value="raw" pt="md">
          <Raw alert={alert} />
        </Tabs.Panel>
      </Tabs>
      {blocking && <BlockDialog alert={alert.id} onDone={() => setBlocking(false)} />}
      {putting && <IncidentDialog alerts={[alert.id]} onDone={() => setPutting(false)} />}
    </div>
  )
}
