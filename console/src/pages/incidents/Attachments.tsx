import { ActionIcon, Button, FileButton, Group, Text, Tooltip } from '@mantine/core'
import { IconDownload, IconTrash, IconUpload } from '@tabler/icons-react'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { confirm } from '@/act/confirm'
import { done, failed } from '@/act/notify'
import { $api, api, type Schemas } from '@/api/client'
import { Panel } from '@/page/Panel'
import { Loaded } from '@/state/Loaded'
import { Ago } from '@/text/Ago'
import { EventText } from '@/text/EventText'
import { bytes } from '@/text/number'
import { visible } from '@/text/visible'
import classes from './incidents.module.css'
import { save } from './save'

type Attachment = Schemas['Attachment']

const base = '/api/v1/incidents/{number}/attachments'
const one = '/api/v1/incidents/{number}/attachments/{id}'

/** Attachments are the files of an incident. The hub names the limits when one is passed. */
export function Attachments({ number, mayWrite }: { number: string; mayWrite: boolean }) {
  const queries = useQueryClient()
  const [busy, setBusy] = useState(false)
  const params = { params: { path: { number } } }
  const query = $api.useQuery('get', base, params)
  const again = () => queries.invalidateQueries({ queryKey: ['get', base, params] })
  const upload = async (file: File | null) => {
    if (!file) return
    setBusy(true)
    try {
      await api.POST(base, {
        params: { path: { number }, query: { name: file.name } },
        headers: { 'Content-Type': 'application/octet-stream' },
        body: file as unknown as string,
        bodySerializer: (body) => body as unknown as Blob,
      })
      await again()
      done(`${visible(file.name)} is attached.`)
    } catch (thrown) {
      failed(`Attaching ${visible(file.name)}`, thrown)
    } finally {
      setBusy(false)
    }
  }
  const download = async ({ id, name }: Attachment) => {
    try {
      const { data } = await api.GET(one, { params: { path: { number, id } }, parseAs: 'blob' })
      save(data as unknown as Blob, name)
    } catch (thrown) {
      failed(`Downloading ${visible(name)}`, thrown)
    }
  }
  const remove = ({ id, name }: Attachment) =>
    confirm({
      title: 'Delete this file?',
      text: (
        <>
          <b>
            <EventText>{name}</EventText>
          </b>{' '}
          is gone for good. The timeline keeps that it was there.
        </>
      ),
      verb: 'Delete',
      danger: true,
      act: async () => {
        await api.DELETE(one, { params: { path: { number, id } } })
        await again()
      },
    })
  return (
    <Panel
      flush
      title="Attachments"
      actions={
        mayWrite && (
          <FileButton onChange={(file) => void upload(file)}>
            {(props) => (
              <Button
                {...props}
                size="compact-xs"
                variant="default"
                loading={busy}
                leftSection={<IconUpload size={14} aria-hidden />}
              >
                Attach a file
              </Button>
            )}
          </FileButton>
        )
      }
    >
      <Loaded query={query} lines={2}>
        {({ items }) =>
          items.length === 0 ? (
            <Text size="sm" c="dimmed" px="md" pb="md">
              No file is attached.
            </Text>
          ) : (
            <div>
              {items.map((file) => (
                <div key={file.id} className={classes.line}>
                  <div className={classes.grow}>
                    <EventText>{file.name}</EventText>
                    <Text size="xs" c="dimmed">
                      {bytes(file.size)}, <Ago time={file.created_at} inherit />
                      {file.by && (
                        <>
                          , <EventText>{file.by}</EventText>
                        </>
                      )}
                    </Text>
                  </div>
                  <Group gap={2} wrap="nowrap">
                    <Tooltip label="Download">
                      <ActionIcon
                        variant="subtle"
                        color="gray"
                        aria-label={`Download ${visible(file.name)}`}
                        onClick={() => void download(file)}
                      >
                        <IconDownload size={16} aria-hidden />
                      </ActionIcon>
                    </Tooltip>
                    {mayWrite && (
                      <Tooltip label="Delete">
                        <ActionIcon
                          variant="subtle"
                          color="gray"
                          aria-label={`Delete ${visible(file.name)}`}
                          onClick={() => remove(file)}
                        >
                          <IconTrash size={16} aria-hidden />
                        </ActionIcon>
                      </Tooltip>
                    )}
                  </Group>
                </div>
              ))}
            </div>
          )
        }
      </Loaded>
    </Panel>
  )
}
