import { ActionIcon, Menu } from '@mantine/core'
import {
  IconArrowBackUp,
  IconDots,
  IconFileText,
  IconFileTypeCsv,
  IconJson,
  IconUpload,
} from '@tabler/icons-react'
import { useState } from 'react'
import { useCan } from '@/session/me'
import { ImportDialog } from '../import/ImportDialog'
import { exportBlocks } from './export'
import type { BlocksSearch } from './search'
import { UndoDialog } from './UndoDialog'

/** ListMenu has what is done with the whole list: export, import, undo. */
export function ListMenu({ search }: { search: BlocksSearch }) {
  const mayBlock = useCan('blocks:write')
  const [dialog, setDialog] = useState<'import' | 'undo'>()
  const close = () => setDialog(undefined)
  return (
    <>
      <Menu position="bottom-end" width={270} shadow="md">
        <Menu.Target>
          <ActionIcon variant="default" size={36} aria-label="Export, import, undo">
            <IconDots size={18} aria-hidden />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>Export what the filters show</Menu.Label>
          <Menu.Item
            leftSection={<IconFileTypeCsv size={16} aria-hidden />}
            onClick={() => void exportBlocks(search, 'csv')}
          >
            As CSV
          </Menu.Item>
          <Menu.Item
            leftSection={<IconJson size={16} aria-hidden />}
            onClick={() => void exportBlocks(search, 'json')}
          >
            As JSON
          </Menu.Item>
          <Menu.Item
            leftSection={<IconFileText size={16} aria-hidden />}
            onClick={() => void exportBlocks(search, 'txt')}
          >
            As a plain list for firewalls
          </Menu.Item>
          {mayBlock && (
            <>
              <Menu.Divider />
              <Menu.Item
                leftSection={<IconUpload size={16} aria-hidden />}
                onClick={() => setDialog('import')}
              >
                Import a list…
              </Menu.Item>
              <Menu.Item
                leftSection={<IconArrowBackUp size={16} aria-hidden />}
                onClick={() => setDialog('undo')}
              >
                Undo the newest blocks…
              </Menu.Item>
            </>
          )}
        </Menu.Dropdown>
      </Menu>
      {mayBlock && (
        <>
          <ImportDialog opened={dialog === 'import'} close={close} />
          <UndoDialog opened={dialog === 'undo'} close={close} />
        </>
      )}
    </>
  )
}
