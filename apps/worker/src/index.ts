export { WorkerConfig, type WorkerSettings, WorkerVariables, workerSettings } from './config.ts'
export { startWorker, type Worker, type WorkerDeps } from './worker.ts'
