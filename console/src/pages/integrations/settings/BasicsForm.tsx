import { Select, SimpleGrid, Switch, TextInput } from '@mantine/core'
import { DateInput } from '@mantine/dates'
import type { Errors } from '@/form/check'
import { inputID } from '@/form/context'
import { sentence } from '@/form/FieldInput'
import { delivers } from '@/integration/capabilities'
import { visible } from '@/text/visible'
import { useConnectors, useIntegrations } from '../data/all'

/** Basics is what every integration has, whatever its kind. */
export interface Basics {
  name: string
  owner: string
  rotate_by: string
  fallback: string
  enabled: boolean
}

/** basicPaths are where the hub's errors about them point. */
export const basicPaths: ReadonlySet<string> = new Set([
  'name',
  'owner',
  'rotate_by',
  'fallback',
  'subscription.types',
  'subscription.types.#',
  'subscription.alert_types.#',
  'subscription.projects.#',
  'subscription.where',
  'subscription.alert_types',
  'subscription.projects',
])

/** BasicsForm takes an integration's name, who looks after it, and until when its credentials are to be changed. */
export function BasicsForm({
  value,
  onChange,
  errors,
  kind,
  id,
  isNew,
  events,
  readOnly = false,
}: {
  value: Basics
  onChange: (value: Basics) => void
  errors: Errors
  kind: string
  /** id is that of the integration, which cannot be its own fallback. */
  id?: string
  isNew?: boolean
  /** events says whether the kind receives events. */
  events: boolean
  readOnly?: boolean
}) {
  const set = (part: Partial<Basics>) => onChange({ ...value, ...part })
  return (
    <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="md" verticalSpacing="md">
      <TextInput
        id={inputID('name')}
        label="Name"
        description={`Unique among the integrations of the kind ${kind}.`}
        required
        maxLength={100}
        autoComplete="off"
        readOnly={readOnly}
        value={value.name}
        error={sentence(errors.name)}
        onChange={(event) => set({ name: event.currentTarget.value })}
      />
      <TextInput
        id={inputID('owner')}
        label="Owner"
        description="Who looks after it and its credentials."
        placeholder="soc@example.com"
        maxLength={200}
        autoComplete="off"
        readOnly={readOnly}
        value={value.owner}
        error={sentence(errors.owner)}
        onChange={(event) => set({ owner: event.currentTarget.value })}
      />
      <DateInput
        id={inputID('rotate_by')}
        label="Rotate credentials by"
        description="It is said when the date comes near."
        valueFormat="YYYY-MM-DD"
        placeholder="No date"
        clearable={!readOnly}
        clearButtonProps={{ 'aria-label': 'Clear the date' }}
        readOnly={readOnly}
        value={value.rotate_by || null}
        error={sentence(errors.rotate_by)}
        onChange={(next) => set({ rotate_by: next ?? '' })}
      />
      {events && (
        <Fallback
          value={value.fallback}
          onChange={(fallback) => set({ fallback })}
          id={id}
          error={sentence(errors.fallback)}
          readOnly={readOnly}
        />
      )}
      {isNew && (
        <Switch
          label="Enabled"
          description={
            events
              ? 'It receives events from the moment it is added.'
              : 'It works from the moment it is added.'
          }
          checked={value.enabled}
          onChange={(event) => set({ enabled: event.currentTarget.checked })}
        />
      )}
    </SimpleGrid>
  )
}

function Fallback({
  value,
  onChange,
  id,
  error,
  readOnly,
}: {
  value: string
  onChange: (value: string) => void
  id: string | undefined
  error: string | undefined
  readOnly: boolean
}) {
  const integrations = useIntegrations()
  const connectors = useConnectors()
  const able = (integrations.data ?? []).filter(
    (each) => each.id !== id && delivers(connectors.data?.find((connector) => connector.kind === each.kind)),
  )
  return (
    <Select
      id={inputID('fallback')}
      label="Fallback"
      description="Gets what ends in this one’s mailbox, whatever it subscribes to."
      placeholder="None"
      data={able.map((each) => ({ value: each.id, label: `${visible(each.name)} (${each.kind})` }))}
      value={value || null}
      clearable={!readOnly}
      clearButtonProps={{ 'aria-label': 'Clear the fallback' }}
      searchable
      readOnly={readOnly}
      error={error}
      onChange={(next) => onChange(next ?? '')}
    />
  )
}
