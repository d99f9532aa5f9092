import { Anchor, List, Text } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { EventText } from '@/text/EventText'
import { full } from '@/text/number'
import type { Job } from './job'

/** JobProblems lists what a job could not do, and why, item by item: at most so many as the hub keeps. */
export function JobProblems({ job, most }: { job: Job; most?: number }) {
  const all = job.problems ?? []
  if (all.length === 0) return null
  const shown = all.slice(0, most)
  const left = job.failed - shown.length
  return (
    <>
      <List size="sm" spacing={4} listStyleType="none">
        {shown.map((each) => (
          <List.Item key={each.delivery}>
            <Anchor component={Link} to={`/deliveries/${each.delivery}`} className="mono">
              {each.delivery}
            </Anchor>
            <Text size="xs" c="dimmed">
              <EventText inherit>{each.error}</EventText>
            </Text>
          </List.Item>
        ))}
      </List>
      {left > 0 && (
        <Text size="xs" c="dimmed" mt={4}>
          and {full(left)} more
        </Text>
      )}
    </>
  )
}
