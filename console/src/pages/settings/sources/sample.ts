/** readSample makes of what was typed what the API wants: JSON as JSON, and anything else, such as NDJSON, as a text. */
export function readSample(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text)
    // A text by itself would be taken as the body that it holds.
    return typeof value === 'string' ? text : value
  } catch {
    return text
  }
}
