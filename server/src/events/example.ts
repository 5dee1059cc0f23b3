import type { TObject } from 'typebox'
import { eventBody } from './catalogue.ts'

/** What a receiver gets of an event with these facts, for people to read. */
export function exampleOf(type: string, shape: TObject): string {
  const facts = Object.entries(shape.properties).map(([name, schema]) => {
    const { examples } = schema as { readonly examples?: readonly unknown[] }
    return [name, examples?.[0]]
  })
  const whole = { uid: 'evt_9nRAh2qxd0HqGmMZpK7uYB3c', createdAt: 1_789_000_000 }
  return eventBody({ ...whole, type, data: Object.fromEntries(facts) })
}
