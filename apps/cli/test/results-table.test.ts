import { TaskAnswer } from '@magictask/contracts'
import { expect, test } from 'vitest'
import { resultsTable } from '../src/results-table.ts'
import type { SampleTask } from '../src/run-sample.ts'

function task(results: SampleTask['results']): SampleTask {
  const usage = { prompt_tokens: 0, completion_tokens: 0, model_calls: 0, cost_micro_usd: null, cached: false }
  const ids = { task_id: '01a2059f-ad56-7551-95b4-f6e0c7e5b4df', batch_id: '01a2059f-ad56-7551-95b4-f6e0c7e5b4de' }
  const rest = { magicType: 'title_optimize', degraded: false, attempts: 1, usage, queued_at: '2026-01-01T00:00:00Z' }
  return TaskAnswer.parse({ ...ids, ...rest, campaignSn: 'c', status: 'succeeded', results })
}

test('wide characters keep the columns straight', () => {
  const rows = resultsTable([task([{ title: '買一送一，快邀好友！' }, { title: 'plain' }])]).split('\n')
  const widths = rows.map((row) => [...row].reduce((sum, char) => sum + (/[\u2e80-\uffef]/.test(char) ? 2 : 1), 0))
  expect(new Set(widths).size).toBe(1)
})

test('what a model made moves no cursor and hides nothing', () => {
  const table = resultsTable([task([{ title: '\u001b[2J\u001b]0;x\u0007\u202egnp.exe\r\nnext' }])])
  expect(table).toContain('·[2J·]0;x··gnp.exe··next')
})

test('a long text is wrapped and nothing of it is lost', () => {
  const title = '字'.repeat(150)
  const table = resultsTable([task([{ title }])])
  expect(table.match(/字/g)).toHaveLength(150)
})
