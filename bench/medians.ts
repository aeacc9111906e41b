import { FIGURE_NAMES, type Measured } from './figures.ts'

/** The middle of some values; of two the mean. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other)
  const [low = Number.NaN, high = low] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]]
  return (low + high) / 2
}

/** The value below which `share` of them lie. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

/** Of each figure the median of the rounds. Ratios were made within their rounds, so that what else ran then cancels out. */
export function mediansOf(rounds: readonly Measured[]): Measured {
  return Object.fromEntries(
    FIGURE_NAMES.flatMap((name) => {
      const values = rounds.flatMap((round) => round[name] ?? [])
      return values.length === 0 ? [] : [[name, median(values)]]
    }),
  )
}
