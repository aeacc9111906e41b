import type { Clock } from '@magictask/runtime'

/** Where lines are shown. */
export interface Screen {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): unknown
}

/** One line that says how far something is. */
export interface LiveLine {
  /** Shows it in place of what it showed before; where lines cannot be replaced, now and then as a line of its own. */
  show(text: string): void
  /** Takes it away, so that other lines can be printed. */
  clear(): void
}

const EVERY_MS = 100
const PLAIN_EVERY_MS = 5_000
const CLEAR = '\r\u001b[2K'

export function createLiveLine(screen: Screen, clock: Clock): LiveLine {
  const replaces = screen.isTTY === true
  let shown = ''
  let nextMs: number | undefined
  return {
    show(text) {
      nextMs ??= clock.elapsedMs() + (replaces ? 0 : PLAIN_EVERY_MS)
      if (text === shown || clock.elapsedMs() < nextMs) return
      nextMs = clock.elapsedMs() + (replaces ? EVERY_MS : PLAIN_EVERY_MS)
      shown = text
      screen.write(replaces ? `${CLEAR}${text.slice(0, (screen.columns || 80) - 1)}` : `${text}\n`)
    },
    clear() {
      if (replaces && shown !== '') screen.write(CLEAR)
      shown = ''
    },
  }
}
