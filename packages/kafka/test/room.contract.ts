import { describe, expect, test } from 'vitest'
import type { IncomingRecord, KillableBroker } from '../src/index.ts'
import { type BrokerBundle, eventually, type Listener, numbers, openBundle, textsOf } from './broker-bundle.ts'

const PARTITIONS = 12

/** What every broker promises about room and about sharing out: no partition falls silent, whoever comes, goes or is full. */
export function roomContract(name: string, open: () => Promise<KillableBroker>): void {
  describe(`${name} forgets no partition`, () => {
    test('where there is room for fewer, the rest comes in order as room is offered', async () => {
      await using bundle = await openBundle(open, 1)
      let room = 0
      const listener = await bundle.listen({
        async decide(records) {
          const count = Math.min(room, records.length)
          room -= count
          return count
        },
      })
      await bundle.say('key', ...numbers(0, 20))
      for (let offered = 3; offered <= 21; offered += 3) {
        room = 3
        listener.resume()
        await eventually(() => expect(listener.heard).toHaveLength(Math.min(offered, 20)))
      }
      expect(textsOf(listener.heard)).toEqual(numbers(0, 20))
    })

    test('a partition without room is not asked about until there is some', async () => {
      await using bundle = await openBundle(open, 1)
      let asked = 0
      let room = 0
      const listener = await bundle.listen({
        async decide(records) {
          asked += 1
          return Math.min(room, records.length)
        },
      })
      await bundle.say('key', ...numbers(0, 5))
      await eventually(() => asked > 0)
      // A marker on another topic's way through the same broker shows that time has passed there.
      const other = await openBundle(open, 1)
      const marker = await other.listen()
      for (const text of numbers(0, 5)) {
        await other.say('key', text)
        await eventually(() => textsOf(marker.heard).includes(text))
      }
      await other[Symbol.asyncDispose]()
      expect(asked).toBe(1)
      room = 5
      listener.resume()
      await eventually(() => expect(textsOf(listener.heard)).toEqual(numbers(0, 5)))
    })

    test('room that is offered while a decision finds none is not missed', async () => {
      await using bundle = await openBundle(open, 1)
      let full = true
      const listener = await bundle.listen({
        async decide(records) {
          if (!full) return records.length
          full = false
          listener.resume()
          return 0
        },
      })
      await bundle.say('key', ...numbers(0, 5))
      await eventually(() => expect(textsOf(listener.heard)).toEqual(numbers(0, 5)))
    })

    test('under load, members come, leave and die, and every partition goes on (INCIDENTS 39)', async () => {
      await using bundle = await openBundle(open, PARTITIONS)
      await using load = startLoad(bundle)
      const first = await bundle.listen()
      await everyPartitionGoesOn([first], load)
      const second = await bundle.listen()
      await everyPartitionGoesOn([first, second], load)
      expect(new Set(second.heard.map(({ partition }) => partition)).size).toBeGreaterThan(0)
      await first[Symbol.asyncDispose]()
      await everyPartitionGoesOn([second], load)
      const third = await bundle.listen()
      await everyPartitionGoesOn([second, third], load)
      await second.kill()
      await everyPartitionGoesOn([third], load)
      await load[Symbol.asyncDispose]()
      const all = [first, second, third].flatMap(({ heard }) => heard)
      await eventually(() =>
        expect(new Set([first, second, third].flatMap(({ heard }) => textsOf(heard)))).toEqual(new Set(load.said())),
      )
      expect(all.length).toBeGreaterThanOrEqual(load.said().length)
    })

    test('partitions that were paused when the group was shared out anew wake up with the rest', async () => {
      await using bundle = await openBundle(open, PARTITIONS)
      let hasRoom = false
      const decide = async (records: readonly IncomingRecord[]) => (hasRoom ? records.length : 0)
      await using load = startLoad(bundle)
      const first = await bundle.listen({ decide })
      await eventually(() => load.said().length > 10 * PARTITIONS)
      const second = await bundle.listen({ decide })
      await eventually(() => second.joined())
      await second[Symbol.asyncDispose]()
      const third = await bundle.listen({ decide })
      hasRoom = true
      for (const member of [first, third]) member.resume()
      await everyPartitionGoesOn([first, third], load)
      await load[Symbol.asyncDispose]()
      await eventually(() =>
        expect(new Set([first, third].flatMap(({ heard }) => textsOf(heard)))).toEqual(new Set(load.said())),
      )
    })
  })
}

interface Load extends AsyncDisposable {
  said(): readonly string[]
}

/** Publishes numbered records under changing keys until it is disposed. */
function startLoad(bundle: BrokerBundle): Load {
  const said: string[] = []
  let stopped = false
  async function talk(): Promise<void> {
    while (!stopped) {
      const texts = numbers(said.length, 2 * PARTITIONS)
      await Promise.all(texts.map((text) => bundle.say(`key ${text}`, text)))
      said.push(...texts)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
  const talking = talk()
  return {
    said: () => said,
    async [Symbol.asyncDispose]() {
      stopped = true
      await talking
    },
  }
}

/** Of what is published from now on, something of every partition is decided by one of these. */
async function everyPartitionGoesOn(members: readonly Listener[], load: Load): Promise<void> {
  const from = load.said().length
  await eventually(() => {
    const fresh = members.flatMap(({ heard }) => heard).filter(({ value }) => Number(value?.toString()) >= from)
    expect(new Set(fresh.map(({ partition }) => partition)).size).toBe(PARTITIONS)
  })
}
