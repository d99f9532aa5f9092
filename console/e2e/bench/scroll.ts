import type { CDPSession, Page } from '@playwright/test'

/** Scrolled is what a stretch of scrolling cost; task and what follows are milliseconds of the main thread a frame. */
export interface Scrolled {
  frames: number
  perSecond: number
  /** late is the time between two frames that 1 in 20 exceeded, in milliseconds. */
  late: number
  task: number
  script: number
  style: number
  layout: number
}

const counted = ['TaskDuration', 'ScriptDuration', 'RecalcStyleDuration', 'LayoutDuration'] as const

/** counters are what the main thread has done since Performance was enabled, in milliseconds of the processor's time. */
export async function counters(session: CDPSession): Promise<Record<(typeof counted)[number], number>> {
  const { metrics } = await session.send('Performance.getMetrics')
  return Object.fromEntries(metrics.map(({ name, value }) => [name, value * 1_000])) as Record<
    (typeof counted)[number],
    number
  >
}

/** scrolled scrolls the table down, then up, at so many pixels a second, for so long each. */
export async function scrolled(
  page: Page,
  session: CDPSession,
  speed: number,
  ms: number,
): Promise<Scrolled> {
  // Of the processor's time, not of the clock's: what else the machine does is not counted.
  await session.send('Performance.enable', { timeDomain: 'threadTicks' })
  const before = await counters(session)
  const deltas = await page.evaluate(
    ({ speed, ms }) =>
      new Promise<number[]>((resolve) => {
        const box = document.querySelector('[role="grid"]')?.parentElement
        if (!box) throw new Error('there is no table')
        const deltas: number[] = []
        const start = performance.now()
        let last = start
        const step = (now: number) => {
          const delta = Math.max(0, now - last)
          last = now
          deltas.push(delta)
          const down = now - start < ms
          // Each frame goes as far as one that is in time, so that frames can be compared.
          box.scrollTop += ((down ? 1 : -1) * speed) / 60
          if (now - start < 2 * ms) requestAnimationFrame(step)
          else resolve(deltas.slice(1))
        }
        requestAnimationFrame(step)
      }),
    { speed, ms },
  )
  const after = await counters(session)
  const frames = deltas.length
  const sum = deltas.reduce((a, b) => a + b, 0)
  const each = (name: (typeof counted)[number]) => (after[name] - before[name]) / frames
  return {
    frames,
    perSecond: (frames * 1_000) / sum,
    late: [...deltas].sort((a, b) => a - b)[Math.floor(frames * 0.95)] ?? Number.NaN,
    task: each('TaskDuration'),
    script: each('ScriptDuration'),
    style: each('RecalcStyleDuration'),
    layout: each('LayoutDuration'),
  }
}

/** heap is how much memory the page's scripts hold, in MB, once what is not needed is gone. */
export async function heap(session: CDPSession): Promise<number> {
  await session.send('HeapProfiler.collectGarbage')
  const { usedSize } = await session.send('Runtime.getHeapUsage')
  return usedSize / 1e6
}

/** toEnd scrolls down to the end as often as it takes until so many lines are known, and gives their number. */
export async function toEnd(page: Page, lines: number): Promise<number> {
  return page.evaluate(
    (lines) =>
      new Promise<number>((resolve) => {
        const grid = document.querySelector('[role="grid"]')
        const box = grid?.parentElement
        if (!grid || !box) throw new Error('there is no table')
        const step = () => {
          box.scrollTop = box.scrollHeight
          const all = [...grid.querySelectorAll('[aria-rowindex]')]
          const last = Math.max(...all.map((each) => Number(each.getAttribute('aria-rowindex'))))
          if (last - 1 >= lines) resolve(last - 1)
          else requestAnimationFrame(step)
        }
        step()
      }),
    lines,
  )
}
