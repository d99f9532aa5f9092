/** wholeSteps are the steps that an axis of a count may have: there is no half of a delivery. */
export const wholeSteps: number[] = Array.from({ length: 10 }, (_, power) =>
  [1, 2, 5].map((first) => first * 10 ** power),
).flat()
