import { createLog, noLog, systemClock } from '@magictask/runtime'
import { expect, inject, test } from 'vitest'
import { openKafkaBroker, openMemoryBroker } from '../src/index.ts'
import { brokerContract } from './broker.contract.ts'
import { openBundle } from './broker-bundle.ts'
import { publisherContract } from './publisher.contract.ts'
import { roomContract } from './room.contract.ts'

const openMemory = async () => openMemoryBroker({ clock: systemClock })
const openKafka = () =>
  openKafkaBroker({ brokers: inject('kafkaBrokers'), clientId: 'contract', log: noLog, clock: systemClock })

for (const contract of [brokerContract, roomContract, publisherContract]) {
  contract('the memory broker', openMemory)
  contract('Kafka', openKafka)
}

test('the usual noise of a first start and of a rebalance is kept from the log', async () => {
  const lines: string[] = []
  const log = createLog({ level: 'info', app: 'test', write: (line) => lines.push(line) })
  await using bundle = await openBundle(() =>
    openKafkaBroker({ brokers: inject('kafkaBrokers'), clientId: 'quiet', log, clock: systemClock }),
  )
  const first = await bundle.listen()
  await bundle.listen()
  await first[Symbol.asyncDispose]()
  expect(lines).toEqual([])
})
