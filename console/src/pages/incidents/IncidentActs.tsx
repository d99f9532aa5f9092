import { Alert, Button, Checkbox, Group, Menu, Select, Stack, Textarea, TextInput } from '@mantine/core'
import {
  IconArrowBackUp,
  IconCheck,
  IconDots,
  IconPencil,
  IconPlayerPlay,
  IconUser,
} from '@tabler/icons-react'
import { type FormEvent, useState } from 'react'
import { FormModal } from '@/act/FormModal'
import { useUnsaved } from '@/act/unsaved'
import { asProblem, fieldMessages, type Problem } from '@/api/problem'
import { useOwnAddress, usePeople } from '@/people/usePeople'
import { count } from '@/text/number'
import { Severity, severities } from '@/text/Severity'
import type { Incident } from './columns'
import { useOpenAlerts } from './openAlerts'
import type { IncidentPatch } from './useIncident'

interface Props {
  incident: Incident
  change: (body: IncidentPatch, shown: Incident) => Promise<void>
  quietly: (body: IncidentPatch, shown: Incident, past: string, undo?: IncidentPatch) => Promise<void>
}

/** IncidentActs are what can be done with an incident: take it, close it, reopen it, rate it, write it anew. */
export function IncidentActs({ incident, change, quietly }: Props) {
  const own = useOwnAddress()
  const [dialog, setDialog] = useState<'close' | 'edit'>()
  const closed = incident.status === 'closed'
  // What comes next while nobody has it is that somebody takes it; not that it is closed.
  const fresh = incident.status === 'new' && !incident.owner
  const reopen = () => void quietly({ status: 'active' }, incident, `${incident.id} is open again.`)
  return (
    <>
      {incident.status === 'new' && (
        <Button
          variant={fresh ? 'filled' : 'default'}
          leftSection={
            incident.owner || !own ? (
              <IconPlayerPlay size={16} aria-hidden />
            ) : (
              <IconUser size={16} aria-hidden />
            )
          }
          onClick={() =>
            void quietly(
              { status: 'active', ...(incident.owner || !own ? {} : { owner: own }) },
              incident,
              `${incident.id} is active.`,
              { status: 'new', owner: incident.owner },
            )
          }
        >
          {incident.owner || !own ? 'Start' : 'Take it'}
        </Button>
      )}
      {!closed && own && incident.owner !== own && incident.status !== 'new' && (
        <Button
          variant="default"
          leftSection={<IconUser size={16} aria-hidden />}
          onClick={() =>
            void quietly({ owner: own }, incident, `${incident.id} is yours.`, { owner: incident.owner })
          }
        >
          Take it
        </Button>
      )}
      {closed ? (
        <Button leftSection={<IconArrowBackUp size={16} aria-hidden />} onClick={reopen}>
          Reopen
        </Button>
      ) : (
        <Button
          variant={fresh ? 'default' : 'filled'}
          leftSection={<IconCheck size={16} aria-hidden />}
          onClick={() => setDialog('close')}
        >
          Close…
        </Button>
      )}
      <Menu position="bottom-end" shadow="md">
        <Menu.Target>
          <Button variant="default" px={9} aria-label="More">
            <IconDots size={16} aria-hidden />
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<IconPencil size={16} aria-hidden />} onClick={() => setDialog('edit')}>
            Edit title, owner, tags…
          </Menu.Item>
          <Menu.Divider />
          <Menu.Label>Severity</Menu.Label>
          {severities.map((severity) => (
            <Menu.Item
              key={severity}
              disabled={severity === incident.severity}
              aria-label={`Set the severity to ${severity}`}
              onClick={() =>
                void quietly({ severity }, incident, `Severity set to ${severity}.`, {
                  severity: incident.severity,
                })
              }
            >
              <Severity value={severity} />
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      <FormModal
        opened={dialog === 'close'}
        onClose={() => setDialog(undefined)}
        title={`Close ${incident.id}`}
      >
        <CloseForm incident={incident} change={change} end={() => setDialog(undefined)} />
      </FormModal>
      <FormModal
        opened={dialog === 'edit'}
        onClose={() => setDialog(undefined)}
        title={`Edit ${incident.id}`}
      >
        <EditForm incident={incident} change={change} end={() => setDialog(undefined)} />
      </FormModal>
    </>
  )
}

interface FormProps {
  incident: Incident
  change: Props['change']
  end: () => void
}

/** useSending makes a change from a form, and keeps why it was not made. send says whether it was. */
function useSending({ incident, change, end }: FormProps) {
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<Problem>()
  const send = async (event: FormEvent, body: IncidentPatch): Promise<boolean> => {
    event.preventDefault()
    setBusy(true)
    setProblem(undefined)
    try {
      await change(body, incident)
      end()
      return true
    } catch (thrown) {
      setProblem(asProblem(thrown))
      setBusy(false)
      return false
    }
  }
  const fields = problem ? fieldMessages(problem) : {}
  return { busy, problem, send, fault: (name: string) => fields[name] ?? fields[`body.${name}`] }
}

const kinds = [
  { value: 'true_positive', label: 'True positive: it was real' },
  { value: 'benign_positive', label: 'Benign positive: real, but harmless' },
  { value: 'false_positive', label: 'False positive: a false alarm' },
  { value: 'undetermined', label: 'Undetermined: not known' },
]

function CloseForm(props: FormProps) {
  const { busy, problem, send, fault } = useSending(props)
  const [kind, setKind] = useState<string | null>(null)
  const [reason, setReason] = useState('')
  const [withAlerts, setWithAlerts] = useState(true)
  const alerts = useOpenAlerts(props.incident.id)
  const body = {
    status: 'closed' as const,
    ...(kind ? { classification: kind as IncidentPatch['classification'] } : {}),
    ...(reason.trim() ? { reason: reason.trim() } : {}),
  }
  useUnsaved((kind !== null || reason !== '') && !busy)
  const submit = async (event: FormEvent) => {
    if ((await send(event, body)) && withAlerts && alerts.open > 0) await alerts.resolve(reason.trim())
  }
  return (
    <form onSubmit={(event) => void submit(event)}>
      <Stack gap="sm">
        <Select
          label="Classification"
          data={kinds}
          value={kind}
          onChange={setKind}
          required
          error={fault('classification')}
          data-autofocus
        />
        <Textarea
          label="Reason"
          value={reason}
          onChange={(e) => setReason(e.currentTarget.value)}
          autosize
          minRows={2}
          error={fault('reason')}
        />
        {alerts.open > 0 && (
          <Checkbox
            label={`Resolve its ${count(alerts.open, 'open alert')}, too`}
            checked={withAlerts}
            onChange={(e) => setWithAlerts(e.currentTarget.checked)}
          />
        )}
        <Ending problem={problem} busy={busy} end={props.end} verb="Close incident" off={!kind} />
      </Stack>
    </form>
  )
}

function EditForm(props: FormProps) {
  const { incident } = props
  const { busy, problem, send, fault } = useSending(props)
  const people = usePeople()
  const [title, setTitle] = useState(incident.title)
  const [description, setDescription] = useState(incident.description)
  const [owner, setOwner] = useState(incident.owner)
  const [tags, setTags] = useState(incident.tags.join(', '))
  const [project, setProject] = useState(incident.project)
  const body = {
    title: title.trim(),
    description,
    owner: owner.trim(),
    project: project.trim(),
    tags: tags
      .split(',')
      .map((tag) => tag.trim())
      .filter(Boolean),
  }
  const [first] = useState(body)
  useUnsaved(JSON.stringify(body) !== JSON.stringify(first) && !busy)
  return (
    <form onSubmit={(event) => void send(event, body)}>
      <Stack gap="sm">
        <TextInput
          label="Title"
          value={title}
          onChange={(e) => setTitle(e.currentTarget.value)}
          required
          maxLength={500}
          error={fault('title')}
          data-autofocus
        />
        <Textarea
          label="Description"
          value={description}
          onChange={(e) => setDescription(e.currentTarget.value)}
          autosize
          minRows={2}
          maxRows={10}
          error={fault('description')}
        />
        <TextInput
          label="Owner"
          description="An e-mail address; leave empty to unassign"
          list="incident-people"
          value={owner}
          onChange={(e) => setOwner(e.currentTarget.value)}
          maxLength={254}
          error={fault('owner')}
        />
        <datalist id="incident-people">
          {people.map((each) => (
            <option key={each} value={each} />
          ))}
        </datalist>
        <TextInput
          label="Project"
          value={project}
          onChange={(e) => setProject(e.currentTarget.value)}
          maxLength={256}
          error={fault('project')}
        />
        <TextInput
          label="Tags"
          description="Separated by commas"
          value={tags}
          onChange={(e) => setTags(e.currentTarget.value)}
          error={fault('tags')}
        />
        <Ending problem={problem} busy={busy} end={props.end} verb="Save" off={!title.trim()} />
      </Stack>
    </form>
  )
}

function Ending(p: {
  problem: Problem | undefined
  busy: boolean
  end: () => void
  verb: string
  off: boolean
}) {
  return (
    <>
      {p.problem && (
        <Alert color="red" variant="light" role="alert">
          {p.problem.message}
        </Alert>
      )}
      <Group justify="flex-end">
        <Button variant="default" onClick={p.end}>
          Cancel
        </Button>
        <Button type="submit" loading={p.busy} disabled={p.off}>
          {p.verb}
        </Button>
      </Group>
    </>
  )
}
