import 'vitest'

declare module 'vitest' {
  /** What `test/global-setup.ts` starts for the tests, and `inject` gives them. */
  export interface ProvidedContext {
    /** Of one Kafka that all tests share: topics need names of their own. */
    kafkaBrokers: string[]
    /** Of one PostgreSQL that all tests share, as a user who may create databases: see `createDatabase`. */
    postgresUrl: string
    /** The name of a database on it with today's schema, to make copies of. */
    postgresTemplate: string
  }
}
