import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, it } from '@jest/globals'

import { findDoors, usersOf } from '../src/doors.ts'
import { readSources, ROOT } from '../src/sources.ts'

const PLUGIN = '@spanwright/core/plugin'
const sources = readSources()
const exports = findDoors(sources).find(({ name }) => name === PLUGIN)?.exports ?? []

it('exports at most 90 names to plugins', () => {
  expect(exports.length).toBeGreaterThan(50)
  expect(exports.length).toBeLessThanOrEqual(90)
})

it('documents every name it exports to plugins, and no other', () => {
  const page = readFileSync(join(ROOT, 'docs', 'adding-a-plugin.md'), 'utf8')
  const [, table = ''] = page.split(`## The names of \`${PLUGIN}\``)
  const documented = [...table.matchAll(/`(\w+)`/g)].map(([, name = '']) => name)
  const named = documented.filter(name => name !== 'diag')
  expect(named.toSorted()).toEqual([...exports].toSorted())
})

it('finds who uses a name', () => {
  const users = usersOf(PLUGIN, sources)
  expect([...(users.get('HttpServer') ?? [])]).toEqual(expect.arrayContaining(['express', 'koa']))
  expect(users.get('HttpFramework')).not.toContain('pg')
})
