export * from './http.ts'
export { startKafka, type TestKafka } from './kafka.ts'
export * from './model-behaviour.ts'
export * from './model-server.ts'
