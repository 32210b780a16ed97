import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'

import { JSON_BODY } from '../bodies.ts'
import { load } from '../load.ts'
import type { ExpressCase, Make } from './framework.ts'

const FILE = '/files/note.txt'

/** Middleware that answers with a file, or with the response of another server. */
export const FILES: readonly ExpressCase[] = [
  {
    name: 'serve-static',
    use: app => void app.use('/files', load<Make>('serve-static')(join(__dirname, '../files'))),
    requests: [
      { shows: 'a file', request: { path: FILE }, first: 'GET /files 200', after: 'no span' },
      {
        shows: 'a range of it',
        request: { path: FILE, headers: { range: 'bytes=2-5' } },
        first: 'GET /files 206',
        after: 'no span',
      },
      {
        shows: 'a range outside it',
        request: { path: FILE, headers: { range: 'bytes=2000-' } },
        first: 'GET 416',
        after: 'no span',
      },
      {
        shows: 'a copy that is fresh',
        request: { path: FILE, headers: { 'if-modified-since': 'Fri, 01 Jan 2100 00:00:00 GMT' } },
        first: 'GET /files 304',
        after: 'no span',
      },
      {
        shows: 'its headers',
        request: { method: 'HEAD', path: FILE },
        first: 'HEAD /files 200',
        after: 'no span',
      },
      { shows: 'an unknown file', request: { path: '/files/none.txt' }, first: 'GET 404' },
      { shows: 'a path outside the folder', request: { path: '/files/%2e%2e/%2e%2e/x' }, first: 'GET 404' },
    ],
  },
  {
    name: 'http-proxy-middleware',
    use(app, _log, onClose) {
      const target = createServer((req, res) => {
        res.writeHead(req.url === '/broken' ? 502 : 200, {
          'x-path': req.url,
          'x-traceparent': req.headers['traceparent'],
        })
        req.pipe(res)
      })
      const listening = new Promise(resolve => target.listen(0, '127.0.0.1', () => resolve(undefined)))
      onClose(() => target.close())
      const router = async (): Promise<string> => {
        await listening
        return `http://127.0.0.1:${(target.address() as AddressInfo).port}`
      }
      const { createProxyMiddleware } = load<{ createProxyMiddleware: Make }>('http-proxy-middleware')
      app.use('/api', createProxyMiddleware({ target: 'http://127.0.0.1:1', router }))
      app.use('/dead', createProxyMiddleware({ target: 'http://127.0.0.1:1' }))
    },
    requests: [
      {
        shows: 'a request that it passes on',
        request: { path: '/api/users/7' },
        first: 'GET /api 200',
        after: 'no span',
      },
      {
        shows: 'a body',
        request: { ...JSON_BODY, path: '/api/echo/7' },
        first: 'POST /api 200',
        after: 'no span',
      },
      {
        shows: 'a target that fails',
        request: { path: '/api/broken' },
        first: 'GET /api 502 error 502',
        after: 'no span',
      },
      {
        shows: 'a target that is down',
        request: { path: '/dead/7', headers: { host: 'shop.example' } },
        first: 'GET /dead 504 error 504',
        after: 'no span',
      },
      { shows: 'a route', request: { path: '/users/7' }, first: 'GET /users/:id 200' },
    ],
  },
]
