import { expect } from '@playwright/test'
import { bench, load, row, say, throttled } from './bench'
import { manyAlerts } from './manyAlerts'
import { heap, scrolled, toEnd } from './scroll'

/** total is how many alerts the list has, lines how many of them are scrolled past. */
const total = 1_000_000
const lines = Number(process.env.LINES ?? 30_000)

/** speeds are in pixels a second: reading, a wheel, a hard wheel, a dragged scrollbar. */
const speeds = [500, 2_000, 10_000, 40_000]

bench('the queue of alerts scrolls', async ({ fresh }) => {
  const page = await (await fresh()).newPage()
  const asked = await manyAlerts(page, total)
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
    const [from, read, begin] = [known, asked.pages, performance.now()]
    known = await toEnd(page, goal)
    const each = (performance.now() - begin) / (asked.pages - read)
    row(`${from} to ${known}: ${each.toFixed(1)} ms a page`, [load(), (await heap(session)).toFixed(0)])
  }
  await measure(1)
})
