import { Badge, Button, Group, Text, Title } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { IconSend, IconTimelineEvent } from '@tabler/icons-react'
import { useParams } from '@tanstack/react-router'
import { useMemo } from 'react'
import { $api, type Schemas } from '@/api/client'
import { PageLink } from '@/link/PageLink'
import { SendSample } from '@/sample/SendSample'
import { useCan } from '@/session/me'
import { Empty } from '@/state/Empty'
import { Loaded } from '@/state/Loaded'
import { Copy } from '@/text/Copy'
import { Json } from '@/text/Json'
import { Severity } from '@/text/Severity'
import { Shelf } from './Shelf'

type EventType = Schemas['EventType']

/** EventTypes is the catalogue of event types, with a sample of each. */
export function EventTypes() {
  const { type } = useParams({ from: '/shell/docs/events/{-$type}' })
  const query = $api.useQuery('get', '/api/v1/event-types', {}, { staleTime: Number.POSITIVE_INFINITY })
  return (
    <Loaded query={query} lines={12}>
      {({ items }) => <Catalogue types={items} chosen={type} />}
    </Loaded>
  )
}

function Catalogue({ types, chosen }: { types: EventType[]; chosen: string | undefined }) {
  const groups = useMemo(() => {
    const found = new Map<string, EventType[]>()
    for (const each of types) found.set(each.category, [...(found.get(each.category) ?? []), each])
    return [...found].map(([category, list]) => ({
      title: category,
      entries: list.map(({ name, description, severity }) => ({
        id: name,
        label: <span className="mono">{name}</span>,
        words: `${name} ${category} ${description}`,
        mark: <Severity value={severity} compact />,
      })),
    }))
  }, [types])
  const shown = types.find(({ name }) => name === chosen)
  return (
    <Shelf base="/docs/events" name="Event types" groups={groups} chosen={chosen}>
      {shown ? (
        <Detail type={shown} />
      ) : (
        <Empty
          icon={IconTimelineEvent}
          title={chosen ? 'The catalogue does not know this type' : `${types.length} event types`}
          text="Any other type of two to four words with dots between them is taken just the same. What is here has a severity of its own, and a sample."
        />
      )}
    </Shelf>
  )
}

function Detail({ type }: { type: EventType }) {
  const write = useCan('events:write')
  const read = useCan('events:read')
  const [opened, { open, close }] = useDisclosure()
  return (
    <>
      <Group justify="space-between" align="flex-start">
        <div>
          <Group gap={4}>
            <Title order={2} fz={20} className="mono">
              {type.name}
            </Title>
            <Copy text={type.name} what="the type" />
          </Group>
          <Group gap="sm" mt={4}>
            <Severity value={type.severity} />
            <Badge size="sm" variant="light" color="gray" tt="none">
              {type.category}
            </Badge>
            {read && (
              <PageLink underline="hover" to="/events" search={{ type: type.name }} size="sm">
                Events of this type
              </PageLink>
            )}
          </Group>
        </div>
        {write && (
          <Button variant="light" leftSection={<IconSend size={16} aria-hidden />} onClick={open}>
            Send this sample
          </Button>
        )}
      </Group>
      <Text my="md">{type.description}</Text>
      <Json value={type.sample} label="A sample" maxHeight={700} />
      <SendSample key={type.name} opened={opened} close={close} type={type.name} />
    </>
  )
}
