/** FieldProblem says what is wrong with one field of a request: its path inside the body ("settings.url"). */
export interface FieldProblem {
  field: string
  message: string
}

/** Codes of Problems that are no answer of the hub: their status is 0. */
export const noAnswer = {
  /** away: no answer came. */
  away: 'NO_ANSWER',
  /** slow: none came in the time that there was. */
  slow: 'NO_ANSWER_IN_TIME',
  /** foreign: what came is not the hub's, or a part of it. */
  foreign: 'NOT_THE_ANSWER',
} as const

/**
 * Problem is an answer of the API that is not a success (RFC 9457), or no answer at all (status 0). Its message is made
 * to be shown.
 */
export class Problem extends Error {
  readonly status: number
  /** code is the stable word of the refusal, if there is one: BLOCK_REFUSED, SCOPE_MISSING … */
  readonly code: string
  readonly fields: FieldProblem[]
  /** retryAfter is when to try again, in seconds; 0 when nobody said. */
  readonly retryAfter: number
  /** body is the whole answer, for refusals that carry more. */
  readonly body: Record<string, unknown>

  constructor(status: number, body: Record<string, unknown>, retryAfter = 0) {
    super(sentence(status, body, retryAfter))
    this.name = 'Problem'
    this.status = status
    this.body = body
    this.code = textOf(body.error)
    this.retryAfter = retryAfter
    this.fields = fieldsOf(body.errors)
  }
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')

// What the hub says of a password or code that is not the right one.
const notTyped = ['BAD_CREDENTIALS', 'CODE_NEEDED', 'CODE_WRONG']

/** isSessionEnd says whether an answer means that nobody is signed in. A wrong password or code is a 401, too. */
export const isSessionEnd = (status: number, code: string): boolean =>
  status === 401 && !notTyped.includes(code)

// What an answer means that says no more than its number: most are a proxy's between the browser and the hub.
const meanings: Record<number, string> = {
  0: 'The hub cannot be reached. It may be restarting; nothing that it acknowledged is lost.',
  404: 'There is nothing like this here: it was deleted, or the link was cut short.',
  413: 'What was sent is too large for the hub, or for a proxy before it.',
  429: 'Too many requests came at once.',
  502: 'The proxy before the hub cannot reach it. The hub may be restarting; nothing that it acknowledged is lost.',
  503: 'The hub cannot do this at the moment.',
  504: 'The proxy before the hub got no answer from it in time.',
}

function sentence(status: number, body: Record<string, unknown>, retryAfter: number): string {
  // What the API says of it is for those who call it with a key.
  if (isSessionEnd(status, textOf(body.error))) return 'Your session has ended. Sign in again.'
  if (textOf(body.error) === 'CSRF') return 'The session has changed meanwhile. Try again.'
  const said = textOf(body.detail) || textOf(body.title) || textOf(body.message)
  if (status === 404 && said.includes('is not a valid id')) return meanings[404] ?? ''
  const text = said || meanings[status] || `The hub answered ${status}.`
  if (retryAfter <= 0) return text
  return `${/[.!?]$/.test(text) ? text : `${text}.`} Try again in ${waitWords(retryAfter)}.`
}

/** waitWords are seconds as people say them. */
function waitWords(seconds: number): string {
  return seconds <= 120 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`
}

function fieldsOf(value: unknown): FieldProblem[] {
  if (!Array.isArray(value)) return []
  return value
    .filter((entry): entry is Record<string, unknown> => typeof entry === 'object' && entry !== null)
    .map((entry) => ({ field: textOf(entry.field), message: textOf(entry.message) }))
}

/** asProblem makes a Problem of whatever was thrown. What is no answer of the hub, nor the want of one, is a fault of the page. */
export function asProblem(thrown: unknown): Problem {
  if (thrown instanceof Problem) return thrown
  return new Problem(-1, { detail: thrown instanceof Error ? thrown.message : String(thrown) })
}

/** fieldMessages gives the messages by the path of the field ("settings.url"). */
export function fieldMessages(problem: Problem): Record<string, string> {
  return Object.fromEntries(problem.fields.map((f) => [f.field, f.message]))
}
