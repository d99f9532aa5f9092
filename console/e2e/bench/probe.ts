import type { Page } from '@playwright/test'

/** Loaded is how a page came up; times are in milliseconds since the navigation began. */
export interface Loaded {
  /** paint is the first contentful paint. */
  paint: number
  /** there is when the heading and the first data stood. */
  there: number
  /** answered is when a key did what it is for. */
  answered: number
  /** blocked is by how much tasks of the main thread were longer than 50 ms, together, until the key was answered. */
  blocked: number
  /** shift is the cumulative layout shift, without what follows a key or a click. */
  shift: number
  /** shifted says what moved, by how much. */
  shifted: string[]
}

/** Way is how a page shows that it is there. */
export interface Way {
  /** data is a selector of the first data. */
  data: string
  key: string
  /** answer is a selector of what the key brings. */
  answer: string
}

/** probe installs what watches a page from its very first moment; it is read by loaded. */
export async function probe(page: Page, way: Way): Promise<void> {
  await page.addInitScript(({ data, key, answer }) => {
    const seen = { there: 0, answered: 0, tasks: [] as [number, number][], shifts: [] as [number, string][] }
    Object.assign(window, { seen })
    new PerformanceObserver((list) => {
      for (const task of list.getEntries()) seen.tasks.push([task.startTime, task.duration])
    }).observe({ type: 'longtask', buffered: true })
    new PerformanceObserver((list) => {
      for (const each of list.getEntries()) {
        const shift = each as PerformanceEntry & {
          value: number
          hadRecentInput: boolean
          sources: { node?: Node; previousRect: DOMRect; currentRect: DOMRect }[]
        }
        if (shift.hadRecentInput) continue
        const what = shift.sources.map(({ node, previousRect: was, currentRect: is }) => {
          const element = node instanceof Element ? node : node?.parentElement
          const name = `${element?.tagName} ${element?.className} "${element?.textContent?.slice(0, 20)}"`
          return `${name} ${was.x},${was.y} ${was.width}×${was.height} → ${is.x},${is.y} ${is.width}×${is.height}`
        })
        seen.shifts.push([shift.value, `${Math.round(shift.startTime)} ms: ${what.join('; ')}`])
      }
    }).observe({ type: 'layout-shift', buffered: true })
    const look = () => {
      const now = performance.now()
      const head = document.querySelector('h1') !== null
      if (seen.there === 0 && head && document.querySelector(data)) seen.there = now
      if (seen.answered === 0 && document.querySelector(answer)) seen.answered = now
      if (seen.there > 0 && seen.answered > 0) return
      // From the first heading on, as somebody would who cannot wait.
      if (head && seen.answered === 0)
        window.dispatchEvent(new KeyboardEvent('keydown', { key, code: 'Any', shiftKey: key === '?' }))
      requestAnimationFrame(look)
    }
    requestAnimationFrame(look)
  }, way)
}

interface Seen {
  there: number
  answered: number
  tasks: [start: number, duration: number][]
  shifts: [value: number, what: string][]
}

/** settled is how long a page is watched for what moves, in milliseconds. */
const settled = 2_500

/** loaded opens a page that probe watches, and tells how it came up. */
export async function loaded(page: Page, path: string): Promise<Loaded> {
  await page.goto(path)
  await page.waitForFunction(
    () => {
      const { seen } = window as unknown as { seen: Seen }
      return seen.there > 0 && seen.answered > 0
    },
    null,
    { timeout: 30_000 },
  )
  await page.waitForTimeout(settled)
  return page.evaluate(() => {
    const { seen } = window as unknown as { seen: Seen }
    const sum = (all: number[]) => all.reduce((a, b) => a + b, 0)
    return {
      paint: performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? Number.NaN,
      there: seen.there,
      answered: seen.answered,
      blocked: sum(seen.tasks.filter(([at]) => at < seen.answered).map(([, ms]) => Math.max(0, ms - 50))),
      shift: sum(seen.shifts.map(([value]) => value)),
      shifted: seen.shifts.map(([value, what]) => `${value.toFixed(4)} at ${what}`),
    }
  })
}
