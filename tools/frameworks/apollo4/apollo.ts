// Version 4 of Apollo Server, with the version of Express that its middleware supports.
export { ApolloServer } from '@apollo/server'
export { expressMiddleware } from '@apollo/server/express4'
export { default as express } from 'express'
