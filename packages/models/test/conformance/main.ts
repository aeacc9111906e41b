import { PROVIDER_WIRES } from '@magictask/testkit'
import { ABILITIES } from './abilities.ts'
import { imitations, keyVariable, real, type Subject } from './subject.ts'

/*
  Prints which provider can do what. Each is imitated, from its documentation; with its key in the environment the real
  service is asked besides, for what it can be asked (a dozen short calls). Ends with 1 where one of them cannot.
*/
const services = PROVIDER_WIRES.flatMap((wire) => {
  const key = process.env[keyVariable(wire.provider)]
  return key === undefined || key === '' ? [] : [real(wire, key)]
})
const subjects = [...(await imitations()), ...services]
const columns = await Promise.all(subjects.map(columnOf))

const width = Math.max(...ABILITIES.map(({ name }) => name.length)) + 2
const titles = subjects.map(({ provider, server }) => (server === undefined ? `${provider}*` : provider))
const row = (name: string, cells: readonly string[]) =>
  name.padEnd(width) + cells.map((cell, at) => cell.padEnd((titles[at]?.length ?? 0) + 2)).join('')
const lines = [
  row('', titles),
  ...ABILITIES.map(({ name }, at) =>
    row(
      name,
      columns.map((column) => column[at]?.mark ?? ''),
    ),
  ),
]
const wrong = columns.flatMap((column, at) =>
  column.flatMap(({ why }, ability) => (why === '' ? [] : [`${titles[at]}, ${ABILITIES[ability]?.name}: ${why}`])),
)
process.stdout.write(`${[...lines, '', `* the real service; - not tried on it`, ...wrong].join('\n')}\n`)
for (const subject of subjects) await subject[Symbol.asyncDispose]()
process.exitCode = wrong.length === 0 ? 0 : 1

async function columnOf(subject: Subject): Promise<readonly { readonly mark: string; readonly why: string }[]> {
  const cells = []
  for (const ability of ABILITIES) {
    const outcome = await ability.check(subject).catch((error: unknown) => String(error))
    if (outcome === 'passes') cells.push({ mark: 'yes', why: '' })
    else cells.push(outcome === 'untried' ? { mark: '-', why: '' } : { mark: 'NO', why: outcome })
  }
  return cells
}
