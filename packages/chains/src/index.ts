export * from './chain.ts'
export * from './chain-map.ts'
