import { SimpleGrid, Text } from '@mantine/core'
import { Panel } from '@/page/Panel'
import { Severity, type SeverityName, severities } from '@/text/Severity'

const meanings: Record<SeverityName, string> = {
  critical: 'Somebody must act now, at any hour: an attack that succeeds.',
  high: 'Somebody must act soon: an attack that is likely real.',
  medium: 'Worth a look today. Alone it is rarely an incident.',
  low: 'To be known, and looked at when there is time.',
  info: 'A record. Nobody is to be told of it.',
}

/** SeverityGuide explains the severities. */
export function SeverityGuide() {
  return (
    <Panel title="What the severities mean">
      <SimpleGrid cols={{ base: 1, xs: 2, lg: 5 }} spacing="md">
        {severities.map((severity) => (
          <div key={severity}>
            <Severity value={severity} />
            <Text size="sm" c="dimmed">
              {meanings[severity]}
            </Text>
          </div>
        ))}
      </SimpleGrid>
      <Text size="xs" c="dimmed" mt="sm">
        Integrations, silences and rules ask for the severity. An event without one takes that of its type.
      </Text>
    </Panel>
  )
}
