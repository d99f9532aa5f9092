import { SimpleGrid, Stack, Text } from '@mantine/core'
import type { Schemas } from '@/api/client'
import { Ago } from '@/text/Ago'
import { count, full } from '@/text/number'
import type { Rule } from './useRules'

/** Report counts what a rule would have done in shadow mode, and what it has done. */
export function Report({ report, rule }: { report: Schemas['ResponseReport']; rule: Rule }) {
  const { shadow, live } = report
  return (
    <Stack gap="md">
      {rule.mode === 'shadow' ? (
        <Figures
          title={
            <>
              In shadow mode since <Ago time={report.shadow_since} inherit />
            </>
          }
          figures={[
            ['would have blocked', shadow.would_block],
            ['would have asked', shadow.would_ask],
            ['would have been refused', shadow.would_refuse],
          ]}
        />
      ) : (
        <Figures
          title="Live"
          figures={[
            ['blocked', live.blocked],
            ['asked for approval', live.asked],
            ['refused', live.refused],
          ]}
        />
      )}
      <Text size="xs" c="dimmed">
        {report.hits === 0
          ? 'No event has requested a block yet.'
          : `${count(report.hits, 'decision')} about ${count(report.targets, 'address', 'addresses')}. The newest 1,000 are kept.`}
      </Text>
    </Stack>
  )
}

function Figures({ title, figures }: { title: React.ReactNode; figures: [label: string, n: number][] }) {
  return (
    <div>
      <Text size="xs" c="dimmed" mb={6} component="div">
        {title}
      </Text>
      <SimpleGrid cols={3} spacing="sm">
        {figures.map(([label, n]) => (
          <div key={label}>
            <Text fz={24} fw={650} lh={1.2} className="numbers">
              {full(n)}
            </Text>
            <Text size="xs">{label}</Text>
          </div>
        ))}
      </SimpleGrid>
    </div>
  )
}
