import { describe, expect, it } from '@jest/globals'

import { ratioOf, spreadOf } from '../src/statistics.ts'

describe('spreadOf', () => {
  it('takes the middle of an odd number of values, whatever their order', () => {
    expect(spreadOf([5, 1, 10])).toEqual({ median: 5, min: 1, max: 10 })
  })

  it('takes the mean of the two in the middle of an even number', () => {
    expect(spreadOf([4, 1, 2, 100])).toEqual({ median: 3, min: 1, max: 100 })
  })

  it('takes a single value for all three', () => {
    expect(spreadOf([7])).toEqual({ median: 7, min: 7, max: 7 })
  })

  it('compares numbers as numbers', () => {
    expect(spreadOf([9, 10, 100]).median).toBe(10)
  })

  it('leaves the values in their order', () => {
    const values = [3, 1, 2]
    spreadOf(values)
    expect(values).toEqual([3, 1, 2])
  })

  it('refuses no values', () => {
    expect(() => spreadOf([])).toThrow(RangeError)
  })
})

describe('ratioOf', () => {
  it('divides one overhead by another', () => {
    expect(ratioOf(40, 10)).toBe(4)
  })

  it('is undefined where the other overhead is lost in the noise', () => {
    expect(ratioOf(40, 0)).toBeUndefined()
    expect(ratioOf(40, -0.5)).toBeUndefined()
  })
})
