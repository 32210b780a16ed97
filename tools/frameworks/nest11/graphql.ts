import 'reflect-metadata'

import type { RequestListener } from 'node:http'

import type { ApolloServerPlugin } from '@apollo/server'
import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo'
import { Module } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { GraphQLModule, Mutation, Query, Resolver } from '@nestjs/graphql'
import { tracing } from '@spanwright/express'
import { traceNest } from '@spanwright/express/nest'

import { nameOperation } from '../recipes/graphql/operation.ts'
import { RESOLVERS, TYPES } from '../test/graphql/schema.ts'

/** Names requests. Errors are recorded by the interceptor. */
const namingPlugin: ApolloServerPlugin = {
  async requestDidStart() {
    return {
      async didResolveOperation({ operation, operationName }) {
        if (operation) nameOperation(operation.operation, operationName)
      },
    }
  },
}

@Resolver()
class OrdersResolver {
  @Query()
  order(): unknown {
    return RESOLVERS.Query.order()
  }

  @Query()
  broken(): unknown {
    return RESOLVERS.Query.broken()
  }

  @Query()
  refused(): unknown {
    return RESOLVERS.Query.refused()
  }

  @Mutation()
  placeOrder(): unknown {
    return RESOLVERS.Mutation.placeOrder()
  }
}

@Module({
  imports: [
    GraphQLModule.forRoot<ApolloDriverConfig>({
      driver: ApolloDriver,
      typeDefs: TYPES,
      plugins: [namingPlugin],
    }),
  ],
  providers: [OrdersResolver],
})
class AppModule {}

/** Creates an application whose requests are traced as docs/recipes/nestjs.md shows it. */
export async function createGraphqlApp(): Promise<RequestListener> {
  const app = await NestFactory.create(AppModule, { instrument: traceNest(), logger: false })
  app.use(tracing())
  app.useGlobalInterceptors(traceNest())
  await app.init()
  return app.getHttpAdapter().getInstance() as RequestListener
}
