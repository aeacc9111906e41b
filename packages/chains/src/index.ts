export * from './chain.ts'
export * from './chain-map.ts'
export * from './sku-catalogue/sku-catalogue.ts'
export type { Candidate } from './sku-catalogue/vector-index.ts'
