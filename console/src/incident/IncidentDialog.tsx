import { Alert, Button, Group, SegmentedControl, Select, Stack, Text, TextInput } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { Dialog } from '@/act/Dialog'
import { done } from '@/act/notify'
import { useUnsaved } from '@/act/unsaved'
import { $api, api, type Schemas } from '@/api/client'
import { asProblem, fieldMessages, type Problem } from '@/api/problem'
import { useOwnAddress } from '@/people/usePeople'
import { count } from '@/text/number'
import { severities } from '@/text/Severity'
import { visible } from '@/text/visible'

/** mostIncidents is how many open incidents are offered. */
const mostIncidents = 100

/** IncidentDialogProps say which alerts come under the incident, and where it leads. */
export interface IncidentDialogProps {
  /** alerts are the ids of the alerts, at most 500; none: an empty incident. */
  alerts: readonly string[]
  /** follow leads to the incident when it is made. */
  follow?: boolean
  /** onDone is called when the dialog has been closed, with the incident if there is one. */
  onDone: (incident?: Schemas['Incident']) => void
}

/** IncidentDialog makes an incident of alerts, or puts them under one that is open. It is open while it is in the page. */
export function IncidentDialog({ alerts, follow, onDone }: IncidentDialogProps) {
  const [made, setMade] = useState<Schemas['Incident']>()
  return (
    <Dialog
      title={alerts.length > 0 ? `Add ${count(alerts.length, 'alert')} to an incident` : 'Create incident'}
      gone={() => onDone(made)}
    >
      {(close) => (
        <Form
          alerts={alerts}
          follow={follow}
          close={close}
          done={(incident) => {
            setMade(incident)
            close()
          }}
        />
      )}
    </Dialog>
  )
}

interface FormProps {
  alerts: readonly string[]
  follow: boolean | undefined
  close: () => void
  done: (incident: Schemas['Incident'] | undefined) => void
}

function Form({ alerts, follow, close, done: finished }: FormProps) {
  const queries = useQueryClient()
  const navigate = useNavigate()
  const own = useOwnAddress()
  const [way, setWay] = useState<'new' | 'old'>('new')
  const [title, setTitle] = useState('')
  const [severity, setSeverity] = useState('')
  const [owner, setOwner] = useState(own)
  const [number, setNumber] = useState<string | null>(null)
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<Problem>()
  useUnsaved(!busy && (title !== '' || severity !== '' || owner !== own || number !== null))
  const open = $api.useQuery(
    'get',
    '/api/v1/incidents',
    { params: { query: { status: 'new,active', limit: mostIncidents } } },
    { enabled: alerts.length > 0 },
  )
  const fields = problem ? fieldMessages(problem) : {}
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    setBusy(true)
    setProblem(undefined)
    try {
      const wish = { title: title.trim(), severity, owner: owner.trim() }
      const incident = way === 'old' && number ? await link(number, alerts) : await create(wish, alerts)
      void queries.invalidateQueries({ queryKey: ['get', '/api/v1/incidents'] })
      void queries.invalidateQueries({ queryKey: ['get', '/api/v1/alerts/{id}'] })
      done(
        way === 'old' ? `${count(alerts.length, 'alert')} added to ${number}.` : `${incident?.id} created.`,
      )
      finished(incident)
      if (follow && incident) await navigate({ href: `/incidents/${incident.id}` })
    } catch (thrown) {
      setProblem(asProblem(thrown))
      setBusy(false)
    }
  }
  const incidents = open.data?.items ?? []
  return (
    <form onSubmit={(event) => void submit(event)}>
      <Stack gap="sm">
        {alerts.length > 0 && (
          <SegmentedControl
            fullWidth
            aria-label="Which incident"
            value={way}
            onChange={(value) => setWay(value as 'new' | 'old')}
            data={[
              { value: 'new', label: 'New incident' },
              { value: 'old', label: 'Open incident', disabled: incidents.length === 0 },
            ]}
          />
        )}
        {way === 'new' ? (
          <>
            <TextInput
              label="Title"
              description={alerts.length > 0 ? 'Left empty: the title of the first alert' : undefined}
              value={title}
              onChange={(e) => setTitle(e.currentTarget.value)}
              required={alerts.length === 0}
              maxLength={500}
              error={fields.title ?? fields['body.title']}
              data-autofocus
            />
            <Group grow align="flex-start">
              <Select
                label="Severity"
                data={[
                  { value: '', label: alerts.length > 0 ? 'The highest of its alerts' : 'Medium' },
                  ...severities.map((value) => ({ value, label: value })),
                ]}
                value={severity}
                onChange={(value) => setSeverity(value ?? '')}
                allowDeselect={false}
              />
              <TextInput
                label="Owner"
                placeholder="Unassigned"
                value={owner}
                onChange={(e) => setOwner(e.currentTarget.value)}
                maxLength={254}
                error={fields.owner ?? fields['body.owner']}
              />
            </Group>
          </>
        ) : (
          <Select
            label="Incident"
            data={incidents.map((each) => ({
              value: each.id,
              label: visible(`${each.id} ${each.title}`).slice(0, 120),
            }))}
            value={number}
            onChange={setNumber}
            searchable
            required
            nothingFoundMessage="No open incident has this name"
            data-autofocus
          />
        )}
        {alerts.length > 0 && (
          <Text size="xs" c="dimmed">
            An alert belongs to one incident at most: one that belongs to another is moved.
          </Text>
        )}
        {problem && (
          <Alert color="red" variant="light" role="alert">
            {problem.message}
          </Alert>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button
            type="submit"
            loading={busy}
            disabled={way === 'old' ? !number : alerts.length === 0 && !title.trim()}
          >
            {way === 'old' ? 'Add to incident' : 'Create incident'}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}

async function create(wish: { title: string; severity: string; owner: string }, alerts: readonly string[]) {
  const body = {
    ...(wish.title ? { title: wish.title } : {}),
    ...(wish.severity ? { severity: wish.severity as Schemas['Incident']['severity'] } : {}),
    ...(wish.owner ? { owner: wish.owner } : {}),
    ...(alerts.length > 0 ? { alerts: [...alerts] } : {}),
  }
  return (await api.POST('/api/v1/incidents', { body })).data
}

async function link(number: string, alerts: readonly string[]) {
  const { data } = await api.POST('/api/v1/incidents/{number}/alerts', {
    params: { path: { number } },
    body: { alerts: [...alerts] },
  })
  return data
}
