/** Somebody who wants a part of what is split. */
export interface Party {
  /** Above 0. */
  readonly weight: number
  /** A whole number. */
  readonly wants: number
}

/**
 * Splits `total` by weight: nobody gets more than it wants, what one leaves goes to the others, and whoever wants any gets
 * `least` even where that makes more than `total`. In whole numbers, in the order of the parties.
 */
export function splitByWeight(total: number, parties: readonly Party[], least = 0): readonly number[] {
  const whole = Math.max(0, Math.floor(total))
  const parts = wholeNumbers(whole, splitExactly(whole, parties), parties)
  const sure = parties.map(({ wants }, at) => ((parts[at] ?? 0) < Math.min(least, wants) ? Math.min(least, wants) : 0))
  if (sumOf(sure) === 0) return parts
  const others = parties.map((party, at) => (sure[at] === 0 ? party : { ...party, wants: 0 }))
  return splitByWeight(whole - sumOf(sure), others, least).map((part, at) => part + (sure[at] ?? 0))
}

/** Fills everybody's share evenly, the soonest content first: what that one leaves is shared by the others. */
function splitExactly(total: number, parties: readonly Party[]): readonly number[] {
  const parts = parties.map(() => 0)
  let left = total
  let weights = sumOf(parties.map(({ weight }) => weight))
  const soonestContent = [...parties.entries()].sort(([, a], [, b]) => a.wants / a.weight - b.wants / b.weight)
  for (const [at, { weight, wants }] of soonestContent) {
    const part = Math.min(wants, (left * weight) / weights)
    parts[at] = part
    left -= part
    weights -= weight
  }
  return parts
}

/** What rounding down leaves goes to the largest remainders. */
function wholeNumbers(total: number, exact: readonly number[], parties: readonly Party[]): readonly number[] {
  const parts = exact.map(Math.floor)
  const wanted = sumOf(parties.map(({ wants }) => wants))
  let left = Math.min(total, wanted) - sumOf(parts)
  const largestRemainder = [...exact.entries()].sort(([, a], [, b]) => (b % 1) - (a % 1))
  for (const [at] of largestRemainder) {
    if (left <= 0) break
    if ((parts[at] ?? 0) >= (parties[at]?.wants ?? 0)) continue
    parts[at] = (parts[at] ?? 0) + 1
    left -= 1
  }
  return parts
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0)
}
