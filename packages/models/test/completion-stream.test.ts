import { expect, test } from 'vitest'
import { CompletionStream } from '../src/completions/completion-stream.ts'

const delta = (content: string) => `data: ${JSON.stringify({ choices: [{ delta: { content } }] })}`
const end = 'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}'
const usage = 'data: {"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":2}}'

function streamOf(lines: readonly string[], pieceBytes = 1_000, between = '\n\n') {
  const told: string[] = []
  let heard = 0
  const stream = new CompletionStream({ onText: (text) => told.push(text), heard: () => heard++ })
  const bytes = Buffer.from(lines.map((line) => line + between).join(''))
  for (let at = 0; at < bytes.length; at += pieceBytes) stream.take(bytes.subarray(at, at + pieceBytes))
  return { stream, told, heard: () => heard }
}

test.each([1, 2, 3, 7, 1_000])('characters and events may be cut anywhere: pieces of %i bytes', (pieceBytes) => {
  for (const between of ['\n\n', '\r\n\r\n']) {
    const lines = [': keep-alive', delta('買一'), delta('送一🎉'), end, usage, 'data: [DONE]']
    const { stream, told } = streamOf(lines, pieceBytes, between)
    expect(told).toEqual(['買一', '送一🎉'])
    expect(stream.whole()).toEqual({
      text: '買一送一🎉',
      finishReason: 'stop',
      refused: false,
      usage: { promptTokens: 7, completionTokens: 2 },
    })
  }
})

test('a stream without its end is no answer', () => {
  expect(() => streamOf([delta('half')]).stream.whole()).toThrow(expect.objectContaining({ code: 'provider.reset' }))
  expect(() => streamOf([]).stream.whole()).toThrow(expect.objectContaining({ code: 'provider.reset' }))
  expect(streamOf([delta('all'), end]).stream.whole().text).toBe('all')
  expect(streamOf([delta('all'), 'data: [DONE]']).stream.whole().text).toBe('all')
})

test('an error in the middle ends it, and so does what is no JSON', () => {
  expect(() => streamOf([delta('half'), 'data: {"error":{"code":"server_error"}}'])).toThrow('answered with an error')
  expect(() => streamOf(['data: nonsense'])).toThrow(SyntaxError)
})

test('a thought keeps it alive and is no text; a comment and an empty piece are nothing', () => {
  const thought = 'data: {"choices":[{"delta":{"reasoning_content":"Hm"}}]}'
  const { told, heard } = streamOf([': ping', delta(''), thought, thought, delta('x')])
  expect(told).toEqual(['x'])
  expect(heard()).toBe(3)
})

test('the arguments of a tool are the answer, whatever is said beside them', () => {
  const call = (args: string) =>
    `data: ${JSON.stringify({ choices: [{ delta: { tool_calls: [{ index: 0, function: { arguments: args } }] } }] })}`
  const { stream, told } = streamOf([delta('Let me see. '), call('{"a"'), call(':1}'), end])
  expect(stream.whole().text).toBe('{"a":1}')
  expect(told).toEqual(['Let me see. ', '{"a"', ':1}'])
})
