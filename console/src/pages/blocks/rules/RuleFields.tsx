import {
  Autocomplete,
  Fieldset,
  Group,
  MultiSelect,
  NumberInput,
  Select,
  Stack,
  TagsInput,
  Textarea,
  TextInput,
} from '@mantine/core'
import { $api } from '@/api/client'
import { DurationInput } from '@/blocking/DurationInput'
import { useProjectNames } from '@/project/projects'
import { severities } from '@/text/Severity'
import { visible } from '@/text/visible'
import { useResponders } from '../responders/useResponders'
import type { Draft } from './draft'

/** patterns are the ways to say several types at once. */
const patterns = ['*', 'alert.*', 'detection.*']

/** roles are what an address can have done in an event; any other word is taken, too. */
const roles = ['source', 'target', 'actor', 'destination']

/** RuleFields are the fields of a rule: what it looks at, and what it blocks. */
export function RuleFields({
  draft,
  change,
  faults,
}: {
  draft: Draft
  change: (part: Partial<Draft>) => void
  faults: Record<string, string>
}) {
  const eventTypes = $api.useQuery('get', '/api/v1/event-types')
  const alertTypes = $api.useQuery('get', '/api/v1/alert-types')
  const projects = useProjectNames()
  const responders = useResponders()
  return (
    <Stack gap="sm">
      <TextInput
        label="Name"
        value={draft.name}
        onChange={(e) => change({ name: e.currentTarget.value })}
        required
        maxLength={100}
        error={faults.name}
        data-autofocus
      />
      <Fieldset legend="What it looks at">
        <Stack gap="sm">
          <TagsInput
            label="Event types"
            description="None: it looks at nothing. alert.* is every type that begins with alert."
            data={[...patterns, ...(eventTypes.data?.items.map((type) => type.name) ?? [])]}
            value={draft.types}
            onChange={(types) => change({ types })}
            error={faults.types}
            clearable
          />
          <Group grow align="flex-start">
            <Select
              label="At least"
              data={severities.map((value) => ({ value, label: value }))}
              value={draft.min_severity}
              onChange={(value) => change({ min_severity: value ?? 'info' })}
              allowDeselect={false}
              error={faults.min_severity}
            />
            <TagsInput
              label="Projects"
              placeholder={draft.projects.length === 0 ? 'All' : undefined}
              data={projects}
              value={draft.projects}
              onChange={(list) => change({ projects: list })}
              error={faults.projects}
            />
          </Group>
          <TagsInput
            label="Alert types"
            placeholder={draft.alert_types.length === 0 ? 'All' : undefined}
            data={alertTypes.data?.items.map((type) => type.name) ?? []}
            value={draft.alert_types}
            onChange={(alert_types) => change({ alert_types })}
            error={faults.alert_types}
          />
          <Textarea
            label="And only where"
            description="An expression on the event; empty: all."
            placeholder="event.risk_score >= 80"
            value={draft.where}
            onChange={(e) => change({ where: e.currentTarget.value })}
            autosize
            minRows={1}
            maxRows={5}
            spellCheck={false}
            classNames={{ input: 'mono' }}
            error={faults.where}
          />
        </Stack>
      </Fieldset>
      <Fieldset legend="What it blocks">
        <Stack gap="sm">
          <Group grow align="flex-start">
            <Autocomplete
              label="Observed address of"
              data={roles}
              value={draft.entity_role}
              onChange={(entity_role) => change({ entity_role })}
              maxLength={40}
              error={faults.entity_role}
            />
            <NumberInput
              label="At most, an hour"
              min={1}
              max={1_000_000}
              allowDecimal={false}
              value={draft.max_per_hour}
              onChange={(n) => change({ max_per_hour: Number(n) || 0 })}
              error={faults.max_per_hour}
            />
          </Group>
          <DurationInput
            label="For how long"
            value={draft.ttl}
            onChange={(ttl) => change({ ttl })}
            none="As the policy says"
            forGood=""
            error={faults.ttl}
          />
          <MultiSelect
            label="Where"
            placeholder={draft.integrations.length === 0 ? 'Every responder that can' : undefined}
            data={responders.data?.items.map(({ id, name }) => ({ value: id, label: visible(name) })) ?? []}
            value={draft.integrations}
            onChange={(integrations) => change({ integrations })}
            error={faults.integrations}
          />
          <TextInput
            label="Reason"
            description="Stands with each block; empty: the rule and the event are named"
            value={draft.reason}
            onChange={(e) => change({ reason: e.currentTarget.value })}
            maxLength={1000}
            error={faults.reason}
          />
        </Stack>
      </Fieldset>
    </Stack>
  )
}
