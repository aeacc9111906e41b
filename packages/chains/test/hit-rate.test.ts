import { openOfflineEmbeddings } from '@magictask/models'
import { expect, test } from 'vitest'
import { VectorIndex } from '../src/sku-catalogue/vector-index.ts'
import { CATALOGUE, QUERIES } from './made-up-catalogue.ts'

const never = new AbortController().signal

test('the offline embedding finds most products of a small shop, in Chinese and in English', async () => {
  const embedder = openOfflineEmbeddings()
  const index = new VectorIndex()
  const rows = await embedder.embed(
    CATALOGUE.map(([, description]) => description),
    never,
  )
  for (const [at, [sku, description]] of CATALOGUE.entries())
    index.put(sku, description, rows[at] ?? new Float32Array())

  const queries = await embedder.embed(
    QUERIES.map(([text]) => text),
    never,
  )
  const places = QUERIES.map(([, sku], at) => {
    return index.nearest(queries[at] ?? new Float32Array(), CATALOGUE.length).findIndex((found) => found.sku === sku)
  })
  const rate = (within: number) => places.filter((place) => place < within).length / places.length
  const percent = (within: number) => `${(100 * rate(within)).toFixed(1)} %`
  console.log(
    `retrieval with ${embedder.model}: ${CATALOGUE.length} SKUs, ${QUERIES.length} queries, hit rate at 1 ${percent(1)}, at 5 ${percent(5)}`,
  )
  expect(new Set(CATALOGUE.map(([sku]) => sku)).size).toBe(CATALOGUE.length)
  expect(rate(1)).toBeGreaterThan(0.6)
  expect(rate(5)).toBeGreaterThan(0.75)
})
