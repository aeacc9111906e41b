import type { FaultCode, TargetName } from '@magictask/domain'
import type { Admission, Admitted, Answer, AskRequest, CallWish, Target } from '@magictask/models'

/** What a model of a test answers with: to which request, after how many of its own before. */
export type Script = (request: AskRequest, before: number, signal: AbortSignal) => Answer | Promise<Answer>

const CAPABILITIES = { structured: ['json-schema'], vision: false, streaming: false } as const
const USAGE = { promptTokens: 3, completionTokens: 2 }

/** An answer of a target. */
export function answered(name: TargetName, json: string): Answer {
  return { ...factsOf(name), kind: 'answered', json }
}

/** A call of a target that broke. */
export function broken(
  name: TargetName,
  fault: FaultCode,
  more: { readonly retryAfterMs?: number; readonly said?: string } = {},
): Answer {
  return { ...factsOf(name), kind: 'broke', fault, detail: fault, ...more }
}

/** A call of a target that was cut off. */
export function cutOff(name: TargetName): Answer {
  return { ...factsOf(name), usage: {}, kind: 'aborted' }
}

/** One that answers only when it is aborted. */
export const hanging: (name: TargetName) => Script = (name) => (_request, _before, signal) =>
  new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(cutOff(name)))
  })

function factsOf(name: TargetName) {
  const [provider = '', model = ''] = name.split('/')
  return { provider, model, usage: USAGE, costMicroUsd: 7, latencyMs: 1 }
}

/** How a scripted admission treats targets. */
export interface Doors {
  /** Who is not ready: `admitNow` passes them over, `admit` waits for nobody else. */
  readonly away: Set<TargetName>
  /** Who is known not to answer. */
  readonly out: Set<TargetName>
  /** Who does not until a key is mended. */
  readonly refused: Set<TargetName>
  /** Whose calls find out whether they answer again. */
  readonly probed: Set<TargetName>
}

/** Models that answer by their scripts, admitted at once in the order in which they stand here. */
export function scriptedModels(scripts: Readonly<Record<TargetName, Script>>) {
  const asked: { readonly target: TargetName; readonly request: AskRequest }[] = []
  const ended: Answer[] = []
  const wishes: CallWish[] = []
  const doors: Doors = { away: new Set(), out: new Set(), refused: new Set(), probed: new Set() }
  const targets = namesOf(scripts).map((name) => targetOf(name, scripts[name] ?? hanging(name), asked))
  const able = ({ without }: Pick<CallWish, 'without'>) => targets.filter(({ name }) => !without.has(name))
  const open = (target: Target): Admitted => ({
    target,
    probe: doors.probed.has(target.name),
    end: (answer) => ended.push(answer),
  })
  const admission: Admission = {
    async admit(wish, signal) {
      wishes.push(wish)
      const found = able(wish)
      if (found.length === 0) return 'nobody-able'
      const ready = found.find(({ name }) => !doors.away.has(name))
      return ready === undefined ? untilAborted(signal) : open(ready)
    },
    admitNow(wish) {
      wishes.push(wish)
      const ready = able(wish).find(({ name }) => !doors.away.has(name))
      return ready && open(ready)
    },
    candidates: able,
    outage: (name) => {
      const isRefused = doors.refused.has(name)
      const outage = { forMs: isRefused ? 60_000 : 4_000, isRefused, revision: 7 }
      return isRefused || doors.out.has(name) ? outage : undefined
    },
  }
  return { admission, asked, ended, wishes, doors }
}

function namesOf(scripts: Readonly<Record<TargetName, Script>>): readonly TargetName[] {
  return Object.keys(scripts).filter((name): name is TargetName => name.includes('/'))
}

function targetOf(
  name: TargetName,
  script: Script,
  asked: { readonly target: TargetName; readonly request: AskRequest }[],
): Target {
  const { provider, model } = factsOf(name)
  return {
    name,
    provider,
    model,
    capabilities: CAPABILITIES,
    fingerprint: '',
    ask: async (request, signal) => {
      const before = asked.filter(({ target }) => target === name).length
      asked.push({ target: name, request })
      return script(request, before, signal)
    },
  }
}

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
}
