import { expect } from '@playwright/test'
import { manyAlerts } from '../manyAlerts'
import { bench, load, row, say, throttled } from './bench'
import { counters, heap, scrolled, toEnd } from './scroll'

/** total is how many alerts the list has, lines how many of them are scrolled past. */
const total = 1_000_000
const lines = Number(process.env.LINES ?? 90_000)
/** perPage makes pages longer than the console asks for, to be further down sooner. */
const perPage = process.env.PER_PAGE ? Number(process.env.PER_PAGE) : undefined

/** speeds are in pixels a second: reading, a wheel, a hard wheel, a dragged scrollbar. */
const speeds = [500, 2_000, 10_000, 40_000]

bench('the queue of alerts scrolls', async ({ fresh }) => {
  bench.setTimeout(300_000 + lines * 3)
  const page = await (await fresh()).newPage()
  const asked = await manyAlerts(page, total, perPage)
  await page.goto('/alerts')
  await expect(page.locator('[role="row"][data-index]').first()).toBeVisible()
  const session = await throttled(page, 1)
  say(`  a list of ${total} alerts by pages; ms of the main thread a frame`)
  row('', ['load', 'frames/s', 'late', 'task', 'script', 'style', 'layout', 'lines', 'heap MB'])
  let known = await toEnd(page, 1_000)
  const measure = async (factor: number) => {
    await session.send('Emulation.setCPUThrottlingRate', { rate: factor })
    for (const speed of speeds) {
      const got = await scrolled(page, session, speed, 3_000)
      const ms = [got.task, got.script, got.style, got.layout].map((each) => each.toFixed(1))
      row(`${speed} px/s, processor at 1/${factor}`, [
        load(),
        got.perSecond.toFixed(0),
        got.late.toFixed(0),
        ...ms,
        known,
        (await heap(session)).toFixed(0),
      ])
    }
    await session.send('Emulation.setCPUThrottlingRate', { rate: 1 })
  }
  await measure(1)
  await measure(4)
  say('  further down')
  for (let goal = 10_000; goal <= lines; goal *= goal * 3 > lines && goal < lines ? lines / goal : 3) {
    const [from, read, before] = [known, asked.pages, await counters(session)]
    known = await toEnd(page, goal)
    const after = await counters(session)
    const each = (after.TaskDuration - before.TaskDuration) / (asked.pages - read)
    const held = (await heap(session)).toFixed(0)
    row(`${from} to ${known}`, [load(), '', '', `${each.toFixed(0)} a page`, '', '', '', known, held])
  }
  await measure(1)
})
