import { startEmbeddedPostgres } from '../src/index.ts'

// Run by a test as a process of its own, so that it can be killed.
const folder = process.argv[2] ?? ''
try {
  await using postgres = await startEmbeddedPostgres({ dataDir: folder, rootDataDir: folder, durable: false })
  process.stdout.write(postgres.url)
  await new Promise((resolve) => {
    const alive = setInterval(() => undefined, 1_000)
    process.once('SIGTERM', () => resolve(clearInterval(alive)))
  })
} catch (error) {
  process.stdout.write(String(error))
}
