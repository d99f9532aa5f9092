import createFetchClient, { type Middleware } from 'openapi-fetch'
import createQueryClient from 'openapi-react-query'
import { accountLost, currentAccount } from '@/session/account'
import { isSessionEnd, Problem } from './problem'
import { ask } from './reach'
import type { components, paths } from './schema'

/** Schemas are the API's objects by name, such as Schemas['Alert']. */
export type Schemas = components['schemas']

// The session's token against forged requests. It comes with "who am I" and with signing in, and lives in memory only.
let csrfToken = ''

/** keepCSRF remembers the token that every change must carry. */
export function keepCSRF(token: string): void {
  csrfToken = token
}

const accountHeader = 'X-Tocsin-Account'

/** requestHeaders are what every request of the console carries. */
export function requestHeaders(method: string): Record<string, string> {
  const headers: Record<string, string> = {}
  const account = currentAccount()
  if (account) headers[accountHeader] = account
  if (method !== 'GET' && method !== 'HEAD' && csrfToken) headers['X-CSRF-Token'] = csrfToken
  return headers
}

let signedOut: () => void = () => {}
let csrfRefused: () => void = () => {}

/** onSignedOut is called when the hub no longer knows the session. */
export function onSignedOut(then: () => void): void {
  signedOut = then
}

/** onCSRF is called when the hub refuses the token of a change: the session is another one than when it was read. */
export function onCSRF(then: () => void): void {
  csrfRefused = then
}

const middleware: Middleware = {
  onRequest({ request }) {
    for (const [name, value] of Object.entries(requestHeaders(request.method))) {
      if (!request.headers.has(name)) request.headers.set(name, value)
    }
    return request
  },
  async onResponse({ response, request }) {
    if (response.ok) return response
    const problem = await readProblem(response)
    if (!new URL(request.url).pathname.endsWith('/api/v1/session')) heed(problem, request)
    throw problem
  },
}

/** heed does what a refusal asks for, whatever was wanted. */
export function heed({ status, code }: Problem, request?: Request): void {
  const account = currentAccount()
  if (isSessionEnd(status, code)) signedOut()
  else if (code === 'CSRF') csrfRefused()
  else if (
    code === 'ACCOUNT_NOT_ALLOWED' &&
    account &&
    (request?.headers.get(accountHeader) ?? account) === account
  )
    accountLost(account)
}

/** readProblem reads an answer that is not a success. */
export async function readProblem(response: Response): Promise<Problem> {
  const body: unknown = await response.json().catch(() => ({}))
  return new Problem(
    response.status,
    typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {},
    secondsUntil(response.headers.get('Retry-After') ?? ''),
  )
}

/** secondsUntil reads a Retry-After: seconds, or a time (RFC 9110 §10.2.3). 0 when it says nothing. */
export function secondsUntil(text: string, now = Date.now()): number {
  if (/^\d+$/.test(text)) return Number(text)
  const at = Date.parse(text)
  return Number.isNaN(at) ? 0 : Math.max(0, Math.ceil((at - now) / 1000))
}

/**
 * api calls the hub. Paths, parameters and answers are typed by the OpenAPI document. A promise of it is rejected with a
 * Problem when the answer is no success, so `data` of a fulfilled one is there.
 */
export const api = createFetchClient<paths>({
  baseUrl: typeof window === 'undefined' ? 'http://localhost' : window.location.origin,
  credentials: 'same-origin',
  // As the API declares its lists: status=open,acknowledged.
  querySerializer: { array: { style: 'form', explode: false } },
  fetch: ask,
})
api.use(middleware)

/** $api gives the same as hooks of TanStack Query: $api.useQuery('get', '/api/v1/alerts', { params: … }). */
export const $api = createQueryClient(api)
