import { describe, expect, it } from '@jest/globals'

import { readmeForNpm } from '../src/readme.ts'

const HOME = 'https://example.com/spanwright'

describe('readmeForNpm', () => {
  it('points links between packages to npm', () => {
    expect(readmeForNpm('as [those](../core/README.md) and [`pg`](../pg#spans) do', 'koa', HOME)).toBe(
      'as [those](https://www.npmjs.com/package/@spanwright/core) and [`pg`](https://www.npmjs.com/package/@spanwright/pg#spans) do',
    )
  })

  it('points links into the repository to its URL when it is known', () => {
    const text = '[why](../../docs/decisions/008.md#b), ![a picture](../../docs/a.svg), [[1]](src/index.ts)'
    expect(readmeForNpm(text, 'koa', HOME)).toBe(
      `[why](${HOME}/blob/main/docs/decisions/008.md#b), ![a picture](${HOME}/raw/main/docs/a.svg), [[1]](${HOME}/blob/main/packages/koa/src/index.ts)`,
    )
    expect(readmeForNpm(text, 'koa', undefined)).toBe('why, a picture, [1]')
  })

  it('leaves out what only the check of code reads', () => {
    const text = '<!-- code: runs -->\n<!-- code: given\ndeclare const app: Koa\n-->\n```ts\napp\n```\n'
    expect(readmeForNpm(text, 'koa', HOME)).toBe('```ts\napp\n```\n')
  })

  it('does not change links to other sites or to a heading', () => {
    const text = '[KafkaJS](https://kafka.js.org), [below](#options)'
    expect(readmeForNpm(text, 'kafkajs', undefined)).toBe(text)
  })
})
