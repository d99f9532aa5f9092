import { Group, List, Stack } from '@mantine/core'
import type { Schemas } from '@/api/client'
import { useIntegrationsByID } from '@/integration/integrations'
import { When } from '@/text/Ago'
import { EventText } from '@/text/EventText'
import { Identifier } from '@/text/Identifier'
import { Fact } from '../frame/Fact'
import { Mono } from '../frame/Mono'
import { inWords } from './draft'
import { SilenceMenu } from './SilenceMenu'

/** SilenceDetails shows a silence whole. */
export function SilenceDetails({ silence }: { silence: Schemas['Silence'] }) {
  const integrations = useIntegrationsByID()
  return (
    <Stack>
      <Group justify="space-between" align="flex-start" wrap="nowrap">
        <Fact label="Conditions; all of them must match">
          <List size="sm">
            {silence.matchers.map((matcher) => (
              <List.Item key={inWords(matcher)}>
                <EventText inherit>{inWords(matcher)}</EventText>
              </List.Item>
            ))}
            {silence.where && (
              <List.Item>
                <Mono>{silence.where}</Mono>
              </List.Item>
            )}
          </List>
        </Fact>
        <SilenceMenu silence={silence} />
      </Group>
      <Fact label="Reason">
        <EventText inherit>{silence.reason || '–'}</EventText>
      </Fact>
      <Group gap="xl">
        <Fact label="Starts">
          <When time={silence.starts_at} />
        </Fact>
        <Fact label="Ends">
          <When time={silence.ends_at} />
        </Fact>
        <Fact label="Created by">
          <EventText inherit>{silence.author}</EventText>
        </Fact>
      </Group>
      <Fact label="Integrations">
        {silence.integrations.length === 0 ? (
          'all of the account'
        ) : (
          <EventText inherit>
            {silence.integrations.map((id) => integrations.get(id)?.name ?? id).join(', ')}
          </EventText>
        )}
      </Fact>
      <Fact label="Id">
        <Identifier value={silence.id} />
      </Fact>
    </Stack>
  )
}
