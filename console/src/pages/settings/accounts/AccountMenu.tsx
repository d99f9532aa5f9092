import { Button, Menu } from '@mantine/core'
import { IconDoorEnter, IconDoorOff, IconPencil } from '@tabler/icons-react'
import { useQueryClient } from '@tanstack/react-query'
import { confirm } from '@/act/confirm'
import { done } from '@/act/notify'
import { api, type Schemas } from '@/api/client'
import { actIn } from '@/session/account'
import { ifMatch } from '../form/ifMatch'
import { RowMenu } from '../frame/RowMenu'
import { useAddress } from '../frame/useAddress'

type Account = Schemas['Account']

/** ActIn makes this tab act in an account. Nobody acts in a closed one. */
export function ActIn({ account }: { account: Account }) {
  if (account.closed_at) return null
  return (
    <Button
      size="compact-sm"
      variant="default"
      onClick={() => actIn(account.name)}
      aria-label={`Act in ${account.title || account.name}`}
    >
      Act in it
    </Button>
  )
}

/** AccountMenu is what can be done with an account below. */
export function AccountMenu({ account }: { account: Account }) {
  const { change } = useAddress()
  const queries = useQueryClient()
  const name = account.title || account.name
  const turn = async (verb: 'close' | 'reopen', version: number) => {
    const { data } = await api.POST(`/api/v1/accounts/{name}/${verb}`, {
      params: { path: { name: account.name }, ...ifMatch(version) },
    })
    await queries.invalidateQueries({ queryKey: ['get', '/api/v1/accounts'] })
    await queries.invalidateQueries({ queryKey: ['me'] })
    return data?.version ?? version
  }
  const closeIt = () =>
    confirm({
      title: `Close the account ${name}?`,
      text: 'Its keys and people, and those of the accounts below it, are refused from now on. Nothing is deleted, and you can reopen it.',
      verb: 'Close it',
      danger: true,
      typed: account.name,
      act: async () => {
        const version = await turn('close', account.version)
        done(`${name} is closed.`, () => turn('reopen', version))
      },
    })
  const reopen = () =>
    confirm({
      title: `Reopen the account ${name}?`,
      text: 'Its keys and people are let in again.',
      verb: 'Reopen it',
      act: async () => {
        const version = await turn('reopen', account.version)
        done(`${name} is open again.`, () => turn('close', version))
      },
    })
  return (
    <RowMenu name={name}>
      <Menu.Item
        leftSection={<IconPencil size={16} aria-hidden />}
        onClick={() => change({ open: account.name })}
      >
        Edit
      </Menu.Item>
      {account.closed_at ? (
        <Menu.Item leftSection={<IconDoorEnter size={16} aria-hidden />} onClick={reopen}>
          Reopen
        </Menu.Item>
      ) : (
        <Menu.Item color="red" leftSection={<IconDoorOff size={16} aria-hidden />} onClick={closeIt}>
          Close
        </Menu.Item>
      )}
    </RowMenu>
  )
}
