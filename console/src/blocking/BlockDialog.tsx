import { useState } from 'react'
import { Dialog } from '@/act/Dialog'
import { useUnsaved } from '@/act/unsaved'
import { $api, type Schemas } from '@/api/client'
import { Failure } from '@/state/Failure'
import { Loading } from '@/state/Loading'
import { visible } from '@/text/visible'
import { BlockForm, type Wish } from './BlockForm'
import { BlockProgress } from './BlockProgress'
import { type Candidate, candidates, freeFirst } from './candidates'
import { useDryRun } from './useDryRun'
import { useOpenBlocks } from './useOpenBlocks'

/** BlockDialogProps say what is to be blocked. Without any of them an address is typed. */
export interface BlockDialogProps {
  /** target is an address or a range that is chosen from the beginning. */
  target?: string
  /** targets are the addresses to choose from. */
  targets?: readonly string[]
  /** alert is the id of the alert because of which; its observed addresses are the ones to choose from. */
  alert?: string
  /** event is the id of the event because of which; its observed addresses are the ones to choose from. */
  event?: string
  /** onDone is called when the dialog has been closed, with the block if one was made. */
  onDone?: (block?: Schemas['Block']) => void
}

/**
 * BlockDialog asks for a block: first what would change where (a dry run), then the block itself, which is watched until its
 * responders have proven it. It is open while it is in the page.
 */
export function BlockDialog(props: BlockDialogProps) {
  const [made, setMade] = useState<Schemas['BlockAsked']>()
  return (
    <Dialog
      title={made ? `Block of ${made.target}` : 'Block an address'}
      size="lg"
      gone={() => props.onDone?.(made)}
    >
      {(close) =>
        made ? (
          <BlockProgress asked={made} close={close} />
        ) : (
          <Asking {...props} close={close} done={setMade} />
        )
      }
    </Dialog>
  )
}

interface AskingProps extends BlockDialogProps {
  close: () => void
  done: (asked: Schemas['BlockAsked']) => void
}

function Asking(props: AskingProps) {
  const alert = $api.useQuery(
    'get',
    '/api/v1/alerts/{id}',
    { params: { path: { id: props.alert ?? '' } } },
    { enabled: Boolean(props.alert) && !props.targets },
  )
  const event = $api.useQuery(
    'get',
    '/api/v1/events/{id}',
    { params: { path: { id: props.event ?? '' } } },
    { enabled: Boolean(props.event) && !props.alert && !props.targets },
  )
  const source = props.alert ? alert : event
  const observed = candidates(source.data?.entities)
  const blocks = useOpenBlocks(observed.map(({ value }) => value))
  if (!props.targets && (props.alert || props.event)) {
    if (source.error) return <Failure error={source.error} retry={() => void source.refetch()} />
    if (!source.data || blocks.loading) return <Loading lines={5} />
  }
  const choices: Candidate[] | undefined =
    props.targets?.map((value) => ({ value, role: '' })) ??
    (source.data ? freeFirst(observed, (value) => blocks.of(value) !== undefined) : undefined)
  return <Planning {...props} choices={choices} title={source.data?.title ?? ''} />
}

function Planning({ choices, title, ...props }: AskingProps & { choices?: Candidate[]; title: string }) {
  const [first] = useState<Wish>({
    target: props.target ?? choices?.[0]?.value ?? '',
    ttl: '24h',
    reason: title ? `Seen in the alert “${visible(title.slice(0, 200))}”` : '',
    integrations: [],
  })
  const [wish, setWish] = useState(first)
  useUnsaved(JSON.stringify(wish) !== JSON.stringify(first))
  const run = useDryRun({ alert: props.alert, event: props.event }, wish)
  return (
    <BlockForm
      choices={choices}
      wish={wish}
      change={(part) => {
        setWish((old) => ({ ...old, ...part }))
        run.forget()
      }}
      run={run}
      close={props.close}
      done={props.done}
    />
  )
}
