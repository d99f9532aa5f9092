import { Alert, Button, Checkbox, Group, Stack, Text, TextInput } from '@mantine/core'
import { IconSearch } from '@tabler/icons-react'
import { type FormEvent, useState } from 'react'
import { Dialog } from '@/act/Dialog'
import { done } from '@/act/notify'
import { useUnsaved } from '@/act/unsaved'
import { $api, api } from '@/api/client'
import { asProblem } from '@/api/problem'
import { Failure } from '@/state/Failure'
import { Loading } from '@/state/Loading'
import { count } from '@/text/number'
import { visible } from '@/text/visible'
import type { Incident } from './columns'
import classes from './incidents.module.css'

/** mostFound is how many alerts a search shows. */
const mostFound = 20

interface Props {
  incident: Incident
  again: () => Promise<void>
}

/** AddAlerts searches alerts and puts them under an incident. It is open while it is in the page. */
export function AddAlerts({ onDone, ...props }: Props & { onDone: () => void }) {
  return (
    <Dialog title={`Add alerts to ${props.incident.id}`} size="lg" gone={onDone}>
      {(close) => <Search {...props} close={close} />}
    </Dialog>
  )
}

function Search({ incident, again, close }: Props & { close: () => void }) {
  const [words, setWords] = useState('')
  const [q, setQ] = useState('')
  const [chosen, setChosen] = useState<string[]>([])
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState('')
  useUnsaved(chosen.length > 0 && !busy)
  const found = $api.useQuery('get', '/api/v1/alerts', {
    params: { query: { limit: mostFound, ...(q ? { q } : {}) } },
  })
  const others = found.data?.items.filter((alert) => alert.incident !== incident.id) ?? []
  const search = (event: FormEvent) => {
    event.preventDefault()
    setQ(words.trim())
  }
  const put = async () => {
    setBusy(true)
    setError('')
    try {
      await api.POST('/api/v1/incidents/{number}/alerts', {
        params: { path: { number: incident.id } },
        body: { alerts: chosen },
      })
      await again()
      done(`${count(chosen.length, 'alert')} added to ${incident.id}.`)
      close()
    } catch (thrown) {
      setError(asProblem(thrown).message)
      setBusy(false)
    }
  }
  return (
    <Stack gap="sm">
      <form onSubmit={search}>
        <TextInput
          label="Find alerts"
          placeholder="Words in titles, entities, rules and keys; Enter searches"
          leftSection={<IconSearch size={16} aria-hidden />}
          value={words}
          onChange={(e) => setWords(e.currentTarget.value)}
          maxLength={1000}
          data-autofocus
        />
      </form>
      {found.error ? <Failure error={found.error} retry={() => void found.refetch()} /> : null}
      {found.isPending && <Loading lines={5} />}
      {found.data && others.length === 0 && (
        <Text size="sm" c="dimmed">
          No other alert matches.
        </Text>
      )}
      <Checkbox.Group aria-label="Alerts that were found" value={chosen} onChange={setChosen}>
        <Stack gap={8}>
          {others.map((alert) => (
            <Checkbox
              key={alert.id}
              value={alert.id}
              label={visible(alert.title).slice(0, 160) || alert.dedup_key}
              description={[alert.severity, alert.status, alert.incident].filter(Boolean).join(' · ')}
            />
          ))}
        </Stack>
      </Checkbox.Group>
      <Group justify="flex-end" className={classes.foot}>
        {error && (
          <Alert color="red" variant="light" role="alert" w="100%">
            {error}
          </Alert>
        )}
        <Button variant="default" onClick={close}>
          Cancel
        </Button>
        <Button loading={busy} disabled={chosen.length === 0} onClick={() => void put()}>
          {chosen.length > 0 ? `Add ${count(chosen.length, 'alert')}` : 'Add alerts'}
        </Button>
      </Group>
    </Stack>
  )
}
