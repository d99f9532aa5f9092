import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Hub is a running hub with the demo's workspace: its own process, data directory and port. */
export interface Hub {
  /** url is where it listens. */
  url: string
  /** setupLink makes the first owner, once. */
  setupLink: string
  /** key is an administrator's API key. */
  key: string
  stop(): Promise<void>
}

/** owner is who the tests sign in as. */
export const owner = { email: 'ana@example.com', name: 'Ana', password: 'correct horse battery staple' }

/** startWithin is how long a hub may take to have its demo shown, in milliseconds. */
const startWithin = 90_000

const binary = join(import.meta.dirname, '..', '..', 'bin', 'tocsin')

/** startHub starts the hub of this build, as "make run" does, on a free port. Unless it is live it gets no more events than it is sent. */
export async function startHub({ live = false } = {}): Promise<Hub> {
  const data = await mkdtemp(join(tmpdir(), 'tocsin-console-'))
  const args = ['demo', '--data-dir', data, '--listen', '127.0.0.1:0', ...(live ? [] : ['--still'])]
  const child = spawn(binary, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const stop = async () => {
    await ended(child)
    await rm(data, { recursive: true, force: true })
  }
  try {
    const said = await until(child, /serving; Ctrl-C/)
    const find = (pattern: RegExp) => {
      const [, found] = pattern.exec(said) ?? []
      if (!found) throw new Error(`the demo did not say ${pattern}:\n${said}`)
      return found
    }
    const setupLink = find(/(http:\/\/127\.0\.0\.1:\d+\/setup#token=\S+)/)
    return { url: new URL(setupLink).origin, setupLink, key: find(/TOCSIN_KEY=(\S+)/), stop }
  } catch (thrown) {
    await stop()
    throw thrown
  }
}

/** until waits until the process has said something, and gives all it said. */
function until(child: ChildProcess, pattern: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = ''
    const timer = setTimeout(
      () => reject(new Error(`the hub did not start within ${startWithin} ms:\n${said}`)),
      startWithin,
    )
    const hear = (chunk: Buffer) => {
      said += chunk.toString()
      if (!pattern.test(said)) return
      clearTimeout(timer)
      resolve(said)
    }
    child.stdout?.on('data', hear)
    child.stderr?.on('data', hear)
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`the hub ended with ${code}:\n${said}`)))
  })
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve()
    child.once('exit', () => resolve())
    child.kill('SIGTERM')
    setTimeout(() => child.kill('SIGKILL'), 15_000).unref()
  })
}

/** call asks the hub's API with the administrator's key. */
export async function call<T = unknown>(hub: Hub, method: string, path: string, body?: unknown): Promise<T> {
  const answer = await fetch(hub.url + path, {
    method,
    headers: { 'X-API-Key': hub.key, ...(body === undefined ? {} : { 'Content-Type': 'application/json' }) },
    body: body === undefined ? undefined : JSON.stringify(body),
  })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${method} ${path} answered ${answer.status}: ${text}`)
  return (text ? JSON.parse(text) : undefined) as T
}
