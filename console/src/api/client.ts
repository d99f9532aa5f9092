import createFetchClient, { type Middleware } from 'openapi-fetch'
import createQueryClient from 'openapi-react-query'
import { currentAccount } from '@/session/account'
import { Problem } from './problem'
import type { components, paths } from './schema'

/** Schemas are the API's objects by name, such as Schemas['Alert']. */
export type Schemas = components['schemas']

// The session's token against forged requests. It comes with "who am I" and with signing in, and lives in memory only.
let csrfToken = ''

/** keepCSRF remembers the token that every change must carry. */
export function keepCSRF(token: string): void {
  csrfToken = token
}

/** requestHeaders are what every request of the console carries. */
export function requestHeaders(method: string): Record<string, string> {
  const headers: Record<string, string> = {}
  const account = currentAccount()
  if (account) headers['X-Tocsin-Account'] = account
  if (method !== 'GET' && method !== 'HEAD' && csrfToken) headers['X-CSRF-Token'] = csrfToken
  return headers
}

let signedOut: () => void = () => {}

/** onSignedOut is called when the hub no longer knows the session. */
export function onSignedOut(then: () => void): void {
  signedOut = then
}

// What the hub says of a password or code that is not the right one.
const notTyped = ['BAD_CREDENTIALS', 'CODE_NEEDED', 'CODE_WRONG']

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
    // A wrong password or code is a 401, too, and nobody is signed out by it.
    if (
      response.status === 401 &&
      !notTyped.includes(problem.code) &&
      !new URL(request.url).pathname.endsWith('/api/v1/session')
    )
      signedOut()
    throw problem
  },
}

/** readProblem reads an answer that is not a success. */
export async function readProblem(response: Response): Promise<Problem> {
  const body: unknown = await response.json().catch(() => ({}))
  const retryAfter = Number(response.headers.get('Retry-After') ?? 0)
  return new Problem(
    response.status,
    typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {},
    Number.isFinite(retryAfter) ? retryAfter : 0,
  )
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
  fetch: (request) => globalThis.fetch(request),
})
api.use(middleware)

/** $api gives the same as hooks of TanStack Query: $api.useQuery('get', '/api/v1/alerts', { params: … }). */
export const $api = createQueryClient(api)
