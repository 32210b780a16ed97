// Older versions have the types of the current one, as far as the tests use them.
declare module 'pg80' {
  export * from 'pg'
}

declare module 'pg811' {
  export * from 'pg'
}
