import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { FIGURE_NAMES, FIGURES, type Figure, isReached, type Measured } from './figures.ts'

/** What a run came to. It says nothing of the machine but its kind: a result may be published. */
export interface Report {
  readonly startedAt: string
  readonly quick: boolean
  readonly node: string
  readonly cpus: number
  readonly kafka: string
  readonly postgres: string
  readonly medians: Measured
  readonly rounds: readonly Measured[]
}

/** The table: each figure, what is to be reached, and whether it was. */
export function tableOf({ medians, rounds }: Pick<Report, 'medians' | 'rounds'>): string {
  const rows = FIGURE_NAMES.filter((name) => medians[name] !== undefined).map((name) => {
    const figure = FIGURES[name]
    const spread = rounds.map((round) => shown(figure, round[name])).join(' ')
    return [figure.says, shown(figure, medians[name]), limitOf(figure), verdictOf(figure, medians[name]), spread]
  })
  return textOf([['figure', 'median', 'to reach', '', 'rounds'], ...rows])
}

/** Writes `<date>.json`, of a part `<date>-<names>.json`, and gives its name. A second run of a day replaces the first. */
export async function writeReport(report: Report, only: readonly string[] = []): Promise<string> {
  const folder = join(import.meta.dirname, 'results')
  const name = `${[report.startedAt.slice(0, 10), ...only].join('-')}.json`
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, name), `${JSON.stringify(report, undefined, 2)}\n`)
  return `bench/results/${name}`
}

const DIGITS = { x: 3, ms: 3, s: 3, MB: 1, '': 3, '/s': 0 } as const

function shown({ unit }: Figure, value: number | undefined): string {
  return value === undefined ? '-' : `${value.toFixed(DIGITS[unit])}${unit === '' ? '' : ` ${unit}`}`
}

function limitOf({ atMost, atLeast, unit }: Figure): string {
  if (atMost !== undefined && atMost === atLeast) return `exactly ${atMost}`
  if (atMost !== undefined) return `at most ${atMost} ${unit}`.trimEnd()
  return atLeast === undefined ? '' : `at least ${atLeast} ${unit}`.trimEnd()
}

function verdictOf(figure: Figure, value: number | undefined): string {
  const reached = isReached(figure, value)
  if (reached === undefined) return ''
  return reached ? 'reached' : 'MISSED'
}

function textOf(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
