import { Compile } from 'typebox/schema'
import { expect, it } from 'vitest'
import { events } from '../../src/events/catalogue.ts'
import { exampleOf } from '../../src/events/example.ts'

it.each(Object.entries(events))('the example of %s is one', (type, { data }) => {
  const body = JSON.parse(exampleOf(type, data))
  expect(body.type).toBe(type)
  expect(Compile(data).Check(body.data)).toBe(true)
  // Every fact is shown.
  expect(Object.keys(body.data)).toEqual(Object.keys(data.properties))
})
