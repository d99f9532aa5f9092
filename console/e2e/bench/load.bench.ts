import { bench, load, median, row, say, throttled } from './bench'
import { type Loaded, loaded, probe, type Way } from './probe'

/** rounds is how often each page is opened; the median counts. */
const rounds = Number(process.env.ROUNDS ?? 5)

const help: Pick<Way, 'key' | 'answer'> = { key: '?', answer: '[role="dialog"]' }
const line = '[role="row"][data-index]'

const pages: Record<string, Way> = {
  '/': { data: 'main section:not(:has([aria-busy="true"]))', ...help },
  '/alerts': { data: line, key: 'j', answer: `${line}:focus` },
  '/deliveries': { data: line, key: 'j', answer: `${line}:focus` },
  '/mailbox': { data: 'main:not(:has([aria-busy="true"])) :is(h2, section)', ...help },
  '/incidents': { data: line, key: 'j', answer: `${line}:focus` },
}

for (const factor of [1, 4]) {
  bench(`pages come up, processor at 1/${factor}`, async ({ fresh }) => {
    say(`  ms, median of ${rounds}; load ${load()}`)
    row('', ['paint', 'data', 'key', 'blocked', 'shift'])
    for (const [path, way] of Object.entries(pages)) {
      const all: Record<'cold' | 'warm', Loaded[]> = { cold: [], warm: [] }
      for (let i = 0; i < rounds; i++) {
        const context = await fresh()
        for (const kind of ['cold', 'warm'] as const) {
          const page = await context.newPage()
          await throttled(page, factor)
          await probe(page, way)
          all[kind].push(await loaded(page, path))
          await page.close()
        }
        await context.close()
      }
      for (const [kind, runs] of Object.entries(all)) {
        const of = (name: 'paint' | 'there' | 'answered' | 'blocked') =>
          Math.round(median(runs.map((run) => run[name])))
        const shift = Math.max(...runs.map((run) => run.shift)).toFixed(4)
        row(`${path} ${kind}`, [of('paint'), of('there'), of('answered'), of('blocked'), shift])
      }
      // What moved in the worst run, for whoever wants to mend it.
      const worst = [...all.cold, ...all.warm].sort((a, b) => b.shift - a.shift)[0]
      if (process.env.SHIFTS) for (const each of worst?.shifted ?? []) say(`      ${each}`)
    }
  })
}
