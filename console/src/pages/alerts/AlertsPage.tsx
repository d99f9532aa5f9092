import { Button, Drawer, Text } from '@mantine/core'
import { useDisclosure, useMediaQuery } from '@mantine/hooks'
import { IconBellCheck, IconBellOff } from '@tabler/icons-react'
import { Outlet, useNavigate, useParams } from '@tanstack/react-router'
import { useCallback, useMemo, useState } from 'react'
import { confirm } from '@/act/confirm'
import { BlockDialog } from '@/blocking/BlockDialog'
import { hubNow } from '@/clock/hub'
import { IncidentDialog } from '@/incident/IncidentDialog'
import { useKeys } from '@/keys/useKeys'
import { Instead } from '@/page/Instead'
import { Page } from '@/page/Page'
import { useCan } from '@/session/me'
import { Empty } from '@/state/Empty'
import type { PagedLines } from '@/table/lines'
import { News } from '@/table/News'
import { useSelection } from '@/table/selection'
import { VirtualTable } from '@/table/VirtualTable'
import { count, full } from '@/text/number'
import classes from './alerts.module.css'
import { BulkBar, type Running } from './BulkBar'
import type { Act } from './bulk'
import { alertCard, alertColumns, alertHeight, alertID, alertName, fewColumns } from './columns'
import { Facets } from './Facets'
import type { Alert } from './matches'
import { QueueProvider } from './queueContext'
import { alertsRoute } from './route'
import { type AlertSearch, filterOf, isFiltered, type ListName, toggled } from './search'
import { Toolbar } from './Toolbar'
import { type Target, useActs } from './useActs'
import { useChosen } from './useChosen'
import { useFacets } from './useFacets'
import { mostNew, useQueue } from './useQueue'

/** AlertsPage is the queue: what has to be looked at, the newest first, and what is done about it. */
export function AlertsPage() {
  const search = alertsRoute.useSearch()
  const { id } = useParams({ strict: false })
  const navigate = useNavigate()
  const [facetsOpened, facetsDrawer] = useDisclosure()
  const narrow = useMediaQuery('(max-width: 68em)', undefined, { getInitialValueInEffect: false }) ?? false
  // Times before now are counted from when the list was begun.
  const [turn, setTurn] = useState(() => hubNow())
  const filter = useMemo(() => filterOf(search, turn), [search, turn])
  const queue = useQueue(filter, search.sort ?? 'last_seen', turn)
  const { facets, error: facetsError, retry: readFacets } = useFacets(filter)
  const total = facets && !facets.approximate ? facets.total : undefined

  const change = useCallback(
    (part: Partial<AlertSearch>) =>
      void navigate({ to: '/alerts', search: (old: AlertSearch) => ({ ...old, ...part }) }),
    [navigate],
  )
  const toggle = (name: ListName, value: string) => change(toggled(search, name, value))
  const open = useCallback(
    (alert: Alert) =>
      void navigate({ to: '/alerts/$id', params: { id: alert.id }, search: (old: AlertSearch) => old }),
    [navigate],
  )
  const { rows } = queue
  const around = useMemo(
    () => ({
      at: (of: string, offset: number) => {
        const index = rows.indexOf((row) => row.id === of)
        return index < 0 ? undefined : rows.at(index + offset)
      },
      known: (facets?.assignee ?? []).map(({ value }) => value).filter(Boolean),
    }),
    [rows, facets],
  )
  const work = useWork(rows, filter, total)

  return (
    <Page title="Alerts" fill actions={<Total total={facets?.total} approximate={facets?.approximate} />}>
      <Instead
        of={<Toolbar search={search} change={change} openFacets={facetsDrawer.open} />}
        show={
          (work.selection.size > 0 || work.bar.running) && (
            <BulkBar
              {...work.bar}
              mayAll={rows.held > 0 && work.selection.size >= rows.held && queue.hasMore}
              total={total}
              known={around.known}
            />
          )
        }
      />
      <div className={classes.layout}>
        <section className={classes.facets} aria-label="Filters">
          <Facets search={search} facets={facets} toggle={toggle} error={facetsError} retry={readFacets} />
        </section>
        <div className={classes.list}>
          <News text={newsOf(queue)} show={() => setTurn(hubNow())}>
            <VirtualTable
              key={turn}
              label="Alerts"
              rows={rows}
              columns={narrow ? fewColumns : alertColumns}
              rowHeight={alertHeight}
              rowID={alertID}
              rowName={alertName}
              card={alertCard}
              open={open}
              href={(alert) => `/alerts/${alert.id}`}
              current={id}
              selection={work.selection}
              atCursor={work.atCursor}
              faded={(alert) => alert.status === 'resolved'}
              loading={queue.loading || queue.changing}
              error={queue.error}
              retry={queue.retry}
              hasMore={queue.hasMore}
              loadingMore={queue.loadingMore}
              loadMore={queue.loadMore}
              sight={queue.sight}
              total={total}
              empty={<Nothing search={search} clear={() => void navigate({ to: '/alerts', search: {} })} />}
            />
          </News>
        </div>
      </div>
      <Drawer opened={facetsOpened} onClose={facetsDrawer.close} title="Filters" size="sm">
        <Facets search={search} facets={facets} toggle={toggle} error={facetsError} retry={readFacets} />
      </Drawer>
      {work.dialogs}
      <QueueProvider value={around}>
        <Outlet />
      </QueueProvider>
    </Page>
  )
}

function Total({ total, approximate }: { total: number | undefined; approximate: boolean | undefined }) {
  if (total === undefined) return null
  return (
    <Text size="sm" c="dimmed" className="numbers" mt={6}>
      {approximate ? `More than ${full(total)} alerts` : count(total, 'alert')}
    </Text>
  )
}

/** newsOf says what the list does not show; it stays where it is until somebody wants to see that. */
function newsOf({ fresh, gone, missed }: { fresh: number; gone: number; missed: boolean }): string {
  return [
    fresh > 0 ? `${count(fresh, 'new alert')}`.replace(full(mostNew), `${full(mostNew)}+`) : '',
    gone > 0 ? `${full(gone)} ${gone === 1 ? 'does' : 'do'} not match any more` : '',
    fresh === 0 && missed ? 'Some news was missed' : '',
  ]
    .filter(Boolean)
    .join(' · ')
}

function Nothing({ search, clear }: { search: AlertSearch; clear: () => void }) {
  if (!isFiltered(search))
    return (
      <Empty
        icon={IconBellCheck}
        title="Nothing is waiting"
        text="Alerts appear here as soon as a source sends an event of the type alert.created."
      />
    )
  return (
    <Empty icon={IconBellOff} title="No alert matches" text="Remove a filter, or look at a longer time.">
      <Button variant="light" onClick={clear}>
        Show what is waiting
      </Button>
    </Empty>
  )
}

/** useWork is what is chosen in the list, and what is done with it by keys and by the bar. */
function useWork(rows: PagedLines<Alert>, filter: ReturnType<typeof filterOf>, total: number | undefined) {
  // Another filter is another list: what was chosen in the one is not meant in the other.
  const list = JSON.stringify(filter)
  const selection = useSelection(list)
  const [allOf, setAllOf] = useState<string>()
  const all = allOf === list
  const [cursor, setCursor] = useState<string>()
  const [running, setRunning] = useState<Running>()
  const [blocking, setBlocking] = useState<string>()
  const [putting, setPutting] = useState<string[]>()
  const mayBlock = useCan('blocks:write')
  const mayChange = useCan('alerts:write')
  const mayPut = useCan('incidents:write')
  const act = useActs()

  const forget = () => {
    selection.clear()
    setAllOf(undefined)
  }
  const here = useMemo(
    () => (cursor === undefined ? undefined : rows.at(rows.indexOf(({ id }) => id === cursor))),
    [rows, cursor],
  )
  const kept = useChosen(rows, selection)
  const chosen = (): Alert[] => (selection.size > 0 ? kept() : here ? [here] : [])
  const target = (): Target => (all ? { filter } : { alerts: chosen() })
  const many = all ? (total ?? 0) : selection.size || (here ? 1 : 0)

  const run = async (doing: string, what: Act) => {
    const goal = target()
    if ('alerts' in goal && goal.alerts.length === 0) return
    const stop = new AbortController()
    const shown = { doing, total: many, stop: () => stop.abort() }
    if (all || many > 500) setRunning({ ...shown, done: 0 })
    const outcome = await act(
      goal,
      what,
      (done) => setRunning((old) => old && { ...shown, done }),
      stop.signal,
    )
    setRunning(undefined)
    if (outcome) forget()
  }
  const resolve = () => {
    if (many === 0) return
    if (many === 1 && !all) return void run('Resolving', { action: 'resolve' })
    confirm({
      title: `Resolve ${count(many, 'alert')}?`,
      text: 'A later event of the same key opens an alert again.',
      verb: 'Resolve',
      reason: 'Note (optional)',
      optionalReason: true,
      act: (text) => run('Resolving', { action: 'resolve', ...(text ? { text } : {}) }),
    })
  }
  const acknowledge = () => {
    if (!all) return void run('Acknowledging', { action: 'acknowledge' })
    confirm({
      title: `Acknowledge ${count(many, 'alert')}?`,
      text: 'All that the filter lets through, not only what is loaded.',
      verb: 'Acknowledge',
      act: () => run('Acknowledging', { action: 'acknowledge' }),
    })
  }
  useKeys({
    a: () => mayChange && acknowledge(),
    r: () => mayChange && resolve(),
    b: () => mayBlock && here && setBlocking(here.id),
  })
  return {
    selection: useMemo(
      () => ({
        ...selection,
        toggle: (id: string) => {
          setAllOf(undefined)
          selection.toggle(id)
        },
        clear: () => {
          setAllOf(undefined)
          selection.clear()
        },
      }),
      [selection],
    ),
    atCursor: useCallback((row: Alert | undefined) => setCursor(row?.id), []),
    bar: {
      chosen: selection.size,
      all,
      chooseAll: () => setAllOf(list),
      clear: forget,
      acknowledge,
      resolve,
      assign: (assignee: string) => void run('Assigning', { action: 'assign', assignee }),
      incident: mayPut && !all ? () => setPutting(chosen().map(({ id }) => id)) : undefined,
      running,
    },
    dialogs: (
      <>
        {blocking && <BlockDialog alert={blocking} onDone={() => setBlocking(undefined)} />}
        {putting && (
          <IncidentDialog
            alerts={putting}
            onDone={(incident) => {
              setPutting(undefined)
              if (incident) forget()
            }}
          />
        )}
      </>
    ),
  }
}
