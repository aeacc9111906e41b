import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

/** Those of the tests of the whole that need no service. */
const ALONE = 'test/{tidy,launcher,manifests,deployed-settings}.test.ts'

/** Tests that share nothing need not wait for Kafka and PostgreSQL to start; those of the store need no Kafka. */
export default defineConfig({
  test: {
    projects: [
      project('plain', ['packages/{domain,contracts,runtime,models,chains,testkit}/test/**/*.test.ts', ALONE]),
      project('database', ['packages/{store,upkeep}/test/**/*.test.ts'], ['test/global-setup.ts']),
      project(
        'system',
        ['{packages/kafka,apps/*}/test/**/*.test.ts', 'test/*.test.ts', `!${ALONE}`],
        ['test/global-setup.ts'],
      ),
    ],
    // Most tests of the whole wait most of the time.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    reporters: ['default'],
    teardownTimeout: 30_000,
  },
})

function project(name: string, include: string[], globalSetup: string[] = []) {
  const setupFiles = ['test/no-leaks.ts']
  return {
    test: { name, include, globalSetup, setupFiles, pool: 'forks' as const, testTimeout: 30_000, hookTimeout: 90_000 },
  }
}
