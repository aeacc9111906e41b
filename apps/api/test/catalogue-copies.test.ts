import { createSkuCatalogue } from '@magictask/chains'
import { TenantId } from '@magictask/domain'
import { type Embedder, openOfflineEmbeddings } from '@magictask/models'
import { openStoreUnderTest } from '@magictask/testkit'
import { expect, inject, test } from 'vitest'

const ACME = TenantId.parse('acme')
const GLOBEX = TenantId.parse('globex')
const never = new AbortController().signal

/** Another model, which counts what it embeds. */
function countingEmbedder(model: string): Embedder & { readonly embedded: string[] } {
  const embedded: string[] = []
  const { embed } = openOfflineEmbeddings()
  return {
    model,
    embedded,
    embed: (texts, signal) => {
      embedded.push(...texts)
      return embed(texts, signal)
    },
  }
}

const openStore = () => openStoreUnderTest(inject('postgresUrl'), { template: inject('postgresTemplate') })
const search = (tenant: TenantId, text = 'product 7') => ({ tenant, text, limit: 2, signal: never })
const shop = (from: number, count: number) =>
  Array.from({ length: count }, (_, at) => ({ sku: `S${from + at}`, description: `product ${from + at}` }))

test('of two copies each sees what the other wrote, and what it took away', async () => {
  await using store = await openStore()
  const embedder = openOfflineEmbeddings()
  const one = createSkuCatalogue({ db: store.db, embedder })
  const other = createSkuCatalogue({ db: store.db, embedder })
  await one.upsert(ACME, shop(0, 1_500), never)
  for (const catalogue of [one, other])
    expect(await catalogue.candidates(search(ACME))).toMatchObject([{ sku: 'S7' }, {}])
  await Promise.all([one.remove(ACME, 'S7'), other.upsert(ACME, [{ sku: 'NEW', description: 'product 7' }], never)])
  for (const catalogue of [one, other])
    expect(await catalogue.candidates(search(ACME))).toMatchObject([{ sku: 'NEW' }, {}])
})

test('embeddings of another model are made anew, once, and kept', async () => {
  await using store = await openStore()
  await createSkuCatalogue({ db: store.db, embedder: openOfflineEmbeddings() }).upsert(ACME, shop(0, 50), never)
  const embedder = countingEmbedder('another')
  const first = createSkuCatalogue({ db: store.db, embedder })
  const [found] = await Promise.all([first.candidates(search(ACME)), first.candidates(search(ACME))])
  expect(found).toMatchObject([{ sku: 'S7' }, {}])
  expect(embedder.embedded).toHaveLength(52)
  await createSkuCatalogue({ db: store.db, embedder }).candidates(search(ACME))
  expect(embedder.embedded).toHaveLength(53)
})

test('with room for one copy, two tenants in turn still get their own', async () => {
  await using store = await openStore()
  const catalogue = createSkuCatalogue({ db: store.db, embedder: openOfflineEmbeddings(), mostBytes: 1 })
  await catalogue.upsert(ACME, shop(0, 10), never)
  await catalogue.upsert(GLOBEX, [{ sku: 'G', description: 'product 7' }], never)
  for (let turn = 0; turn < 3; turn++) {
    const [ofAcme, ofGlobex] = await Promise.all([ACME, GLOBEX].map((tenant) => catalogue.candidates(search(tenant))))
    expect(ofAcme).toMatchObject([{ sku: 'S7' }, {}])
    expect(ofGlobex).toMatchObject([{ sku: 'G' }])
  }
})

test('a search that is stopped ends at once, and harms no other', async () => {
  await using store = await openStore()
  const catalogue = createSkuCatalogue({ db: store.db, embedder: openOfflineEmbeddings() })
  await catalogue.upsert(ACME, shop(0, 10), never)
  const stopping = new AbortController()
  const stopped = catalogue.candidates({ ...search(ACME), signal: stopping.signal })
  const other = catalogue.candidates(search(ACME))
  stopping.abort(new Error('stopped'))
  await expect(stopped).rejects.toThrow('stopped')
  expect(await other).toMatchObject([{ sku: 'S7' }, {}])
})

test('whoever follows a search that is stopped in the middle goes on where it ended, and waits while it waits', async () => {
  await using store = await openStore()
  const old = openOfflineEmbeddings()
  await createSkuCatalogue({ db: store.db, embedder: old }).upsert(ACME, shop(0, 600), never)
  const catalogue = createSkuCatalogue({ db: store.db, embedder: { ...old, model: 'another' } })
  const waits: string[] = []
  const embedded: number[] = []
  const stopping = new AbortController()
  const turnsOf = (name: string, isStopped: (request: number) => boolean, signal = never) => {
    let requests = 0
    return {
      signal,
      onWait: (isWaiting: boolean) => waits.push(`${name} ${isWaiting ? 'waits' : 'goes on'}`),
      embed: async (texts: readonly string[], onWait: (isWaiting: boolean) => void) => {
        onWait(true)
        if (isStopped(++requests)) {
          stopping.abort(new Error('stopped'))
          throw new Error('stopped')
        }
        onWait(false)
        embedded.push(texts.length)
        return old.embed(texts, never)
      },
    }
  }
  const first = turnsOf('first', (request) => request === 2, stopping.signal)
  const beside = turnsOf('beside', () => false, stopping.signal)
  const second = turnsOf('second', () => false)
  const stopped = catalogue.candidates({ ...search(ACME), signal: stopping.signal, turns: first })
  const stoppedToo = catalogue.candidates({ ...search(ACME), signal: stopping.signal, turns: beside })
  const followed = catalogue.candidates({ ...search(ACME), turns: second })
  for (const each of [stopped, stoppedToo]) await expect(each).rejects.toThrow('stopped')
  expect(await followed).toMatchObject([{ sku: 'S7' }, {}])
  // What the first had is kept; who was stopped with it makes nothing, the second the rest and its own query's.
  expect(embedded).toEqual([512, 88, 1])
  expect(waits.filter((wait) => !wait.startsWith('beside')).slice(0, 5)).toEqual([
    'second goes on',
    'first waits',
    'second waits',
    'first goes on',
    'second goes on',
  ])
  expect(waits.filter((wait) => wait === 'second waits')).toHaveLength(4)
  expect(waits.at(-1)).toBe('second goes on')
})
