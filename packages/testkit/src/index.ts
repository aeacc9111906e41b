export * from './model-behaviour.ts'
export * from './model-server.ts'
