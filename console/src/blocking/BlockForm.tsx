import {
  Alert,
  Button,
  Group,
  MultiSelect,
  Select,
  SimpleGrid,
  Stack,
  Text,
  Textarea,
  TextInput,
} from '@mantine/core'
import { IconInfoCircle } from '@tabler/icons-react'
import type { FormEvent } from 'react'
import { $api, type Schemas } from '@/api/client'
import { fieldMessages, type Problem } from '@/api/problem'
import { visible } from '@/text/visible'
import { BlockPlan, Findings } from './BlockPlan'
import { type Candidate, nameOf } from './candidates'
import { DurationInput } from './DurationInput'
import { permanent } from './duration'
import type { DryRun } from './useDryRun'

/** Wish is what somebody wants to have blocked. */
export interface Wish {
  target: string
  /** ttl is how long, as the API reads it; empty: as the policy says. */
  ttl: string
  reason: string
  /** integrations are the responders; none: all that can. */
  integrations: string[]
}

interface Props {
  /** choices are the addresses to choose from; undefined: one is typed. */
  choices: Candidate[] | undefined
  wish: Wish
  change: (part: Partial<Wish>) => void
  run: DryRun
  close: () => void
  done: (asked: Schemas['BlockAsked']) => void
}

/** BlockForm asks what is to be blocked, shows the plan of it, and then lets it be done. */
export function BlockForm({ choices, wish, change, run, close, done }: Props) {
  const responders = $api.useQuery('get', '/api/v1/responders')
  const known = responders.data?.items ?? []
  if (choices?.length === 0) return <NothingObserved close={close} />
  const fields = run.problem ? fieldMessages(run.problem) : {}
  const fault = (name: string) => fields[`body.${name}`] ?? fields[name]
  const refused = run.plan?.decision === 'refuse'
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    if (run.busy) return
    if (!run.plan) return run.ask()
    if (refused) return
    const asked = await run.block()
    if (asked) done(asked)
  }
  return (
    <form onSubmit={(event) => void submit(event)}>
      <Stack gap="sm">
        {choices ? (
          <Select
            label="Address"
            description={
              choices.every(({ blocked }) => blocked)
                ? 'Already blocked: another block makes it last longer'
                : choices.length > 1
                  ? 'What sensors observed; never what stood in a text'
                  : undefined
            }
            data={choices.map((each) => ({ value: each.value, label: visible(nameOf(each)) }))}
            value={wish.target}
            onChange={(target) => target && change({ target })}
            allowDeselect={false}
            error={fault('target')}
            data-autofocus
          />
        ) : (
          <TextInput
            label="Address or range"
            placeholder="203.0.113.7 or 203.0.113.0/24"
            value={wish.target}
            onChange={(e) => change({ target: e.currentTarget.value })}
            required
            maxLength={64}
            autoComplete="off"
            spellCheck={false}
            error={fault('target')}
            data-autofocus
          />
        )}
        <SimpleGrid cols={{ base: 1, sm: known.length > 1 ? 2 : 1 }} spacing="sm">
          <DurationInput
            label="For how long"
            value={wish.ttl}
            onChange={(ttl) => change({ ttl })}
            none="As the policy says"
            forGood="Permanent (requires a reason)"
            error={fault('ttl')}
          />
          {known.length > 1 && (
            <MultiSelect
              label="Where"
              placeholder={wish.integrations.length === 0 ? 'Every responder that can' : undefined}
              data={known.map((each) => ({ value: each.id, label: visible(each.name) }))}
              value={wish.integrations}
              onChange={(integrations) => change({ integrations })}
              error={fault('integrations')}
              clearable
            />
          )}
        </SimpleGrid>
        <Textarea
          label="Reason"
          description="For whoever looks at it later"
          value={wish.reason}
          // A reason is one line.
          onChange={(e) => change({ reason: e.currentTarget.value.replaceAll(/[\r\n]+/g, ' ') })}
          required={wish.ttl === permanent}
          maxLength={1000}
          autosize
          minRows={1}
          maxRows={4}
          error={fault('reason')}
        />
        {run.plan && <BlockPlan plan={run.plan} />}
        {run.problem && !isShown(run.problem) && <Refusal problem={run.problem} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          {run.plan && (
            <Button variant="default" onClick={() => void run.ask()} loading={run.busy === 'plan'}>
              Dry run again
            </Button>
          )}
          {!run.plan && (
            <Button type="submit" loading={run.busy === 'plan'} disabled={!wish.target.trim()}>
              Dry run
            </Button>
          )}
          {run.plan && !refused && (
            <Button type="submit" color="red.9" loading={run.busy === 'block'}>
              {run.plan.decision === 'approval' ? 'Ask for approval' : `Block ${run.plan.target}`}
            </Button>
          )}
        </Group>
        {!run.plan && (
          <Text size="xs" c="dimmed" ta="right">
            The dry run shows every call that would be made, and changes nothing.
          </Text>
        )}
      </Stack>
    </form>
  )
}

/** inputs are the fields that say themselves what is wrong with them. */
const inputs = ['target', 'ttl', 'integrations', 'reason']

/** isShown says whether all that a problem tells stands at a field already. */
const isShown = ({ fields }: Problem): boolean =>
  fields.length > 0 && fields.every(({ field }) => inputs.includes(field.replace(/^body\./, '')))

function Refusal({ problem }: { problem: Problem }) {
  const findings = problem.body.findings as Schemas['Finding'][] | undefined
  return (
    <Alert role="alert" color="red" variant="light" title="Nothing was blocked">
      {Array.isArray(findings) && findings.length > 0 ? (
        <Findings findings={findings} />
      ) : (
        <Text size="sm">{problem.message}</Text>
      )}
    </Alert>
  )
}

function NothingObserved({ close }: { close: () => void }) {
  return (
    <Stack>
      <Alert
        variant="light"
        color="gray"
        icon={<IconInfoCircle aria-hidden />}
        title="No sensor observed an address here"
      >
        <Text size="sm">
          An address that merely stands in a text is never blocked from here: whoever wrote the text would
          choose it. If you know better, block it by hand on the page Blocks.
        </Text>
      </Alert>
      <Group justify="flex-end">
        <Button variant="default" onClick={close}>
          Close
        </Button>
      </Group>
    </Stack>
  )
}
