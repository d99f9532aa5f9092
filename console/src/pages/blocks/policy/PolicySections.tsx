import { NumberInput, Select, SimpleGrid, Stack, Switch, Text, TextInput } from '@mantine/core'
import { ttlSeconds, ttlWords } from '@/blocking/duration'
import { Panel } from '@/page/Panel'
import type { PolicyDraft } from './draft'

interface Props {
  draft: PolicyDraft
  change: (part: Partial<PolicyDraft>) => void
  faults: Record<string, string>
  disabled: boolean
}

/** PolicySections are the fields of the policy, by what they are about. */
export function PolicySections(props: Props) {
  return (
    <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="md">
      <Stack gap="md">
        <Panel title="Duration">
          <Stack gap="sm">
            <Duration {...props} name="default_ttl" label="If the request does not say" />
            <Duration
              {...props}
              name="max_ttl"
              label="At most"
              help="0s: no bound. Permanent blocks have a rule of their own."
            />
          </Stack>
        </Panel>
        <Panel title="Four eyes: what needs a second person">
          <Stack gap="sm">
            <Toggle {...props} name="approve_all" label="Every block" />
            <Toggle {...props} name="approve_permanent" label="Permanent blocks" />
            <Toggle
              {...props}
              name="approve_automatic"
              label="Blocks by rules, whatever mode the rule is in"
            />
            <SimpleGrid cols={2}>
              <Whole
                {...props}
                name="approve_wider_ipv4"
                label="IPv4 ranges wider than"
                prefix="/"
                max={32}
                help="/0: never"
              />
              <Whole
                {...props}
                name="approve_wider_ipv6"
                label="IPv6 ranges wider than"
                prefix="/"
                max={128}
                help="/0: never"
              />
            </SimpleGrid>
            <Duration {...props} name="approval_time" label="A request waits for" help="Then it lapses." />
          </Stack>
        </Panel>
      </Stack>
      <Stack gap="md">
        <Panel title="Limits">
          <Stack gap="sm">
            <SimpleGrid cols={2}>
              <Whole {...props} name="per_minute" label="Blocks a minute" max={1_000_000} />
              <Whole {...props} name="per_hour" label="Blocks an hour" max={1_000_000} />
              <Whole {...props} name="widest_ipv4" label="Widest IPv4 range" prefix="/" min={8} max={32} />
              <Whole {...props} name="widest_ipv6" label="Widest IPv6 range" prefix="/" min={16} max={128} />
            </SimpleGrid>
            <NumberInput
              label="How full a responder may become"
              description="Of its capacity, entries of others included"
              suffix=" %"
              min={0}
              max={100}
              allowDecimal={false}
              value={Math.round(100 * (props.draft.max_share ?? 0))}
              onChange={(n) => props.change({ max_share: (Number(n) || 0) / 100 })}
              error={props.faults.max_share}
              disabled={props.disabled}
            />
            <Select
              label="What goes beyond these limits"
              data={[
                { value: 'approval', label: 'waits for a person to approve it' },
                { value: 'refuse', label: 'is refused' },
              ]}
              value={props.draft.on_breach ?? 'approval'}
              onChange={(value) => props.change({ on_breach: value as PolicyDraft['on_breach'] })}
              allowDeselect={false}
              error={props.faults.on_breach}
              disabled={props.disabled}
            />
          </Stack>
        </Panel>
        <Panel title="At responders">
          <Stack gap="sm">
            <Toggle
              {...props}
              name="evict"
              label="Make room at a full responder"
              help="The block that ends first is dropped there, and says so. Otherwise what does not fit fails."
            />
            <Toggle
              {...props}
              name="report_drift"
              label="Only report drift"
              help="What has disappeared at a responder is reported, and not put back."
            />
          </Stack>
        </Panel>
      </Stack>
    </SimpleGrid>
  )
}

type Of<T> = {
  [K in keyof PolicyDraft]-?: NonNullable<PolicyDraft[K]> extends T ? K : never
}[keyof PolicyDraft]

function Duration({
  name,
  label,
  help,
  draft,
  change,
  faults,
  disabled,
}: Props & { name: 'default_ttl' | 'max_ttl' | 'approval_time'; label: string; help?: string }) {
  const value = String(draft[name] ?? '')
  const words = ttlSeconds(value) ? ttlWords(value) : undefined
  return (
    <TextInput
      label={label}
      description={help}
      value={value}
      onChange={(event) => change({ [name]: event.currentTarget.value.trim() })}
      error={faults[name]}
      disabled={disabled}
      maxLength={32}
      rightSectionWidth={130}
      rightSection={
        words && (
          <Text size="xs" c="dimmed" pr="sm" w="100%" ta="right">
            {words}
          </Text>
        )
      }
    />
  )
}

function Whole({
  name,
  label,
  help,
  prefix,
  min = 0,
  max,
  draft,
  change,
  faults,
  disabled,
}: Props & { name: Of<number>; label: string; help?: string; prefix?: string; min?: number; max: number }) {
  return (
    <NumberInput
      label={label}
      description={help}
      prefix={prefix}
      min={min}
      max={max}
      allowDecimal={false}
      thousandSeparator={prefix ? undefined : ','}
      value={draft[name] ?? 0}
      onChange={(n) => change({ [name]: typeof n === 'number' ? n : Number(n) || 0 })}
      error={faults[name]}
      disabled={disabled}
    />
  )
}

function Toggle({
  name,
  label,
  help,
  draft,
  change,
  faults,
  disabled,
}: Props & { name: Of<boolean>; label: string; help?: string }) {
  return (
    <Switch
      label={label}
      description={help}
      checked={draft[name] ?? false}
      onChange={(event) => change({ [name]: event.currentTarget.checked })}
      error={faults[name]}
      disabled={disabled}
    />
  )
}
