import { Alert, Box, Input, SegmentedControl, Stack, Switch, TagsInput, Text, Textarea } from '@mantine/core'
import { IconVolumeOff } from '@tabler/icons-react'
import { $api } from '@/api/client'
import type { Errors } from '@/form/check'
import { inputID } from '@/form/context'
import { useProjectNames } from '@/project/projects'
import { OutLink } from '@/text/OutLink'
import { severities } from '@/text/Severity'
import type { Subscription } from './filter'
import { TypePicker } from './TypePicker'

/** fromLeast are the severities in growing order, as a minimum is chosen. */
const fromLeast = [...severities].reverse()

/** SubscriptionForm chooses which events an integration gets. */
export function SubscriptionForm({
  value,
  onChange,
  errors,
  readOnly = false,
}: {
  value: Subscription
  onChange: (value: Subscription) => void
  errors: Errors
  readOnly?: boolean
}) {
  const set = (part: Partial<Subscription>) => onChange({ ...value, ...part })
  const alertTypes = $api.useQuery('get', '/api/v1/alert-types', {}, { staleTime: 5 * 60_000 })
  const projects = useProjectNames()
  const typesError = Object.entries(errors).find(([path]) => path.startsWith('subscription.types'))?.[1]
  return (
    <Stack gap="lg">
      <Box role="group" aria-labelledby="types-label">
        <Input.Label labelElement="div" id="types-label" mb={6}>
          Event types
        </Input.Label>
        {value.types.length === 0 && (
          <Alert
            color="yellow"
            variant="light"
            icon={<IconVolumeOff size={18} aria-hidden />}
            mb="xs"
            py="xs"
          >
            <Text size="sm">Nothing is chosen: it will send nothing.</Text>
          </Alert>
        )}
        <TypePicker chosen={value.types} onChange={(types) => set({ types })} readOnly={readOnly} />
        {typesError && (
          <Text size="xs" c="error" role="alert" mt={4}>
            {typesError}
          </Text>
        )}
      </Box>
      <Box role="group" aria-labelledby="severity-label">
        <Input.Label labelElement="div" id="severity-label" mb={4} display="block">
          Minimum severity
        </Input.Label>
        <SegmentedControl
          aria-labelledby="severity-label"
          data={fromLeast.map((each) => ({ value: each, label: each === 'info' ? 'Any' : `${word(each)}` }))}
          value={value.min_severity}
          readOnly={readOnly}
          size="xs"
          onChange={(next) => set({ min_severity: next as Subscription['min_severity'] })}
        />
        <Text size="xs" c="dimmed" mt={4}>
          {value.min_severity === 'info'
            ? 'Whatever its severity.'
            : `Only what is at least ${value.min_severity}.`}
        </Text>
      </Box>
      <TagsInput
        label="Alert types"
        description="None chosen means all."
        id={inputID('subscription.alert_types')}
        data-items
        data={alertTypes.data?.items.map((each) => each.name) ?? []}
        limit={100}
        maxDropdownHeight={260}
        value={value.alert_types}
        readOnly={readOnly}
        error={errors['subscription.alert_types']}
        onChange={(alert_types) => set({ alert_types })}
      />
      <TagsInput
        label="Projects"
        description="None chosen means all, and events without one."
        id={inputID('subscription.projects')}
        data-items
        data={projects}
        value={value.projects}
        readOnly={readOnly}
        error={errors['subscription.projects']}
        onChange={(next) => set({ projects: next })}
      />
      <Switch
        label="Events of child accounts, too"
        description="Those of all accounts below this one, at any depth."
        checked={value.include_children}
        disabled={readOnly}
        onChange={(event) => set({ include_children: event.currentTarget.checked })}
      />
      <Textarea
        id={inputID('subscription.where')}
        label="Condition"
        description={
          <>
            An expression in{' '}
            <OutLink href="https://cel.dev" size="xs" underline="always">
              CEL
            </OutLink>{' '}
            that must hold as well. It is checked while you write.
          </>
        }
        placeholder={'event.severity_level >= HIGH || "pci" in event.tags'}
        autosize
        minRows={2}
        maxRows={10}
        maxLength={4096}
        spellCheck={false}
        readOnly={readOnly}
        styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)', fontSize: 13 } }}
        value={value.where}
        error={errors['subscription.where']}
        onChange={(event) => set({ where: event.currentTarget.value })}
      />
    </Stack>
  )
}

const word = (severity: string): string => severity.charAt(0).toUpperCase() + severity.slice(1)
