import { jsonText, objectText } from '@magictask/contracts'
import { JsonPieces } from './json-pieces.ts'

const SHOWN = ['task_id', 'campaignSn', 'magicType', 'status', 'results', 'error', 'degraded_reason'] as const

/** A task's line of output, without its line break, and whether the task succeeded. */
export interface ResultLine {
  readonly text: string
  readonly succeeded: boolean
}

/** Makes it of the api's line about the task. What is stored goes out byte for byte, which reading and writing it anew would not promise. */
export function resultLine(index: number, taskLine: string): ResultLine {
  const fields = new Map([...new JsonPieces().push(taskLine)].map(nameAndValue))
  const shown = SHOWN.map((name) => {
    const value = fields.get(name)
    return [name, value === undefined ? undefined : jsonText(value)]
  })
  return {
    text: objectText({ index, ...Object.fromEntries(shown) }),
    succeeded: fields.get('status') === '"succeeded"',
  }
}

function nameAndValue(piece: string): readonly [string, string] {
  const colon = piece.indexOf(':') // the api's own names hold none
  return [piece.slice(1, colon - 1), piece.slice(colon + 1)]
}
