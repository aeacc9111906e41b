import { METRICS } from './telemetry.ts'

/** The page about all metrics, as Markdown: `docs/metrics.md` is this text, and a test holds it so. */
export function metricsPage(): string {
  const rows = Object.entries(METRICS).map(
    ([name, { type, help, labels }]) =>
      `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${help} |`,
  )
  return [
    '# Metrics',
    '',
    'At `GET /metrics` of api and worker, in the Prometheus format. No tenant and no id is a label.',
    '',
    '| name | type | labels | what it says |',
    '| --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n')
}
