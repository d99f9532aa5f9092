import { Box, Group, Text, Timeline } from '@mantine/core'
import {
  type Icon,
  IconArrowBackUp,
  IconCheck,
  IconCircleDot,
  IconFlame,
  IconGauge,
  IconMessage,
  IconPaperclip,
  IconPencil,
  IconRepeat,
  IconShieldLock,
  IconShieldOff,
  IconShieldQuestion,
  IconSparkles,
  IconUser,
} from '@tabler/icons-react'
import { useIntegrationsByID } from '@/integration/integrations'
import { PageLink } from '@/link/PageLink'
import { Ago } from '@/text/Ago'
import { EventText } from '@/text/EventText'
import { count } from '@/text/number'
import classes from './History.module.css'
import { changesOf, type HistoryLine, movedAlerts, verbLabel, viaLabel } from './words'

const pictures: Record<string, Icon> = {
  create: IconSparkles,
  update: IconPencil,
  repeat: IconRepeat,
  acknowledge: IconCircleDot,
  resolve: IconCheck,
  reopen: IconArrowBackUp,
  assign: IconUser,
  note: IconMessage,
  rate: IconGauge,
  link: IconFlame,
  attach: IconPaperclip,
  detach: IconPaperclip,
  ask: IconShieldQuestion,
  block: IconShieldLock,
  removed: IconShieldOff,
  expired: IconShieldOff,
  rejected: IconShieldOff,
  lapsed: IconShieldOff,
  put: IconFlame,
}

/**
 * History shows what happened to something, line by line, in the order in which the lines are given. titles are those of
 * alerts that a line may name, by their ids, as far as they are known.
 */
export function History({
  lines,
  titles,
}: {
  lines: readonly HistoryLine[]
  titles?: ReadonlyMap<string, string>
}) {
  const integrations = useIntegrationsByID()
  if (lines.length === 0)
    return (
      <Text size="sm" c="dimmed">
        Nothing yet.
      </Text>
    )
  return (
    <Timeline
      bulletSize={22}
      lineWidth={1}
      classNames={{ itemTitle: classes.title, itemBullet: classes.bullet }}
    >
      {lines.map((line) => {
        const Picture = pictures[line.verb] ?? IconPencil
        return (
          <Timeline.Item
            key={line.id ?? `${line.at} ${line.verb} ${line.event ?? ''} ${line.note ?? ''}`}
            bullet={<Picture size={12} aria-hidden />}
            title={<Head line={line} via={integrations.get(line.via ?? '')?.name} />}
          >
            <Body line={line} titles={titles} />
          </Timeline.Item>
        )
      })}
    </Timeline>
  )
}

function Head({ line, via }: { line: HistoryLine; via: string | undefined }) {
  return (
    <Group justify="space-between" gap="xs" wrap="nowrap" align="flex-start">
      <Text size="sm" component="span" miw={0}>
        <b>{verbLabel(line.verb)}</b>
        {line.about && (
          <>
            {' '}
            <PageLink to={line.about.path}>
              <EventText>{line.about.text}</EventText>
            </PageLink>
          </>
        )}
        {line.by && (
          <>
            {' by '}
            <EventText>{line.by}</EventText>
          </>
        )}
        {line.via && line.via !== 'console' && (
          <Text span c="dimmed" size="sm">
            {' through '}
            <EventText>{viaLabel(line.via, via)}</EventText>
          </Text>
        )}
      </Text>
      <Ago time={line.at} size="xs" c="dimmed" />
    </Group>
  )
}

function Body({ line, titles }: { line: HistoryLine; titles?: ReadonlyMap<string, string> }) {
  const changes = changesOf(line)
  const { left, came } = movedAlerts(line)
  return (
    <Box className={classes.body}>
      {changes.map(({ field, before, after }) => (
        <Text key={field} size="xs" c="dimmed">
          <EventText>{field.replaceAll('_', ' ')}</EventText>: <Value text={before} /> →{' '}
          <Value text={after} />
        </Text>
      ))}
      {came.length > 0 && <Moved ids={came} what="added" titles={titles} />}
      {left.length > 0 && <Moved ids={left} what="removed" titles={titles} />}
      {line.note && (
        <Text size="sm" component="div" className={classes.note}>
          <EventText>{line.note}</EventText>
        </Text>
      )}
    </Box>
  )
}

const Value = ({ text }: { text: string }) => (
  <Text span size="xs" c="bright">
    {text ? <EventText>{text.length > 300 ? `${text.slice(0, 300)}…` : text}</EventText> : 'none'}
  </Text>
)

/** mostNamed is how many alerts of a line are links. */
const mostNamed = 5

/** longestName is how many characters of an alert's title a line shows. */
const longestName = 80

function Moved({ ids, what, titles }: { ids: string[]; what: string; titles?: ReadonlyMap<string, string> }) {
  return (
    <Text size="xs" c="dimmed" component="div">
      {count(ids.length, 'alert')} {what}:{' '}
      {ids.slice(0, mostNamed).map((id, i) => {
        const title = titles?.get(id)
        return (
          <span key={id}>
            {i > 0 && ', '}
            <PageLink to={`/alerts/${id}`} className={title ? undefined : 'mono'}>
              {title ? <EventText>{cut(title)}</EventText> : `…${id.slice(-6)}`}
            </PageLink>
          </span>
        )
      })}
      {ids.length > mostNamed && ' …'}
    </Text>
  )
}

const cut = (title: string): string => {
  const characters = [...title.slice(0, 2 * longestName + 2)]
  return characters.length > longestName ? `${characters.slice(0, longestName).join('')}…` : title
}
