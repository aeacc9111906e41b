import { readConfig, systemClock } from '@magictask/runtime'
import { expect, test } from 'vitest'
import { openProvider, ProviderVariables } from '../src/index.ts'

function open(env: Record<string, string>) {
  const { name, model } = openProvider(readConfig(ProviderVariables, env), systemClock)
  return { name, model }
}

test('a key means openai, with the model that was asked for', () => {
  expect(open({ OPENAI_API_KEY: 'sk-x' })).toEqual({ name: 'openai', model: 'gpt-4o-mini' })
  expect(open({ OPENAI_API_KEY: 'sk-x', OPENAI_MODEL: 'other' })).toEqual({ name: 'openai', model: 'other' })
})

test('no key means offline', () => {
  expect(open({})).toMatchObject({ name: 'offline' })
})

test('offline never stands in for a server that was configured', () => {
  expect(() => open({ OPENAI_BASE_URL: 'http://localhost:1/v1' })).toThrow('OPENAI_API_KEY')
})

test('a wrong variable is named and its value is not shown', () => {
  expect(() => open({ OPENAI_API_KEY: 'two words' })).toThrow(/^(?!.*two words)[\s\S]*OPENAI_API_KEY/)
  expect(() => open({ OPENAI_API_KEY: 'k', OPENAI_BASE_URL: 'ftp://x' })).toThrow('OPENAI_BASE_URL')
})
