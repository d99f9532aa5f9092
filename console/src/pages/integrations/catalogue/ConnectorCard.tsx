import { Badge, Card, Group, Text, Tooltip } from '@mantine/core'
import { IconLock } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import type { Schemas } from '@/api/client'
import { capability, grades } from '@/integration/capabilities'
import { Monogram } from '@/integration/Monogram'
import { count } from '@/text/number'
import classes from './Catalogue.module.css'

/** ConnectorCard is a connector in the catalogue. */
export function ConnectorCard({
  connector,
  configured,
}: {
  connector: Schemas['Connector']
  configured: number
}) {
  const grade = grades[connector.grade]
  return (
    <Card
      withBorder
      padding="md"
      radius="md"
      className={classes.card}
      data-locked={connector.locked || undefined}
    >
      <Group justify="space-between" wrap="nowrap" mb={6}>
        <Group gap={10} wrap="nowrap" miw={0}>
          <Monogram title={connector.title} dim={connector.locked} />
          <Link to="/integrations/new/$kind" params={{ kind: connector.kind }} className={classes.link}>
            {connector.title}
          </Link>
        </Group>
        {connector.locked && (
          <Badge size="sm" variant="light" color="gray" leftSection={<IconLock size={11} aria-hidden />}>
            Locked
          </Badge>
        )}
      </Group>
      <Text size="sm" c="dimmed" lineClamp={3} flex={1}>
        {connector.summary}
      </Text>
      {connector.locked && (
        <Text size="xs" mt={8}>
          {connector.plans?.length
            ? `Your plan does not have it. These do: ${connector.plans.join(', ')}.`
            : 'Your plan does not have it.'}
        </Text>
      )}
      <Group gap={4} mt={12} className={classes.badges}>
        {connector.capabilities.map((name) => {
          const { label, meaning } = capability(name)
          return (
            <Tooltip key={name} label={meaning}>
              <Badge variant="default" tt="none" fw={500} className={classes.badge}>
                {label}
              </Badge>
            </Tooltip>
          )
        })}
        {grade && (
          <Tooltip
            label={
              connector.grade_varies
                ? `${grade.meaning} It varies with an integration’s settings.`
                : grade.meaning
            }
            multiline
            maw={280}
          >
            <Badge variant="default" tt="none" fw={500} className={`${classes.badge} ${classes.grade}`}>
              {connector.grade_varies ? `${grade.label}, varies` : grade.label}
            </Badge>
          </Tooltip>
        )}
        {configured > 0 && (
          <Text size="xs" c="dimmed" ml="auto">
            {count(configured, 'configured', 'configured')}
          </Text>
        )}
      </Group>
    </Card>
  )
}
