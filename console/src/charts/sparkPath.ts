/** sparkPath is the line of a spark as an SVG path: from 0 at the bottom to the greatest value at the top. */
export function sparkPath(values: (number | null)[], width: number, height: number): string {
  const top = Math.max(1, ...values.map((value) => value ?? 0))
  const step = values.length > 1 ? (width - 2) / (values.length - 1) : 0
  let path = ''
  let drawing = false
  values.forEach((value, i) => {
    if (value === null) {
      drawing = false
      return
    }
    const x = (1 + i * step).toFixed(1)
    const y = (height - 2 - (value / top) * (height - 4)).toFixed(1)
    path += `${drawing ? 'L' : 'M'}${x} ${y}`
    drawing = true
  })
  return path
}
