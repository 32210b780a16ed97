import { withSpan } from '@spanwright/core'
import { buildSchema, GraphQLError, type GraphQLSchema } from 'graphql'

type Resolver = (...args: readonly unknown[]) => unknown

/** What the servers answer. */
export const RESOLVERS = {
  Query: {
    order: () => withSpan('load order', () => Promise.resolve({ id: '7' })),
    broken: () => {
      throw new RangeError('no such order')
    },
    refused: () => {
      throw new GraphQLError('not yours')
    },
  },
  Mutation: { placeOrder: () => ({ id: '8' }) },
} satisfies Readonly<Record<string, Readonly<Record<string, Resolver>>>>

export const TYPES = `
  type Order { id: ID! }
  type Query { order: Order broken: Order refused: Order }
  type Mutation { placeOrder: Order }
`

/** The schema of every server, with its resolvers. */
export function createSchema(): GraphQLSchema {
  const schema = buildSchema(TYPES)
  for (const [type, resolvers] of Object.entries(RESOLVERS)) {
    const fields = (
      schema.getType(type) as { getFields(): Record<string, { resolve?: Resolver }> }
    ).getFields()
    for (const [field, resolve] of Object.entries(resolvers)) Object.assign(fields[field] ?? {}, { resolve })
  }
  return schema
}
