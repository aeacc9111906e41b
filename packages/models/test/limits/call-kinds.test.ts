import { expect, test } from 'vitest'
import { CallKinds } from '../../src/limits/call-kinds.ts'
import { candidateOf, routeOf, STILL, targetNamed } from './made-up-targets.ts'

/** One queue with one target, where one type has a limit of its own. */
function callKinds() {
  const kinds = new CallKinds({
    ...STILL,
    targets: new Map([['p/m', targetNamed('p/m', { contextTokens: 1_000 })]]),
    routes: new Map([['text.paid', routeOf('text.paid', candidateOf('p/m', 1))]]),
    limits: { providers: new Map(), magicTypes: new Map([['spam_check', 3]]) },
  })
  const kindOf = (magicType: string, contextTokens = 100) =>
    kinds.kindOf({ queue: 'text.paid', magicType, needs: { contextTokens, vision: false }, without: new Set() })
  return { kinds, kindOf }
}

test('a type without a limit of its own makes no kind of its own, whatever its name', () => {
  const { kindOf } = callKinds()
  const types = ['improve_ad', ...Array.from({ length: 50 }, (_, n) => `forged-${n}`)]
  expect(new Set(types.map((type) => kindOf(type))).size).toBe(1)
  expect(new Set(types.map((type) => kindOf(type, 2_000))).size).toBe(1)
})

test('a type that has one falls under it, and no other does', () => {
  const { kinds, kindOf } = callKinds()
  kindOf('improve_ad')
  expect([...kinds.slots.keys()]).toEqual([])
  expect(kindOf('spam_check')).not.toBe(kindOf('improve_ad'))
  expect([...kinds.slots.keys()]).toEqual(['type:spam_check'])
})
