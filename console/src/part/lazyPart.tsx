import {
  type ComponentProps,
  type ComponentType,
  type ReactNode,
  use,
  useEffect,
  useReducer,
  useRef,
} from 'react'
import { Problem } from '@/api/problem'
import { useLiveState } from '@/live/LiveProvider'
import { Failure } from '@/state/Failure'
import { otherBuild, reloadOnce } from './build'

// biome-ignore lint/suspicious/noExplicitAny: any props will do; Lazy keeps those of the component
type Component = ComponentType<any>

/** Lazy is a part as the router and React take it: preload loads it ahead, and never fails. */
type Lazy<C extends Component> = ((props: ComponentProps<C>) => ReactNode) & { preload: () => Promise<void> }

/** secondTry is how long after a failure a part is asked for once more, in milliseconds: a restart is often no longer. */
const secondTry = 1_000

/**
 * lazyPart is a component that is loaded when it is first wanted: a page, a drawer, a tab. One that cannot be loaded says so
 * in its place, and everything around it stays: it can be tried again, and is by itself when the hub is back. When the hub
 * has been upgraded meanwhile, and has this part no more, the page is loaded anew.
 */
export function lazyPart<M, K extends keyof M>(
  load: () => Promise<M>,
  name: K,
): Lazy<M[K] extends Component ? M[K] : never> {
  const source = new Source(async () => (await load())[name] as Component)
  const lazy = (props: object) => <Shown source={source} props={props} />
  return Object.assign(lazy, { preload: () => source.load() })
}

/** Source is where a part comes from, and how far that is. */
class Source {
  part?: Component
  private failed = false
  private loading?: Promise<void>

  constructor(private readonly read: () => Promise<Component>) {}

  /** load loads the part; what failed before is tried again. It never fails: the part is there then, or is missing. */
  load(): Promise<void> {
    if (!this.loading || this.failed) {
      this.failed = false
      this.loading = this.readTwice().then(
        (part) => {
          this.part = part
        },
        () => {
          this.failed = true
        },
      )
    }
    return this.loading
  }

  /** wait gives what a component has to wait for; nothing when there is a part, or there will be none. */
  wait(): Promise<void> | undefined {
    return this.part || this.failed ? undefined : this.load()
  }

  private readTwice(): Promise<Component> {
    return this.read().catch(() => pause(secondTry).then(this.read))
  }
}

function Shown({ source, props }: { source: Source; props: object }) {
  const [, show] = useReducer((count: number) => count + 1, 0)
  const waiting = source.wait()
  if (waiting) use(waiting)
  const Part = source.part
  return Part ? <Part {...props} /> : <Missing source={source} show={show} />
}

/** Missing stands where a part of the console could not be loaded. */
function Missing({ source, show }: { source: Source; show: () => void }) {
  const live = useLiveState()
  const before = useRef(live)
  useEffect(() => {
    void otherBuild().then((build) => build && reloadOnce(build))
  }, [])
  const retry = async (asked: boolean) => {
    await source.load()
    if (source.part) return show()
    const build = await otherBuild()
    if (build) reloadOnce(build)
    // Some browsers remember a part that failed until the page is loaded anew.
    else if (asked && navigator.onLine && (await answers())) window.location.reload()
  }
  const latest = useRef(retry)
  latest.current = retry
  useEffect(() => {
    if (live === 'live' && before.current !== 'live') void latest.current(false)
    before.current = live
  }, [live])
  return <Failure error={new Problem(0, { detail: missing })} title={title} retry={() => void retry(true)} />
}

const title = 'This part of the console could not be loaded'
const missing =
  'The hub could not be reached, or it was upgraded meanwhile. Nothing that you did before is lost.'

/** answers says whether the hub gives its page. */
const answers = (): Promise<boolean> =>
  fetch('/', { method: 'HEAD', headers: { Accept: 'text/html' } }).then(
    (answer) => answer.ok,
    () => false,
  )

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))
