import { Select, Stack, Text, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { done } from '@/act/notify'
import { api, type Schemas } from '@/api/client'
import { State, type Tone } from '@/text/State'
import { FormFoot } from '../form/FormFoot'
import { ifMatch } from '../form/ifMatch'
import { useSubmit } from '../form/useSubmit'

const tones: Record<string, Tone> = { production: 'good', test: 'warn', development: 'busy' }

/** Environment shows what a project is for. */
export function Environment({ value }: { value: string }) {
  return value ? <State value={value} tone={tones[value]} /> : <Text span>–</Text>
}

/** ProjectForm creates a project, or changes one. */
export function ProjectForm({
  project,
  close,
  changed,
}: {
  project: Schemas['Project'] | undefined
  close: () => void
  changed: () => Promise<unknown>
}) {
  const values = () => ({
    name: project?.name ?? '',
    title: project?.title ?? '',
    environment: project?.environment ?? '',
  })
  const form = useForm({ initialValues: values() })
  const { submit, invalid, busy, problem } = useSubmit(
    form,
    async ({ name, title, environment }) => {
      if (project) {
        await api.PATCH('/api/v1/projects/{id}', {
          params: { path: { id: project.id }, ...ifMatch(project.version) },
          body: { title, environment },
        })
      } else {
        await api.POST('/api/v1/projects', { body: { name, title, environment } })
      }
      await changed()
      close()
      done(project ? 'The project is saved.' : `The project ${name} is created.`)
    },
    undefined,
    project && { version: project.version, values },
  )
  return (
    <form onSubmit={submit} onInvalidCapture={invalid}>
      <Stack>
        <TextInput
          label="Name"
          description={
            project ? 'It stays: events carry it.' : 'Exactly as events carry it; it cannot be changed later'
          }
          placeholder="production-api"
          required
          readOnly={project !== undefined}
          maxLength={256}
          data-autofocus={project ? undefined : true}
          {...form.getInputProps('name')}
        />
        <TextInput
          label="Title"
          description="What people call it"
          placeholder="Production API"
          maxLength={200}
          data-autofocus={project ? true : undefined}
          {...form.getInputProps('title')}
        />
        <Select
          label="Environment"
          placeholder="Not said"
          clearable
          data={['production', 'test', 'development']}
          {...form.getInputProps('environment')}
          value={form.values.environment || null}
          onChange={(value) => form.setFieldValue('environment', (value ?? '') as 'production' | '')}
        />
        <FormFoot
          verb={project ? 'Save' : 'Create project'}
          busy={busy}
          problem={problem}
          cancel={close}
          reload={() => void changed()}
        />
      </Stack>
    </form>
  )
}
