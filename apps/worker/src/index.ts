export { answerSuggestion, type ShareDeps, type UnwrittenQuestion } from './ask-shared.ts'
export { WorkerConfig, type WorkerSettings, WorkerVariables, workerSettings } from './config.ts'
export { createRetryBudgets } from './retry-budgets.ts'
export { startWorker, type Worker, type WorkerDeps } from './worker.ts'
