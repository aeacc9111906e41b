/** What a request may at most be. Characters are code points; bytes are those of UTF-8. */
export const LIMITS = {
  bodyBytes: 10 * 1024 * 1024,
  headerBytes: 128 * 1024,
  nesting: 64,
  tasksPerBatch: 10_000,
  contentCharacters: 100_000,
  campaignSnCharacters: 128,
  numSuggestions: 10,
  metadataPairs: 16,
  metadataKeyCharacters: 64,
  metadataValueCharacters: 512,
  paramsBytes: 16 * 1024,
  skusPerRequest: 10_000,
  skuCharacters: 128,
  skuDescriptionCharacters: 2_000,
  skusFound: 100,
  /** Below the million bytes that Kafka takes by default, with room for headers and framing. */
  taskRecordBytes: 800_000,
  /** Of what is wrong with a body, so many are listed; the rest is counted. */
  badItemsListed: 100,
  pageSize: 1_000,
  waitSeconds: 60,
  idempotencyKeyCharacters: 255,
} as const
