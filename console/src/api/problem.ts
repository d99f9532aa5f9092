/** FieldProblem says what is wrong with one field of a request: its path inside the body ("settings.url"). */
export interface FieldProblem {
  field: string
  message: string
}

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
    super(sentence(status, body))
    this.name = 'Problem'
    this.status = status
    this.body = body
    this.code = textOf(body.error)
    this.retryAfter = retryAfter
    this.fields = fieldsOf(body.errors)
  }
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')

function sentence(status: number, body: Record<string, unknown>): string {
  if (status === 0)
    return 'The hub cannot be reached. It may be restarting; nothing that it acknowledged is lost.'
  return textOf(body.detail) || textOf(body.title) || textOf(body.message) || `The hub answered ${status}.`
}

function fieldsOf(value: unknown): FieldProblem[] {
  if (!Array.isArray(value)) return []
  return value
    .filter((entry): entry is Record<string, unknown> => typeof entry === 'object' && entry !== null)
    .map((entry) => ({ field: textOf(entry.field), message: textOf(entry.message) }))
}

/** asProblem makes a Problem of whatever was thrown. */
export function asProblem(thrown: unknown): Problem {
  if (thrown instanceof Problem) return thrown
  if (thrown instanceof Error && thrown.name !== 'TypeError')
    return new Problem(-1, { detail: thrown.message })
  return new Problem(0, {})
}

/** fieldMessages gives the messages by the path of the field ("settings.url"). */
export function fieldMessages(problem: Problem): Record<string, string> {
  return Object.fromEntries(problem.fields.map((f) => [f.field, f.message]))
}
