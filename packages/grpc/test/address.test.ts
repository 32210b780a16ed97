import { describe, expect, it } from '@jest/globals'

import { addressOfAuthority, addressOfPeer, addressOfTarget } from '../src/address.ts'

describe('the server that a target names', () => {
  it.each([
    ['cart.test:6000', 'cart.test', 6000],
    ['dns:cart.test:6000', 'cart.test', 6000],
    ['dns:///cart.test:6000', 'cart.test', 6000],
    ['dns://10.1.1.1/cart.test:6000', 'cart.test', 6000],
    ['dns:cart.test', 'cart.test', undefined],
    ['dns:[::1]:6000', '::1', 6000],
    ['dns:127.0.0.1:6000', '127.0.0.1', 6000],
    ['unix:///run/x.sock', '/run/x.sock', undefined],
    ['unix:/run/x.sock', '/run/x.sock', undefined],
    ['unix:x.sock', 'x.sock', undefined],
    ['ipv4:10.0.0.1:6000,10.0.0.2:6000', 'ipv4:10.0.0.1:6000,10.0.0.2:6000', undefined],
    ['xds:///cart', 'xds:///cart', undefined],
  ])('is read from %s', (target, address, port) => {
    expect(addressOfTarget(target)).toEqual({ address, port })
  })

  it.each(['', 'unknown'])('is undefined for %j', target => {
    expect(addressOfTarget(target)).toBeUndefined()
  })
})

describe('the server that an authority names', () => {
  it.each([
    ['cart.test:6000', 'cart.test', 6000],
    ['cart.test', 'cart.test', undefined],
    ['[::1]:6000', '::1', 6000],
    ['[::1]', '::1', undefined],
  ])('is read from %s', (authority, address, port) => {
    expect(addressOfAuthority(authority)).toEqual({ address, port })
  })
})

describe('the peer of a call', () => {
  it.each([
    ['127.0.0.1:5000', '127.0.0.1', 5000],
    ['[::1]:5000', '::1', 5000],
    ['::1:5000', '::1', 5000],
    ['/run/x.sock', '/run/x.sock', undefined],
    ['/run/x:1/y.sock', '/run/x:1/y.sock', undefined],
  ])('is read from %s', (peer, address, port) => {
    expect(addressOfPeer(peer)).toEqual({ address, port })
  })

  it('is undefined when grpc-js does not know it', () => {
    expect(addressOfPeer('unknown')).toBeUndefined()
  })
})
