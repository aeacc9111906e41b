import { expect, test } from 'vitest'
import { resultLine } from '../src/result-line.ts'

test('a line says when an answer is the basic one, and why; else it says nothing of it', () => {
  const line = (more: string) =>
    `{"task_id":"t","campaignSn":"c","magicType":"m","status":"succeeded","results":[1]${more}}`
  const reason = '{"code":"answer.not_json","detail":"d"}'
  expect(resultLine(3, line(`,"degraded":true,"degraded_reason":${reason}`))).toEqual({
    text: `{"index":3,"task_id":"t","campaignSn":"c","magicType":"m","status":"succeeded","results":[1],"degraded_reason":${reason}}`,
    succeeded: true,
  })
  expect(resultLine(0, line(',"degraded":false')).text).not.toContain('degraded')
})
