import { Anchor, Text } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { wayTo } from '@/app/shell/wayTo'
import { IntegrationName } from '@/integration/IntegrationName'
import { EventText } from '@/text/EventText'

/** Target names what was acted on, and leads to its page if it has one. */
export function Target({ value }: { value: string | undefined }) {
  if (!value)
    return (
      <Text span inherit c="dimmed">
        –
      </Text>
    )
  if (value.startsWith('int_')) return <IntegrationName id={value} link />
  const way = value.startsWith('job_') ? { href: `/deliveries/jobs/${value}` } : wayTo(value)
  const text = (
    <EventText inherit className="mono">
      {value}
    </EventText>
  )
  if (!way) return text
  return (
    <Anchor component={Link} to={way.href} inherit>
      {text}
    </Anchor>
  )
}
