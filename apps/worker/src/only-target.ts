import type { Admission, Provider, Target } from '@magictask/models'
import pLimit from 'p-limit'

/** An admission to the one provider that there is, so many calls at once and in their order. */
export function admitToOnly(provider: Provider, slots: number): Admission {
  const target: Target = {
    ...provider,
    name: `${provider.name}/${provider.model}`,
    provider: provider.name,
    capabilities: { structured: ['json-schema', 'text'], vision: false, streaming: false },
  }
  const slot = pLimit(slots)
  return {
    admit: ({ without }, signal) =>
      new Promise((resolve, reject) => {
        if (without.has(target.name)) resolve('nobody-able')
        signal.addEventListener('abort', () => reject(signal.reason), { once: true })
        void slot(
          () =>
            new Promise<void>((end) => {
              if (signal.aborted) end()
              else resolve({ target, probe: false, end: () => end() })
            }),
        )
      }),
    admitNow: () => undefined,
    candidates: ({ without }) => (without.has(target.name) ? [] : [target]),
  }
}
