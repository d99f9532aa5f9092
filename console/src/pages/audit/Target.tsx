import { Anchor, Text } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { wayTo } from '@/app/shell/wayTo'
import { IntegrationName } from '@/integration/IntegrationName'
import { EventText } from '@/text/EventText'
import { type Act, subjectOf } from './act'

/** Target names what was acted on, and leads to its page if it has one. With whole, its id stands beside its name. */
export function Target({ act, whole }: { act: Act; whole?: boolean }) {
  const { target } = act
  const subject = subjectOf(act)
  if (!target && !subject)
    return (
      <Text span inherit c="dimmed">
        –
      </Text>
    )
  if (!target) return <EventText inherit>{subject}</EventText>
  if (target.startsWith('int_')) return <IntegrationName id={target} link />
  const named = subject !== undefined && subject !== target && isID(target)
  const text = (
    <EventText inherit className={named ? undefined : 'mono'}>
      {named ? subject : target}
    </EventText>
  )
  const way = target.startsWith('job_') ? { href: `/deliveries/jobs/${target}` } : wayTo(target)
  return (
    <>
      {way ? (
        <Anchor component={Link} to={way.href} inherit title={named ? target : undefined}>
          {text}
        </Anchor>
      ) : (
        <span title={named ? target : undefined}>{text}</span>
      )}
      {named && whole && (
        <Text span inherit c="dimmed" className="mono">
          {' '}
          {target}
        </Text>
      )}
    </>
  )
}

/** isID tells an id, or a bare number of blocks, which say little to people, from a name. */
const isID = (target: string): boolean => /^([a-z]{3}_[0-9a-z]{26}|[0-9]+ blocks)$/.test(target)
