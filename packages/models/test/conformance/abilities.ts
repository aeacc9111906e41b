import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import type { FaultCode } from '@magictask/domain'
import { WIRE_ERRORS, WIRE_USAGE, type WireError, type WireScript } from '@magictask/testkit'
import { costMicroUsd } from '../../src/index.ts'
import { askTitle, type Subject, Title } from './subject.ts'

/** Something that every provider has to be able to do. Throws where it is not; `untried` where only an imitation can be made to show it. */
export interface Ability {
  readonly name: string
  check(subject: Subject): Promise<'passes' | 'untried'>
}

const ANSWER = { title: 'Buy one, get one free', sentiment: 'positive' }
const CHINESE = { title: '買一送一，最後一天！🎉', sentiment: 'positive' }
const CONTENT = 'Buy one, get one free, this week only. Bring a friend!'
/** In none of the ways that a model may have, but in words. */
const IN_WORDS = { capabilities: { strictJsonSchema: false, jsonObject: false, tools: false } }
const BY_TOOL = { capabilities: { strictJsonSchema: false, jsonObject: false, tools: true } }

function script(subject: Subject, next: WireScript): void {
  subject.server?.setScript(next)
}

/** Only an imitation can be told to do it. */
function imitated(name: string, check: (subject: Subject) => Promise<void>): Ability {
  return {
    name,
    async check(subject) {
      if (subject.server === undefined) return 'untried'
      await check(subject)
      return 'passes'
    },
  }
}

function always(name: string, check: (subject: Subject) => Promise<void>): Ability {
  return {
    name,
    async check(subject) {
      await check(subject)
      return 'passes'
    },
  }
}

async function answersWith(subject: Subject, model: object, answer = ANSWER, content = CONTENT): Promise<void> {
  script(subject, { kind: 'answer', text: JSON.stringify(answer) })
  const came = await askTitle(await subject.open({ model }), content)
  assert.equal(came.kind, 'answered', JSON.stringify(came))
  const json = Title.parse(JSON.parse(came.kind === 'answered' ? came.json : ''))
  if (subject.server !== undefined) assert.deepEqual(json, answer)
}

const streams = always('streams', async (subject) => {
  script(subject, { kind: 'answer', text: JSON.stringify(ANSWER) })
  const deltas: string[] = []
  const came = await askTitle(await subject.open(), CONTENT, { onText: (delta) => deltas.push(delta) })
  assert.equal(came.kind, 'answered', JSON.stringify(came))
  assert.ok(came.firstTokenMs !== undefined && came.firstTokenMs <= came.latencyMs)
  assert.ok((came.usage.promptTokens ?? 0) > 0 && (came.usage.completionTokens ?? 0) > 0)
  if (subject.server === undefined) return
  assert.ok(deltas.length > 1)
  assert.equal(deltas.join(''), JSON.stringify(ANSWER))
  assert.deepEqual(only(came.usage), WIRE_USAGE)
})

const counts = always('usage and cost', async (subject) => {
  script(subject, { kind: 'answer', text: JSON.stringify(ANSWER) })
  const target = await subject.open()
  const came = await askTitle(target, CONTENT)
  assert.ok((came.usage.promptTokens ?? 0) > 0 && (came.usage.completionTokens ?? 0) > 0)
  assert.equal(came.costMicroUsd, costMicroUsd(target.price, came.usage))
  assert.equal(came.costMicroUsd === undefined, target.price === undefined)
  if (subject.server !== undefined) assert.deepEqual(only(came.usage), WIRE_USAGE)
})

function only({
  promptTokens,
  cachedTokens,
  completionTokens,
}: { readonly [name in keyof typeof WIRE_USAGE]?: number }) {
  return { promptTokens, cachedTokens, completionTokens }
}

const refusesTool = imitated('a tool refused', async (subject) => {
  script(subject, { kind: 'words', text: 'I would rather not call any tool.' })
  // Google's models are offered no tool: there, words are no JSON either.
  const model = subject.provider === 'google' ? IN_WORDS : BY_TOOL
  const came = await askTitle(await subject.open({ model }), CONTENT)
  assert.ok(came.kind === 'broke' && came.fault === 'answer.not_json', JSON.stringify(came))
  assert.deepEqual(only(came.usage), WIRE_USAGE)
})

function breaks(name: string, next: WireScript, fault: FaultCode | readonly FaultCode[], isStream = false): Ability {
  return imitated(name, async (subject) => {
    script(subject, next)
    const target = await subject.open({
      provider: { timeouts: { bodyMs: 400, firstTokenMs: 400, betweenTokensMs: 200 } },
    })
    const came = await askTitle(target, CONTENT, isStream ? { onText: () => undefined } : {})
    assert.ok(came.kind === 'broke' && [fault].flat().includes(came.fault), JSON.stringify(came))
  })
}

const FAULTS_OF: Readonly<Record<WireError, FaultCode>> = {
  'rate-limited': 'provider.rate_limited',
  capacity: 'provider.capacity',
  'quota-exhausted': 'provider.quota_exhausted',
  'key-refused': 'provider.auth_refused',
  'bad-request': 'provider.bad_request',
  'context-too-long': 'provider.context_too_long',
  'content-refused': 'answer.refused',
  'model-unknown': 'provider.model_unknown',
  'server-error': 'provider.unavailable',
}

/** One request each, whatever the error: nobody below repeats anything. */
function fails(error: WireError): Ability {
  return imitated(error, async (subject) => {
    script(subject, { kind: 'error', error })
    const target = await subject.open()
    const before = subject.server?.requests().length ?? 0
    const came = await askTitle(target, CONTENT)
    assert.ok(came.kind === 'broke' && came.fault === FAULTS_OF[error], JSON.stringify(came))
    assert.equal((subject.server?.requests().length ?? 0) - before, 1)
    if (error !== 'content-refused') assert.equal(came.costMicroUsd, 0)
    assert.equal(came.retryAfterMs, error === 'rate-limited' ? subject.waitMs : undefined)
    assert.ok(!JSON.stringify(came).includes(CONTENT))
  })
}

/** Six megabytes where four may be: it is cut off, and no more of it is kept. */
const tooLong = imitated('too long an answer', async (subject) => {
  script(subject, { kind: 'answer', text: JSON.stringify({ ...ANSWER, title: 'x'.repeat(6 * 1024 * 1024) }) })
  const came = await askTitle(await subject.open(), CONTENT)
  assert.ok(came.kind === 'broke' && came.fault === 'answer.truncated', JSON.stringify(came).slice(0, 500))
})

const aborts = imitated('abort closes the socket', async (subject) => {
  script(subject, { kind: 'silent', text: JSON.stringify(ANSWER) })
  const stop = new AbortController()
  const target = await subject.open()
  const before = subject.server?.requests().length ?? 0
  const abandoned = subject.server?.abandoned ?? 0
  const asked = askTitle(target, CONTENT, { signal: stop.signal })
  while (subject.server?.requests().length === before) await delay(5)
  await delay(20)
  stop.abort('a word, as a reason may be')
  assert.equal((await asked).kind, 'aborted')
  for (let waits = 0; subject.server?.abandoned === abandoned && waits < 400; waits++) await delay(5)
  assert.equal((subject.server?.abandoned ?? 0) - abandoned, 1)
})

const wrongKey = always('a wrong key', async (subject) => {
  script(subject, { kind: 'error', error: 'key-refused' })
  const came = await askTitle(await subject.open({ key: 'sk-wrong-0123456789' }), CONTENT)
  assert.ok(came.kind === 'broke' && came.fault === 'provider.auth_refused', JSON.stringify(came))
})

const half = JSON.stringify(ANSWER)

/** Every ability, in the order of the table. */
export const ABILITIES: readonly Ability[] = [
  always('plain answer', (subject) => answersWith(subject, IN_WORDS)),
  always('structured, its best way', (subject) => answersWith(subject, {})),
  always('Chinese in and out', (subject) => answersWith(subject, {}, CHINESE, '最後一天！買一送一🎉，帶朋友來')),
  counts,
  streams,
  refusesTool,
  breaks('cut off by length', { kind: 'cut-off', text: half.slice(0, 20) }, 'answer.truncated'),
  breaks('declined', { kind: 'declined' }, 'answer.refused'),
  breaks('connection cut', { kind: 'cut', text: half }, 'provider.reset'),
  breaks('stream cut', { kind: 'cut', text: half }, 'provider.reset', true),
  breaks(
    'stream broken off',
    { kind: 'error-in-stream', text: half },
    ['provider.capacity', 'provider.unavailable'],
    true,
  ),
  breaks('stream silent', { kind: 'silent', text: half }, 'provider.timeout', true),
  breaks('a stream of a byte at a time', { kind: 'drip' }, 'provider.timeout', true),
  breaks('a byte at a time', { kind: 'drip' }, 'provider.timeout'),
  breaks('a page of HTML', { kind: 'html' }, 'provider.unavailable'),
  breaks('an empty body', { kind: 'empty-body' }, 'provider.unavailable'),
  tooLong,
  aborts,
  wrongKey,
  ...WIRE_ERRORS.map(fails),
]
