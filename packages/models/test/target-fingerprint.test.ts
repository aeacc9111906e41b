import { systemClock } from '@magictask/runtime'
import { expect, test } from 'vitest'
import { openTargets, readModelsConfig } from '../src/index.ts'

/** The fingerprint of a model as the environment configures it. */
async function fingerprintUnder(model: object, more: Readonly<Record<string, string>> = {}) {
  const config = readModelsConfig({
    OPENAI_API_KEY: 'sk-one',
    OPENAI_MODEL: 'm',
    MAGICTASK__providers__openai__models__m: JSON.stringify(model),
    ...more,
  })
  const { targets } = await openTargets(config, { clock: systemClock })
  return targets.get('openai/m')?.fingerprint
}

test.each([
  ['temperature', { parameters: { temperature: 0.5 } }, {}],
  ['length of an answer', { parameters: { maxOutputTokens: 100 } }, {}],
  ['field that is sent with every request', { quirks: { extraBody: { reasoning: 'off' } } }, {}],
  ['way of asking for a shape', { capabilities: { strictJsonSchema: false } }, {}],
  ['address', {}, { OPENAI_BASE_URL: 'http://127.0.0.1:9/v1' }],
])('the same model with another %s is told apart', async (_, model, more) => {
  expect(await fingerprintUnder(model, more)).toMatch(/^[\w-]{43}$/)
  expect(await fingerprintUnder(model, more)).not.toBe(await fingerprintUnder({}))
})

test('the same model with another key or price is the same', async () => {
  const price = { inputUsd: 1, outputUsd: 2 }
  expect(await fingerprintUnder({ price }, { OPENAI_API_KEY: 'sk-two' })).toBe(await fingerprintUnder({}))
})
