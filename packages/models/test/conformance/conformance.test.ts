import { afterAll, describe, expect, test } from 'vitest'
import { readModelsConfig } from '../../src/index.ts'
import { ABILITIES } from './abilities.ts'
import { imitations, keyVariable } from './subject.ts'

const subjects = await imitations()
afterAll(async () => {
  for (const subject of subjects) await subject[Symbol.asyncDispose]()
})

describe.each(subjects)('$provider, as its documentation has it', (subject) => {
  test.each(ABILITIES)('$name', async (ability) => {
    expect(await ability.check(subject)).toBe('passes')
  })
})

test('every provider that is built in is looked at', () => {
  const names = subjects.map(({ provider }) => provider)
  const env = Object.fromEntries(names.map((name) => [keyVariable(name), 'k']))
  expect([...readModelsConfig(env).providers.keys()].toSorted()).toEqual(names.toSorted())
})
