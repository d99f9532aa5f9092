import { Button, Group, SegmentedControl, Text, Tooltip } from '@mantine/core'
import { IconBellOff, IconPlus } from '@tabler/icons-react'
import { useQueryClient } from '@tanstack/react-query'
import { useMemo } from 'react'
import { api, type Schemas } from '@/api/client'
import { Page } from '@/page/Page'
import { useCan } from '@/session/me'
import { Empty } from '@/state/Empty'
import { Failure } from '@/state/Failure'
import type { Column } from '@/table/columns'
import { pageSize, usePages } from '@/table/pages'
import { VirtualTable } from '@/table/VirtualTable'
import { Ago } from '@/text/Ago'
import { Dots } from '@/text/Dots'
import { EventText } from '@/text/EventText'
import { State } from '@/text/State'
import { CardRow } from '../frame/CardRow'
import { Side } from '../frame/Side'
import { useAddress } from '../frame/useAddress'
import { useOpened } from '../frame/useOpened'
import { inWords } from './draft'
import { SilenceDetails } from './SilenceDetails'
import { SilenceForm } from './SilenceForm'
import { SilenceMenu } from './SilenceMenu'

type Silence = Schemas['Silence']
type Standing = Silence['state']

const standings: { value: Standing; label: string }[] = [
  { value: 'active', label: 'Active' },
  { value: 'pending', label: 'Scheduled' },
  { value: 'expired', label: 'Ended' },
]

const tones = { active: 'warn', pending: 'busy', expired: 'calm' } as const

/** SilencesPage lists what nobody is told of for a while. */
export function SilencesPage() {
  const { open, state, rule, dedup_key, project, change } = useAddress()
  const about = { rule, dedup_key, project }
  const may = useCan('alerts:write')
  const queries = useQueryClient()
  const chosenState = standings.find((each) => each.value === state)?.value ?? 'active'
  const list = usePages<Silence, Schemas['ListSilence']>(
    ['get', '/api/v1/silences', chosenState],
    async (cursor, signal) => {
      const { data } = await api.GET('/api/v1/silences', {
        params: { query: { limit: pageSize, cursor: cursor || undefined, state: chosenState } },
        signal,
      })
      return data ?? { items: [] }
    },
  )
  const changed = () => queries.invalidateQueries({ queryKey: ['get', '/api/v1/silences'] })
  const close = () => change({ open: undefined, ...nothingElse })
  const { chosen, error: nowhere } = useOpened(
    '/api/v1/silences',
    open,
    list,
    (silence) => silence.id === open,
    async (id, signal) => (await api.GET('/api/v1/silences/{id}', { params: { path: { id } }, signal })).data,
  )
  const columns = useMemo<Column<Silence>[]>(
    () => [
      {
        id: 'what',
        header: 'Silences',
        width: 'minmax(220px, 1.5fr)',
        cell: (silence) => (
          <Text span size="sm" fw={600}>
            <EventText inherit>{aboutOf(silence)}</EventText>
          </Text>
        ),
      },
      {
        id: 'reason',
        header: 'Reason',
        width: 'minmax(150px, 1fr)',
        cell: (silence) => <EventText inherit>{silence.reason || '–'}</EventText>,
      },
      {
        id: 'author',
        header: 'Created by',
        width: 'minmax(120px, 0.7fr)',
        cell: (silence) => <EventText inherit>{silence.author}</EventText>,
      },
      {
        id: 'state',
        header: 'State',
        width: '100px',
        cell: (silence) => (
          <State value={silence.state} tone={tones[silence.state]} label={wordOf(silence)} />
        ),
      },
      { id: 'begins', header: 'Starts', width: '100px', cell: (silence) => <Ago time={silence.starts_at} /> },
      { id: 'ends', header: 'Ends', width: '100px', cell: (silence) => <Ago time={silence.ends_at} /> },
      {
        id: 'menu',
        header: '',
        width: '56px',
        align: 'right',
        cell: (silence) => <SilenceMenu silence={silence} />,
      },
    ],
    [],
  )
  return (
    <Page
      title="Silences"
      about="While a silence is active, deliveries that it matches are left out, and counted. The events stay, and so do their alerts. Updates on what was announced before still go out."
      actions={
        <Tooltip label="Your role does not allow it" disabled={may}>
          <Button
            leftSection={<IconPlus size={16} aria-hidden />}
            disabled={!may}
            onClick={() => change({ open: 'new', ...nothingElse })}
          >
            Create silence
          </Button>
        </Tooltip>
      }
    >
      <Group>
        <SegmentedControl
          size="sm"
          aria-label="Which silences"
          value={chosenState}
          data={standings}
          onChange={(value) => change({ state: value === 'active' ? undefined : value }, true)}
        />
      </Group>
      <VirtualTable
        label="Silences"
        natural
        {...list}
        columns={columns}
        rowID={(silence) => silence.id}
        rowName={aboutOf}
        open={(silence) => change({ open: silence.id })}
        current={open}
        empty={<Empty icon={IconBellOff} title={nothing[chosenState]} text={hints[chosenState]} />}
        card={(silence) => (
          <CardRow
            title={<EventText inherit>{aboutOf(silence)}</EventText>}
            aside={
              <>
                <State value={silence.state} tone={tones[silence.state]} label={wordOf(silence)} />
                <SilenceMenu silence={silence} />
              </>
            }
          >
            {silence.reason && <EventText inherit>{silence.reason}</EventText>}
            <Dots>
              <span>
                by <EventText inherit>{silence.author}</EventText>
              </span>
              <span>
                ends <Ago time={silence.ends_at} />
              </span>
            </Dots>
          </CardRow>
        )}
      />
      <Side
        opened={open === 'new' || chosen !== undefined || nowhere !== undefined}
        close={close}
        wide
        read={chosen !== undefined}
        title={nowhere ? 'Not found' : chosen ? 'Silence' : 'Create silence'}
      >
        {nowhere ? (
          <Failure error={nowhere} />
        ) : chosen ? (
          <SilenceDetails silence={chosen} />
        ) : (
          <SilenceForm key={JSON.stringify(about)} about={about} close={close} changed={changed} />
        )}
      </Side>
    </Page>
  )
}

/** nothingElse takes what a new silence is about out of the address. */
const nothingElse = { rule: undefined, dedup_key: undefined, project: undefined }

const nothing: Record<Standing, string> = {
  active: 'No silence is active',
  pending: 'No silence is scheduled',
  expired: 'No silence has ended lately',
}

const hints: Record<Standing, string> = {
  active: 'Create one for a maintenance, a test, or a rule that is being fixed, so that it pages nobody.',
  pending: 'A silence may begin later, for a maintenance that is planned.',
  expired: 'Silences that ended are listed for 30 days.',
}

const wordOf = (silence: Silence): string =>
  silence.state === 'active' ? 'active' : silence.state === 'pending' ? 'scheduled' : 'ended'

/** aboutOf says in one line what a silence is about. */
const aboutOf = (silence: Silence): string =>
  [...silence.matchers.map(inWords), ...(silence.where ? [silence.where] : [])].join(' and ')
