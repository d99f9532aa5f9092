import { Anchor, Drawer, Group, Stack, Text } from '@mantine/core'
import { type InfiniteData, useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router'
import { api } from '@/api/client'
import { Problem } from '@/api/problem'
import { atTitle } from '@/page/atTitle'
import { Loaded } from '@/state/Loaded'
import { When } from '@/text/Ago'
import { EventText } from '@/text/EventText'
import { type FactLine, Facts } from '@/text/Facts'
import { Json } from '@/text/Json'
import { full, milliseconds } from '@/text/number'
import { State } from '@/text/State'
import { ActorName } from './ActorName'
import { auditKey, type Listed } from './AuditPage'
import { type Act, changesOf, kindOf, outcomeMeaning, outcomeTone } from './act'
import { Changes } from './Changes'
import { filterOf } from './search'
import { Target } from './Target'

const route = getRouteApi('/shell/audit/$seq')

/** aroundIt is how far after the time of an entry it is looked for, in milliseconds: times in addresses are rounded. */
const aroundIt = 1_000

/** useAct finds an entry: among what the lists have read, else by its time. The API gives entries as lists only. */
function useAct(seq: number, at: string | undefined) {
  const queries = useQueryClient()
  const known = queries
    .getQueriesData<InfiniteData<Listed>>({ queryKey: auditKey })
    .flatMap(([, data]) => data?.pages?.flatMap((page) => page.items ?? []) ?? [])
    .find((each) => each.seq === seq)
  return useQuery({
    queryKey: ['audit entry', seq],
    initialData: known,
    // An act that has ended changes no more.
    staleTime: known && known.outcome !== 'running' ? Number.POSITIVE_INFINITY : 0,
    queryFn: async ({ signal }) => {
      if (at) {
        const until = new Date(Date.parse(at) + aroundIt).toISOString()
        const query = { since: at, until, limit: 500 }
        const { data } = await api.GET('/api/v1/audit', { params: { query }, signal })
        const found = data?.items?.find((each) => each.seq === seq)
        if (found) return found
      }
      throw new Problem(404, {
        detail: 'The record of this account has no such entry at this time, or has it no more.',
      })
    },
  })
}

/** ActDrawer is one entry of the record, beside the list. */
export function ActDrawer() {
  const { seq } = route.useParams()
  const search = route.useSearch()
  const navigate = useNavigate()
  const query = useAct(Number(seq), search.at)
  return (
    <Drawer
      opened
      onClose={() => void navigate({ to: '/audit', search: filterOf(search) })}
      position="right"
      size={760}
      attributes={atTitle}
      overlayProps={{ backgroundOpacity: 0.35 }}
      closeButtonProps={{ 'aria-label': 'Close the entry' }}
      title={
        <Group gap="xs">
          <Text fw={650} fz="md">
            {query.data?.action ?? 'Entry'}
          </Text>
          {query.data && <State value={query.data.outcome} tone={outcomeTone(query.data.outcome)} />}
        </Group>
      }
    >
      <Loaded query={query}>{(act) => <Entry act={act} />}</Loaded>
    </Drawer>
  )
}

function Entry({ act }: { act: Act }) {
  const changes = changesOf(act)
  return (
    <Stack gap="md">
      <Facts facts={facts(act)} />
      {changes && changes.length > 0 && (
        <Stack gap="xs">
          <Text fw={650} size="sm">
            {act.before === undefined ? 'Values' : act.after === undefined ? 'Values before' : 'Changes'}
          </Text>
          <Changes changes={changes} />
          <Text size="xs" c="dimmed">
            Secrets are masked before they are written down.
          </Text>
        </Stack>
      )}
      <Json value={act} label="The entry" />
    </Stack>
  )
}

function facts(act: Act): FactLine[] {
  const { actor } = act
  const list: FactLine[] = [
    [
      'Actor',
      <Group key="" gap="xs">
        <ActorName actor={actor} />
        <Text span inherit c="dimmed">
          {kindOf(actor)}
          {actor.account ? ` of ${actor.account}` : ''}
        </Text>
        {actor.id && (
          <Anchor
            renderRoot={(props) => <Link to="/audit" search={{ actor: actor.id }} {...props} />}
            size="sm"
          >
            all by this actor
          </Anchor>
        )}
      </Group>,
    ],
    [
      'Address',
      <EventText key="" inherit className="mono">
        {actor.address || '–'}
      </EventText>,
    ],
    ['Time', <When key="" time={act.at} inherit />],
    [
      'Target',
      <Group key="" gap="xs">
        <Target act={act} whole />
        {act.target && (
          <Anchor
            renderRoot={(props) => <Link to="/audit" search={{ target: act.target }} {...props} />}
            size="sm"
          >
            all on this target
          </Anchor>
        )}
      </Group>,
    ],
    ['Outcome', `${act.outcome}. ${outcomeMeaning(act.outcome)}`],
  ]
  if (act.error)
    list.push([
      'Error',
      <EventText key="" inherit>
        {act.error}
      </EventText>,
    ])
  if (act.note)
    list.push([
      'Reason',
      <EventText key="" inherit>
        {act.note}
      </EventText>,
    ])
  if (act.took_ms !== undefined) list.push(['Duration', milliseconds(act.took_ms)])
  list.push(['Sequence', full(act.seq)])
  return list
}
