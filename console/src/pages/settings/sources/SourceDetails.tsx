import { Alert, Button, Group, SimpleGrid, Stack, Tabs, Text, Tooltip } from '@mantine/core'
import { IconAlertTriangle } from '@tabler/icons-react'
import { useState } from 'react'
import { confirm } from '@/act/confirm'
import { done } from '@/act/notify'
import { api, type Schemas } from '@/api/client'
import { useCan } from '@/session/me'
import { Ago } from '@/text/Ago'
import { EventText } from '@/text/EventText'
import { full } from '@/text/number'
import { ifMatch } from '../form/ifMatch'
import { Fact } from '../frame/Fact'
import { ShownOnce } from '../once/ShownOnce'
import { Snippet } from '../once/Snippet'
import { methodOf } from './methods'
import { SampleTrial } from './SampleTrial'
import { SourceForm } from './SourceForm'
import { Health } from './SourceHealth'
import { snippet } from './snippet'

/** SourceDetails shows a source: how it does, how to send to it; changes, tries, rotates and deletes it. */
export function SourceDetails({
  source,
  close,
  changed,
  shown,
}: {
  source: Schemas['SourceEndpoint']
  close: () => void
  changed: () => Promise<unknown>
  shown: () => void
}) {
  const may = useCan('sources:write')
  const [rotated, setRotated] = useState('')
  const auth = source.auth as Record<string, unknown>
  const method = methodOf(String(auth.method))
  if (rotated)
    return (
      <ShownOnce
        label={method?.secret ?? 'Secret'}
        value={rotated}
        close={close}
        text={
          <>
            The new secret of <b>{source.name}</b>. The old one stays valid until you end it here.
          </>
        }
      >
        <Snippet label="Try it" text={snippet({ url: source.url, secret: rotated, auth })} />
      </ShownOnce>
    )
  const { accepted, rejected, refused } = source.counts
  const gotSecret = (secret: string) => {
    setRotated(secret)
    shown()
  }
  return (
    <Stack>
      <Group justify="space-between" wrap="nowrap">
        <Text fw={650}>
          <EventText inherit>{source.name}</EventText>
        </Text>
        <Health source={source} />
      </Group>
      {source.warnings.map((warning) => (
        <Alert
          key={`${warning.field} ${warning.message}`}
          color="yellow"
          variant="light"
          icon={<IconAlertTriangle aria-hidden />}
        >
          {warning.message}
        </Alert>
      ))}
      <SimpleGrid cols={{ base: 2, xs: 4 }} spacing="md">
        <Fact label="Last request">
          <Ago time={source.last_received_at ?? undefined} none="never" />
        </Fact>
        <Fact label="Events accepted">
          <span className="numbers">{full(accepted)}</span>
        </Fact>
        <Fact label="Events not valid">
          <span className="numbers">{full(rejected)}</span>
        </Fact>
        <Fact label="Requests refused">
          <span className="numbers">{full(refused)}</span>
        </Fact>
      </SimpleGrid>
      <Tabs defaultValue="send">
        <Tabs.List>
          <Tabs.Tab value="send">Send to it</Tabs.Tab>
          <Tabs.Tab value="try" disabled={!may}>
            Try a sample
          </Tabs.Tab>
          <Tabs.Tab value="change" disabled={!may}>
            Settings
          </Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="send" pt="md">
          <Stack gap="sm">
            <Snippet label="Address" text={source.url} />
            <Snippet label="Send the file body.json" text={snippet({ url: source.url, auth })} />
            <Text size="sm" c="dimmed">
              {method?.title}. {method?.about}
            </Text>
            <Rotation source={source} changed={changed} made={gotSecret} />
          </Stack>
        </Tabs.Panel>
        <Tabs.Panel value="try" pt="md">
          <SampleTrial source={source} />
        </Tabs.Panel>
        <Tabs.Panel value="change" pt="md">
          <SourceForm key={source.id} source={source} close={close} changed={changed} />
        </Tabs.Panel>
      </Tabs>
      <Delete source={source} close={close} changed={changed} may={may} />
    </Stack>
  )
}

function Rotation({
  source,
  changed,
  made,
}: {
  source: Schemas['SourceEndpoint']
  changed: () => Promise<unknown>
  made: (secret: string) => void
}) {
  const may = useCan('sources:write')
  const auth = source.auth as Record<string, unknown>
  if (!may || !methodOf(String(auth.method))?.secret) return null
  const rotate = () =>
    confirm({
      title: `Rotate the secret of “${source.name}”?`,
      text: 'It is shown once. Both secrets are valid until you end the old one, so that the tool can be changed without a gap.',
      verb: 'Rotate secret',
      act: async () => {
        const { data } = await api.POST('/api/v1/sources/{id}/rotate', {
          params: { path: { id: source.id }, ...ifMatch(source.version) },
        })
        await changed()
        if (data) made(data.secret)
      },
    })
  const endOld = () =>
    confirm({
      title: 'End the old secret?',
      text: 'Whatever still signs with it is refused from now on.',
      verb: 'End it',
      danger: true,
      act: async () => {
        await api.PATCH('/api/v1/sources/{id}', {
          params: { path: { id: source.id }, ...ifMatch(source.version) },
          body: { auth: { previous_secret: null } as object as Record<string, never> },
        })
        await changed()
        done('Only the new secret is valid now.')
      },
    })
  return (
    <Group justify="space-between">
      <Text size="sm" c="dimmed">
        {auth.previous_secret
          ? 'Two secrets are valid: end the old one once the tool has the new one.'
          : 'The secret is sealed and never shown again.'}
      </Text>
      <Group gap="xs">
        {Boolean(auth.previous_secret) && (
          <Button size="xs" variant="light" color="red" onClick={endOld}>
            End the old secret
          </Button>
        )}
        <Button size="xs" variant="default" onClick={rotate}>
          Rotate secret
        </Button>
      </Group>
    </Group>
  )
}

function Delete({
  source,
  close,
  changed,
  may,
}: {
  source: Schemas['SourceEndpoint']
  close: () => void
  changed: () => Promise<unknown>
  may: boolean
}) {
  const remove = () =>
    confirm({
      title: `Delete the source “${source.name}”?`,
      text: 'Its address is not found any more, and its secrets are destroyed: the tool’s requests fail. Events stay. This cannot be undone.',
      verb: 'Delete',
      danger: true,
      typed: source.name,
      act: async () => {
        await api.DELETE('/api/v1/sources/{id}', {
          params: { path: { id: source.id }, ...ifMatch(source.version) },
        })
        close()
        await changed()
        done(`The source “${source.name}” is deleted.`)
      },
    })
  return (
    <Group justify="flex-end">
      <Tooltip label="Your role does not allow it" disabled={may}>
        <Button size="xs" variant="subtle" color="red" disabled={!may} onClick={remove}>
          Delete the source
        </Button>
      </Tooltip>
    </Group>
  )
}
