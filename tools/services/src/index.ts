export { startPostgres } from './postgres/start.ts'
export type { PostgresOptions, PostgresService } from './postgres/start.ts'
