import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { metricsPage } from '../src/metrics-page.ts'

test('docs/metrics.md is printed from the vocabulary: node packages/runtime/print-metrics.ts > docs/metrics.md', () => {
  expect(readFileSync(new URL('../../../docs/metrics.md', import.meta.url), 'utf8')).toBe(metricsPage())
})
