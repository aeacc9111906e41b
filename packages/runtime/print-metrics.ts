import { metricsPage } from './src/metrics-page.ts'

process.stdout.write(metricsPage())
