import { Button, Menu, Tooltip } from '@mantine/core'
import { IconFolders, IconPencil, IconPlus, IconTrash } from '@tabler/icons-react'
import { useQueryClient } from '@tanstack/react-query'
import { useMemo } from 'react'
import { confirm } from '@/act/confirm'
import { done } from '@/act/notify'
import { api, type Schemas } from '@/api/client'
import { Page } from '@/page/Page'
import { useCan } from '@/session/me'
import { Empty } from '@/state/Empty'
import { Failure } from '@/state/Failure'
import type { Column } from '@/table/columns'
import { pageSize, usePages } from '@/table/pages'
import { VirtualTable } from '@/table/VirtualTable'
import { Ago } from '@/text/Ago'
import { EventText } from '@/text/EventText'
import { ifMatch } from '../form/ifMatch'
import { CardRow } from '../frame/CardRow'
import { Mono } from '../frame/Mono'
import { RowMenu } from '../frame/RowMenu'
import { Side } from '../frame/Side'
import { useAddress } from '../frame/useAddress'
import { useOpened } from '../frame/useOpened'
import { Environment, ProjectForm } from './ProjectForm'

type Project = Schemas['Project']

/** ProjectsPage lists the account's projects. */
export function ProjectsPage() {
  const { open, change } = useAddress()
  const may = useCan('admin')
  const queries = useQueryClient()
  const list = usePages<Project, Schemas['ListProject']>(
    ['get', '/api/v1/projects'],
    async (cursor, signal) => {
      const { data } = await api.GET('/api/v1/projects', {
        params: { query: { limit: pageSize, cursor: cursor || undefined } },
        signal,
      })
      return data ?? { items: [] }
    },
  )
  const changed = () => queries.invalidateQueries({ queryKey: ['get', '/api/v1/projects'] })
  const close = () => change({ open: undefined })
  const { chosen, error: nowhere } = useOpened(
    '/api/v1/projects',
    open,
    list,
    (project) => project.id === open,
    async (id, signal) => (await api.GET('/api/v1/projects/{id}', { params: { path: { id } }, signal })).data,
  )

  const columns = useMemo<Column<Project>[]>(
    () => [
      {
        id: 'name',
        header: 'Name',
        width: 'minmax(180px, 1fr)',
        cell: (p) => <Mono fw={600}>{p.name}</Mono>,
      },
      {
        id: 'title',
        header: 'Title',
        width: 'minmax(180px, 1.3fr)',
        cell: (p) => <EventText inherit>{p.title || '–'}</EventText>,
      },
      {
        id: 'environment',
        header: 'Environment',
        width: '140px',
        cell: (p) => <Environment value={p.environment} />,
      },
      { id: 'created', header: 'Created', width: '120px', cell: (p) => <Ago time={p.created_at} /> },
      { id: 'menu', header: '', width: '56px', align: 'right', cell: (p) => <ProjectMenu project={p} /> },
    ],
    [],
  )
  const add = (
    <Tooltip label="Your role does not allow it" disabled={may}>
      <Button
        leftSection={<IconPlus size={16} aria-hidden />}
        disabled={!may}
        onClick={() => change({ open: 'new' })}
      >
        Create project
      </Button>
    </Tooltip>
  )
  return (
    <Page
      title="Projects"
      about="A project is a name that events carry, such as production-api. Integrations, rules and silences can ask for it. Listing it here gives it a title and an environment; events may carry others, too."
      actions={add}
    >
      <VirtualTable
        label="Projects"
        natural
        {...list}
        columns={columns}
        rowID={(p) => p.id}
        rowName={(p) => p.name}
        open={may ? (p) => change({ open: p.id }) : undefined}
        current={open}
        empty={
          <Empty
            icon={IconFolders}
            title="No project is listed"
            text="Create one for each part of what you watch, and send its name with the events: “project”: “production-api”."
          />
        }
        card={(p) => (
          <CardRow
            title={<Mono>{p.name}</Mono>}
            aside={
              <>
                {p.environment && <Environment value={p.environment} />}
                <ProjectMenu project={p} />
              </>
            }
          >
            {p.title && <EventText inherit>{p.title}</EventText>}
          </CardRow>
        )}
      />
      <Side
        opened={open === 'new' || chosen !== undefined || nowhere !== undefined}
        close={close}
        title={nowhere ? 'Not found' : chosen ? chosen.name : 'Create project'}
      >
        {nowhere ? (
          <Failure error={nowhere} />
        ) : (
          <ProjectForm key={chosen ? chosen.id : 'new'} project={chosen} close={close} changed={changed} />
        )}
      </Side>
    </Page>
  )
}

function ProjectMenu({ project }: { project: Project }) {
  const { change } = useAddress()
  const may = useCan('admin')
  const queries = useQueryClient()
  if (!may) return null
  const changed = () => queries.invalidateQueries({ queryKey: ['get', '/api/v1/projects'] })
  const remove = () =>
    confirm({
      title: `Delete the project ${project.name}?`,
      text: 'Its title and environment are gone. Events keep the name, and filters on it go on working.',
      verb: 'Delete',
      danger: true,
      act: async () => {
        await api.DELETE('/api/v1/projects/{id}', {
          params: { path: { id: project.id }, ...ifMatch(project.version) },
        })
        await changed()
        done(`The project ${project.name} is deleted.`, async () => {
          const { name, title, environment } = project
          await api.POST('/api/v1/projects', { body: { name, title, environment } })
          await changed()
        })
      },
    })
  return (
    <RowMenu name={project.name}>
      <Menu.Item
        leftSection={<IconPencil size={16} aria-hidden />}
        onClick={() => change({ open: project.id })}
      >
        Edit
      </Menu.Item>
      <Menu.Item color="red" leftSection={<IconTrash size={16} aria-hidden />} onClick={remove}>
        Delete
      </Menu.Item>
    </RowMenu>
  )
}
