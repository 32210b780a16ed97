import { withSpan } from '@spanwright/core'
import { buildSchema, GraphQLError, type GraphQLSchema } from 'graphql'

type Resolver = (...args: readonly unknown[]) => unknown

const RESOLVERS: Readonly<Record<string, Readonly<Record<string, Resolver>>>> = {
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
}

/** The schema of every server, with its resolvers. */
export function createSchema(): GraphQLSchema {
  const schema = buildSchema(`
    type Order { id: ID! }
    type Query { order: Order broken: Order refused: Order }
    type Mutation { placeOrder: Order }
  `)
  for (const [type, resolvers] of Object.entries(RESOLVERS)) {
    const fields = (
      schema.getType(type) as { getFields(): Record<string, { resolve?: Resolver }> }
    ).getFields()
    for (const [field, resolve] of Object.entries(resolvers)) Object.assign(fields[field] ?? {}, { resolve })
  }
  return schema
}
