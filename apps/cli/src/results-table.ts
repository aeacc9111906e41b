import Table from 'cli-table3'
import type { SampleTask } from './run-sample.ts'

/** Tasks and their results as a table: a row a result, a column a field. */
export function resultsTable(tasks: readonly SampleTask[]): string {
  const fields = [...new Set(tasks.flatMap((task) => task.results.flatMap((result) => Object.keys(result))))]
  const table = new Table({ head: ['campaignSn', 'status', ...fields].map(shown), style: { head: [], border: [] } })
  for (const task of tasks) table.push(...rowsOf(task, fields))
  return table.toString()
}

type Row = (string | { readonly content: string; readonly rowSpan?: number; readonly colSpan?: number })[]

function rowsOf({ campaignSn, status, results, error }: SampleTask, fields: readonly string[]): Row[] {
  const [first, ...others] = results.map((result): string[] => fields.map((field) => shown(result[field])))
  if (first === undefined) {
    const reason = shown(error === undefined ? '' : `${error.code}: ${error.detail}`)
    const last = fields.length === 0 ? [] : [{ content: reason, colSpan: fields.length }]
    return [[shown(campaignSn), fields.length === 0 ? `${status} ${reason}` : status, ...last]]
  }
  const rowSpan = results.length
  return [[{ content: shown(campaignSn), rowSpan }, { content: status, rowSpan }, ...first], ...others]
}

const WIDEST_CELLS = 64

/** What a model made may hold anything: nothing of it may move the cursor or turn the writing round. Long texts are wrapped. */
function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
  let line = 0
  return [...text.replaceAll(/[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, '·')]
    .map((character) => {
      const cells = (character.codePointAt(0) ?? 0) < 0x1100 ? 1 : 2
      line = line + cells > WIDEST_CELLS ? cells : line + cells
      return line === cells && cells > 0 ? `\n${character}` : character
    })
    .join('')
    .replace(/^\n/, '')
}
