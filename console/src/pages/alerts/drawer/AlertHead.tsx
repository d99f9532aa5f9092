import { Button, Group, Menu, Text, Tooltip } from '@mantine/core'
import {
  IconArrowBackUp,
  IconBellOff,
  IconCheck,
  IconCircleDot,
  IconDots,
  IconFlame,
  IconShieldLock,
  IconUserCheck,
} from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import { confirm } from '@/act/confirm'
import { PageLink } from '@/link/PageLink'
import { Assign } from '@/people/Assign'
import { useOwnAddress } from '@/people/usePeople'
import { useCan } from '@/session/me'
import { Ago } from '@/text/Ago'
import { Clamp } from '@/text/Clamp'
import { EventText } from '@/text/EventText'
import { count } from '@/text/number'
import { Severity, severities } from '@/text/Severity'
import { State } from '@/text/State'
import type { Alert } from '../matches'
import { useQueueAround } from '../queueContext'
import { Risk } from '../Risk'
import classes from './drawer.module.css'
import { Silenced } from './Silenced'
import { silenceSearch } from './silence'
import type { AlertActs } from './useAlertActs'

interface Props {
  alert: Alert
  acts: AlertActs
  block: (() => void) | undefined
  incident: () => void
}

/** AlertHead says what the alert is and where it stands, and has what can be done about it. */
export function AlertHead({ alert, acts, block, incident }: Props) {
  return (
    <header>
      <Clamp about="the title" text={alert.title}>
        {(clamped) => (
          <h2 className={classes.title} {...clamped}>
            <EventText>{alert.title}</EventText>
          </h2>
        )}
      </Clamp>
      <Group gap="sm">
        <Severity value={alert.severity} />
        <State value={alert.status} />
        {alert.risk_score !== undefined && (
          <Text size="sm" component="span">
            Risk <Risk score={alert.risk_score} />
          </Text>
        )}
        {alert.incident && (
          <Text size="sm" component="span">
            <PageLink underline="hover" to={`/incidents/${alert.incident}`}>
              {alert.incident}
            </PageLink>
          </Text>
        )}
        <Text size="sm" c="dimmed" ml={{ base: 0, sm: 'auto' }}>
          {count(alert.count, 'event')}, last <Ago time={alert.last_seen} inherit />
        </Text>
      </Group>
      <Silenced id={alert.id} />
      <Actions alert={alert} acts={acts} block={block} incident={incident} />
    </header>
  )
}

function Actions({ alert, acts, block, incident }: Props) {
  const mayChange = useCan('alerts:write')
  const mayPut = useCan('incidents:write')
  const { known } = useQueueAround()
  if (!mayChange && !block && !mayPut)
    return (
      <Text size="xs" c="dimmed" my="sm">
        Your role may look at alerts, not change them.
      </Text>
    )
  return (
    <Group gap={6} className={classes.actions}>
      {mayChange && <Turn alert={alert} acts={acts} />}
      {mayChange && <Assign known={known} current={alert.assignee} assign={(who) => void acts.assign(who)} />}
      {block && (
        <Tooltip label="Block an address that was observed (b)">
          <Button
            size="compact-sm"
            variant="default"
            leftSection={<IconShieldLock size={14} aria-hidden />}
            onClick={block}
          >
            Block IP
          </Button>
        </Tooltip>
      )}
      {mayPut && (
        <Button
          size="compact-sm"
          variant="default"
          leftSection={<IconFlame size={14} aria-hidden />}
          onClick={incident}
        >
          {alert.incident ? 'Move to an incident' : 'Incident'}
        </Button>
      )}
      {mayChange && <More alert={alert} acts={acts} />}
    </Group>
  )
}

/** Turn is what comes next for the alert: to take it on, to end it, or to take it up again. */
function Turn({ alert, acts }: { alert: Alert; acts: AlertActs }) {
  const own = useOwnAddress()
  const free = alert.status === 'open' && !alert.assignee && own !== ''
  if (alert.status === 'resolved')
    return (
      <Button
        size="compact-sm"
        leftSection={<IconArrowBackUp size={14} aria-hidden />}
        onClick={() => void acts.reopen()}
      >
        Reopen
      </Button>
    )
  return (
    <>
      {free && (
        <Tooltip label="Acknowledge it, and have it assigned to you">
          <Button
            size="compact-sm"
            leftSection={<IconUserCheck size={14} aria-hidden />}
            onClick={() => void acts.take(own)}
          >
            Take it
          </Button>
        </Tooltip>
      )}
      {alert.status === 'open' && (
        <Tooltip label="You have taken it on (a)">
          <Button
            size="compact-sm"
            variant={free ? 'default' : 'filled'}
            leftSection={<IconCircleDot size={14} aria-hidden />}
            onClick={() => void acts.acknowledge()}
          >
            Acknowledge
          </Button>
        </Tooltip>
      )}
      <Tooltip label="It is over (r resolves without a note)">
        <Button
          size="compact-sm"
          variant={alert.status === 'open' ? 'default' : 'filled'}
          leftSection={<IconCheck size={14} aria-hidden />}
          onClick={() =>
            confirm({
              title: 'Resolve this alert?',
              text: 'A later event of the same key opens it again.',
              verb: 'Resolve',
              reason: 'Note (optional)',
              optionalReason: true,
              act: async (text) => {
                if (!(await acts.resolve(text)))
                  throw new Error('It was not resolved; look at what it is now.')
              },
            })
          }
        >
          Resolve
        </Button>
      </Tooltip>
    </>
  )
}

function More({ alert, acts }: { alert: Alert; acts: AlertActs }) {
  return (
    <Menu position="bottom-end" shadow="md">
      <Menu.Target>
        <Button size="compact-sm" variant="default" aria-label="More" px={6}>
          <IconDots size={16} aria-hidden />
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>Set the severity, until it is reopened</Menu.Label>
        {severities.map((each) => (
          <Menu.Item
            key={each}
            disabled={each === alert.severity}
            onClick={() => void acts.rate(each)}
            aria-label={`Set the severity to ${each}`}
          >
            <Severity value={each} />
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Item
          leftSection={<IconBellOff size={14} aria-hidden />}
          component={Link}
          to="/settings/silences"
          search={silenceSearch(alert) as never}
        >
          Silence…
        </Menu.Item>
        {alert.status === 'acknowledged' && (
          <>
            <Menu.Divider />
            <Menu.Item
              leftSection={<IconArrowBackUp size={14} aria-hidden />}
              onClick={() => void acts.reopen()}
            >
              Reopen
            </Menu.Item>
          </>
        )}
      </Menu.Dropdown>
    </Menu>
  )
}
