import { type LogFacts, noLog, testClock } from '@magictask/runtime'
import { logLevel } from 'kafkajs'
import { expect, test } from 'vitest'
import { clientLog } from '../src/client-log.ts'

function setup() {
  const clock = testClock('2026-01-01T00:00:00Z')
  const lines: (LogFacts | undefined)[] = []
  const report = clientLog({ clock, log: { ...noLog, warn: (_event, facts) => lines.push(facts) } })
  const say = (message: string, error?: string) =>
    report({ namespace: 'Connection', level: logLevel.ERROR, label: 'ERROR', log: { timestamp: '', message, error } })
  return { clock, lines, say }
}

test('the same sentence is said once in half a minute, and then with how often it was kept back', () => {
  const { clock, lines, say } = setup()
  for (let times = 0; times < 5; times += 1) say('Connection error')
  say('Another error')
  clock.advance(30_000)
  say('Connection error')
  expect(lines).toMatchObject([{ says: 'Connection error' }, { says: 'Another error' }, { unsaid: 4 }])
})

test('what belongs to every start and every rebalance is not said', () => {
  const { lines, say } = setup()
  say('Response GroupCoordinator(key: 10, version: 2)', 'The group coordinator is not available')
  say('The group is rebalancing, re-joining')
  expect(lines).toEqual([])
})
